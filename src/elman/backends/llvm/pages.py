"""Memory for large arrays, in large pages where the system has them.

A large array comes as pages that are empty until they are touched; to fill them in one by one takes longer
than the arithmetic of a recurrence. Pages of 2 MiB are 512 times fewer.
"""

import ctypes
import mmap
import sys
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

LARGE = 1 << 22  # bytes from which on it pays


def empty(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Return a tensor of any numbers.

    Args:
        shape: Its shape.
        dtype: Its dtype.
    """
    tensor = torch.empty(shape, dtype=dtype)
    if tensor.nbytes >= LARGE:
        _ask_for_large_pages(tensor.data_ptr(), tensor.nbytes)
    return tensor


def _ask_for_large_pages(address: int, num_bytes: int) -> None:
    advise = _advise()
    if advise is not None:
        begin = -(-address // mmap.PAGESIZE) * mmap.PAGESIZE
        # It is a wish: what comes of it does not matter.
        advise(begin, (address + num_bytes - begin) // mmap.PAGESIZE * mmap.PAGESIZE, mmap.MADV_HUGEPAGE)


@cache
def _advise() -> Callable[[int, int, int], int] | None:
    if not sys.platform.startswith("linux") or not hasattr(mmap, "MADV_HUGEPAGE"):
        return None
    try:
        advise = ctypes.CDLL(None).madvise
    except (OSError, AttributeError):
        return None
    advise.argtypes, advise.restype = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int], ctypes.c_int
    return advise
