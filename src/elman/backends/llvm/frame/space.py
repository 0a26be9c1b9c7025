"""Where the arrays of a call lie: in what the caller gives, in what is saved, in the work space."""

from elman.backends.llvm.frame.deal import Deal
from elman.backends.llvm.frame.shape import Shape
from elman.backends.llvm.kernel import Kernel

LINE = 64  # bytes of a line of the cache


class Space:
    """The places of all arrays.

    Args:
        kernel: The machine code.
        shape: The batch.
        dealt: How it is dealt to threads.

    Attributes:
        work_bytes: What has been taken of the work space.
    """

    def __init__(self, kernel: Kernel, shape: Shape, dealt: Deal) -> None:
        self.arrays, self.size, self.shape, self.dealt = kernel.memory.arrays, kernel.num_bytes, shape, dealt
        self.work_bytes = 0
        self._places: dict[str, tuple[str, int]] = {}
        self._place_saved()
        self._place_work()

    def find(self, name: str) -> tuple[str, int]:
        """Return the array of a call that an array of the plan lies in, and at which byte.

        Args:
            name: Of the array of the plan.
        """
        return self._places.get(name, (name, 0))

    def strides(self, name: str) -> tuple[int, int, int]:
        """Return an array's strides in time and between sequences in bytes, and the mask of places in time.

        Args:
            name: Of the array.
        """
        array = self.arrays[name]
        if array.home == "given":
            stride_t, stride_n = self.shape.strides[name]
            return stride_t * self.size, stride_n * self.size, -1
        everywhere = -1 if self.shape.span == self.shape.num_steps else self.shape.span - 1
        masks = {"all": everywhere, "block": self.dealt.block_steps - 1, "pair": 1, "step": 0}
        stride_n = array.size * self.size
        return stride_n * self.shape.batch_size, stride_n, masks[array.span]

    def take(self, num_bytes: int) -> int:
        """Take a part of the work space; return where it begins.

        Args:
            num_bytes: Its size.
        """
        begin = self.work_bytes
        # One more line, lest arrays of a power of two lie at the same place modulo 4096.
        self.work_bytes += round_up(num_bytes) + LINE
        return begin

    def _place_saved(self) -> None:
        rows, total = self.shape.span * self.shape.batch_size, 0
        for name, array in self.arrays.items():
            if array.home == "saved":
                self._places[name] = ("saved", total * self.size)
                total += rows * array.size

    def _place_work(self) -> None:
        spans = {"block": self.dealt.block_steps, "pair": 2, "step": 1}
        for name, array in self.arrays.items():
            if array.home == "work":
                rows = spans[array.span] * self.shape.batch_size
                self._places[name] = ("work", self.take(rows * array.size * self.size))


def round_up(num_bytes: int) -> int:
    """Return so many bytes in whole lines of the cache.

    Args:
        num_bytes: How many.
    """
    return -(-num_bytes // LINE) * LINE
