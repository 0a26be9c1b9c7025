"""Runs a kernel on tensors."""

import ctypes
import math
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from elman.backends.llvm.blocks import borrow
from elman.backends.llvm.frame import LINE, Frame, Shape, make_frame
from elman.backends.llvm.kernel import BEGIN, END, LENGTHS, RESETS, WORK, Kernel
from elman.backends.llvm.threads import num_threads, parallel_address
from elman.backends.llvm.words import address_of

ENTRY = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
MAX_FRAMES = 256
WORK_OF_A_THREAD = 4_000_000  # multiplications below which starting a second thread does not pay


class Span(NamedTuple):
    """The steps that a call runs, of those that its arrays hold.

    Attributes:
        begin: The first, in the order of running; it starts from the initial state that the call is given.
        end: The one behind the last.
        room: At how many steps there is room for what is saved: a power of two, at least end - begin.
    """

    begin: int
    end: int
    room: int


class Ready:
    """A call of one shape, ready but for addresses.

    Args:
        frame: Its words.
        entry: Runs them.
    """

    def __init__(self, frame: Frame, entry: Callable[[int], None]) -> None:
        self.frame, self.entry = frame, entry
        self._own = threading.local()

    def run(self, addresses: Iterable[tuple[int, int]]) -> None:
        """Run a small call again and again, in memory that each thread keeps.

        Args:
            addresses: Place in `frame.names`, and address, of every array but the work space.
        """
        own = self._own
        if not hasattr(own, "words"):
            own.work = torch.empty(self.frame.work_bytes + LINE, dtype=torch.uint8)
            own.addresses = [0] * len(self.frame.names)
            own.addresses[WORK] = own.work.data_ptr() + LINE - 1 & -LINE
            own.words = self.frame.words.fill(own.addresses)
            own.at = address_of(own.words)
        for place, address in addresses:
            own.addresses[place] = address
        self.frame.words.refill(own.words, own.at, own.addresses)
        self.entry(own.at)


class Launcher:
    """A kernel with the frames of the batches it has seen.

    Args:
        kernel: The machine code.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._ready: OrderedDict[tuple, Ready] = OrderedDict()
        self._entries = {False: ENTRY(kernel.driver.forward), True: ENTRY(kernel.driver.backward)}
        self._work = sum(
            math.prod(a.type.shape) for a in kernel.plan.graph.arguments if a.kind != "step_input"
        )
        self._saved = sum(a.size for a in kernel.memory.arrays.values() if a.home == "saved")

    def saved_size(self, num_steps: int, batch_size: int) -> int:
        """Return how many numbers a forward pass saves for the way back."""
        return self._saved * num_steps * batch_size

    def run(
        self,
        tensors: Sequence[Tensor | None],
        num_steps: int,
        batch_size: int,
        *,
        is_reverse: bool,
        is_backward: bool,
        span: Span | None = None,
    ) -> None:
        """Run the kernel; what it writes is among the tensors.

        Args:
            tensors: In the order of `kernel.given`, None for one that is not there; those behind the last may
                be left out. Of all steps (T, N, ...), of sequences (N, ...), or parameters; the numbers of
                one sequence at one step side by side. With "lengths", the longest first, goes "order".
            num_steps: T.
            batch_size: N.
            is_reverse: Whether each sequence runs from its end.
            is_backward: Whether to run the gradient.
            span: The steps to run; all T without it.
        """
        room = num_steps if span is None else span.room
        ready = self.ready(
            tensors, num_steps, batch_size, is_reverse=is_reverse, is_backward=is_backward, room=room
        )
        work = borrow(ready.frame.work_bytes + LINE, torch.uint8)
        addresses = [0 if tensor is None else tensor.data_ptr() for tensor in tensors]
        addresses[WORK] = work.data_ptr() + LINE - 1 & -LINE
        if span is not None:
            addresses[BEGIN], addresses[END] = span.begin, span.end
        words = ready.frame.words.fill(addresses)
        ready.entry(address_of(words))

    def ready(
        self,
        tensors: Sequence[Tensor | None],
        num_steps: int,
        batch_size: int,
        *,
        is_reverse: bool,
        is_backward: bool,
        room: int,
    ) -> "Ready":
        """Return a call of this shape, ready but for addresses; the arguments are those of `run`."""
        threads = self._num_threads(num_steps * batch_size)
        layout = [None if tensor is None else tensor.stride() for tensor in tensors]
        key = (num_steps, batch_size, threads, is_reverse, is_backward, room, *layout)
        known = self._ready.get(key)
        if known is not None:
            return known
        strides = {
            name: _strides(tensor)
            for name, tensor in zip(self.kernel.given, tensors, strict=False)
            if tensor is not None and not name.startswith(("parameter.", "gradient.parameters"))
        }
        shape = Shape(
            *(num_steps, batch_size, threads, parallel_address() if threads > 1 else 0, is_reverse),
            *(tensors[LENGTHS] is not None, tensors[RESETS] is not None, room, strides),
        )
        frame = make_frame(self.kernel, shape, is_backward=is_backward)
        return self._remember(key, Ready(frame, self._entries[is_backward]))

    def work_size(self, num_steps: int, batch_size: int, room: int, *, is_ragged: bool) -> int:
        """Return the bytes of the work space of a call either way, with room for so many saved steps."""
        threads = self._num_threads(num_steps * batch_size)
        flags = (False, is_ragged, False)
        shape = Shape(num_steps, batch_size, threads, 0, *flags, room, defaultdict(lambda: (0, 0)))
        return LINE + max(make_frame(self.kernel, shape, is_backward=way).work_bytes for way in (False, True))

    def _num_threads(self, num_rows: int) -> int:
        threads = num_threads()
        return min(threads, max(num_rows * self._work // WORK_OF_A_THREAD, 1)) if threads > 1 else 1

    def _remember(self, key: tuple, ready: "Ready") -> "Ready":
        self._ready[key] = ready
        while len(self._ready) > MAX_FRAMES:
            self._ready.popitem(last=False)
        return ready


def _strides(tensor: Tensor) -> tuple[int, int]:
    """Return the strides of time and of sequences."""
    strides = [*tensor.stride()]
    return (strides[0], strides[1]) if len(strides) > 2 or tensor.dtype == torch.bool else (0, strides[0])
