"""A call while its words are written."""

from elman.backends.llvm.frame.deal import deal
from elman.backends.llvm.frame.shape import Shape
from elman.backends.llvm.frame.space import Space
from elman.backends.llvm.kernel import Kernel
from elman.backends.llvm.memory import Source
from elman.backends.llvm.words import Words


class Layout:
    """What all parts of a call are written from, and the words.

    Args:
        kernel: The machine code.
        shape: The batch.
        is_backward: Which way it goes.

    Attributes:
        programs: Names of the programs that run each step, and a whole block of time.
        dealt: How the batch is dealt to threads.
        space: Where its arrays lie.
        words: What has been written.
    """

    def __init__(self, kernel: Kernel, shape: Shape, *, is_backward: bool) -> None:
        self.kernel, self.shape, self.is_backward = kernel, shape, is_backward
        self.size = kernel.num_bytes
        self.programs = ("back", "after") if is_backward else ("loop", "before")
        self.dealt = deal(kernel, shape, is_backward=is_backward)
        self.space = Space(kernel, shape, self.dealt)
        self.words = Words(kernel.given)

    @property
    def begin(self) -> int:
        """Where the next word goes, in bytes."""
        return 8 * len(self.words)

    def capacity(self, program: str) -> int:
        """Return how many rows a program runs at a time, at most.

        Args:
            program: Its name.
        """
        is_wide = program in ("before", "after")
        return self.dealt.chunk_rows * (self.dealt.block_steps if is_wide else 1)

    def add_place(self, array: str, offset: int = 0) -> None:
        """Write where an array begins, its strides, and the mask of its places in time.

        Args:
            array: Its name.
            offset: Bytes behind its beginning.
        """
        home, begin = self.space.find(array)
        self.words.append(begin + offset, home)
        for number in self.space.strides(array):
            self.words.append(number)

    def add_table(self, source: Source) -> int:
        """Write a table of rows; return where it begins.

        Args:
            source: What it points to.
        """
        begin, offset = self.begin, source.offset * self.size
        self.words.append(int(source.role))
        self.add_place(source.array, offset)
        self._add_edge(source.first, offset)
        self._add_edge(source.fresh if self.shape.has_resets else "", offset)
        return begin

    def _add_edge(self, name: str, offset: int) -> None:
        """Write what stands in where a sequence begins, ends, or starts anew."""
        self.words.append(offset if name else 0, name)
        self.words.append(self.shape.strides[name][1] * self.size if name else 0)
