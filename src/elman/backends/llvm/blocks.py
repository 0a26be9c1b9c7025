"""Large blocks of memory for one call after the other.

What a call saves and works in would go back to the system when it is freed, and come as empty pages at
the next call: to fill those in takes longer than the arithmetic of a recurrence. A free block stays here.
"""

import os
import threading
from collections import defaultdict
from contextlib import suppress

import numpy as np
import torch
from torch import Tensor

LARGE = 1 << 20  # bytes from which on it pays
MOST = 1 << 29  # bytes that wait here at most


class _Lease(np.ndarray):
    """A view of a block, which is free when nobody has the view any more."""

    def __del__(self) -> None:
        with suppress(Exception):  # at the end of the process anything may be gone
            if self.base is not None:
                _blocks.give_back(self.base)


class _Blocks:
    def __init__(self) -> None:
        self._free: defaultdict[int, list[np.ndarray]] = defaultdict(list)
        self._num_bytes = 0
        self.unlock()

    def unlock(self) -> None:
        """Begin with an open lock; a lease may end wherever memory is taken, even in here."""
        self._lock = threading.RLock()

    def take(self, num_bytes: int) -> _Lease:
        """Return a block of at least so many bytes."""
        size = _round(num_bytes)
        with self._lock:
            waiting = self._free[size]
            block = waiting.pop() if waiting else None
            self._num_bytes -= size if block is not None else 0
        return (np.empty(size, np.uint8) if block is None else block).view(_Lease)

    def give_back(self, block: np.ndarray) -> None:
        """Keep a block for another call; where too many wait, those go that have waited."""
        with self._lock:
            if self._num_bytes + block.nbytes > MOST:
                self._free.clear()
                self._num_bytes = 0
            if block.nbytes <= MOST:
                self._free[block.nbytes].append(block)
                self._num_bytes += block.nbytes


_blocks = _Blocks()
if hasattr(os, "register_at_fork"):  # another thread may have held the lock
    os.register_at_fork(after_in_child=_blocks.unlock)


def borrow(count: int, dtype: torch.dtype) -> Tensor:
    """Return a tensor of any numbers, (count,), that no user gets hold of: its storage cannot be resized.

    Args:
        count: How many.
        dtype: Their dtype.
    """
    num_bytes = count * dtype.itemsize
    if num_bytes < LARGE:
        return torch.empty(count, dtype=dtype)
    return torch.frombuffer(_blocks.take(num_bytes), dtype=dtype, count=count)


def _round(num_bytes: int) -> int:
    """Round up to a quarter of a power of two: calls of nearly one size share blocks."""
    step = 1 << max(num_bytes.bit_length() - 3, 0)
    return -(-num_bytes // step) * step
