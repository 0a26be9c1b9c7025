"""What is known of a call before its addresses are."""

from collections.abc import Mapping
from typing import NamedTuple

from elman.backends.llvm.words import Filled


class Shape(NamedTuple):
    """What a frame depends on, besides the kernel.

    Attributes:
        num_steps: T.
        batch_size: N.
        num_threads: How many threads may run.
        parallel: Address of GOMP_parallel, or 0.
        is_reverse: Whether each sequence runs from its end.
        is_ragged: Whether there are lengths.
        has_resets: Whether states start anew.
        span: At how many steps, in turn, there is room for what is saved: a power of two, or T. The call then
            runs from the step at the address "begin" to the one before "end".
        strides: Of the arrays that are given: in time and from sequence to sequence, in numbers.
    """

    num_steps: int
    batch_size: int
    num_threads: int
    parallel: int
    is_reverse: bool
    is_ragged: bool
    has_resets: bool
    span: int
    strides: Mapping[str, tuple[int, int]]


class Frame(NamedTuple):
    """A call, ready but for addresses.

    Attributes:
        words: What waits for them.
        names: The arrays whose addresses are wanted, in order.
        work_bytes: Size of the work space.
    """

    words: Filled
    names: tuple[str, ...]
    work_bytes: int
