"""The one pool of threads: torch's own."""

import ctypes
import os
import sys
from functools import cache
from pathlib import Path

import torch

_is_forked = False
_has_pool = False


def _forget_pool() -> None:
    global _is_forked
    _is_forked = True
    if _has_pool:
        torch.set_num_threads(1)  # else torch's own operators wait for threads that are not there


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def num_threads() -> int:
    """Return how many threads may run a kernel: torch's setting, or 1 in a forked child: pools hang there."""
    return 1 if _is_forked else torch.get_num_threads()


def parallel_address() -> int:
    """Return where `GOMP_parallel` of torch's OpenMP begins, or 0 where there is none.

    It is `void GOMP_parallel(void (*run)(void *), void *data, unsigned num_threads, unsigned flags)`: `run`
    is called on each thread of torch's pool, the calling one among them. Where it is 0, call `run` yourself.
    """
    global _has_pool
    _has_pool = True
    return _find_parallel()


@cache
def _find_parallel() -> int:
    if sys.platform != "linux":
        return 0
    library = Path(torch.__path__[0]) / "lib" / "libtorch_cpu.so"
    try:
        # Looked up through torch: another package may have loaded an OpenMP of its own, and a second pool.
        loaded = ctypes.CDLL(str(library), mode=os.RTLD_NOLOAD | os.RTLD_NOW)
        return ctypes.cast(loaded.GOMP_parallel, ctypes.c_void_p).value or 0
    except (OSError, AttributeError):
        return 0
