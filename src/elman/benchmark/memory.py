"""How much memory a training step needs, at its height, in a process of its own."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from elman.benchmark.fresh_process import call_in_fresh_process
from elman.benchmark.kinds import KINDS, backend_of, make_pair
from elman.benchmark.measure import draw
from elman.benchmark.results import Row
from elman.benchmark.settings import BenchmarkSettings
from elman.benchmark.shapes import Shape
from elman.benchmark.work import make_task, work_of

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_MIB = 2**20

# Else glibc moves this bound with what was freed before, and keeps holes between what is still in use: the
# same step then needs a tenth more in one process than in another.
_ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(2**16)}


def memory_rows(settings: BenchmarkSettings) -> Iterator[Row]:
    """Yield a row for each kind and shape: ours by torch's, each side in a fresh process.

    Args:
        settings: Which of them.
    """
    for kind in settings.kinds:
        for shape in settings.memory_shapes:
            arguments = (kind, shape, torch.get_num_threads())
            growth = {side: _call(side, *arguments) / _MIB for side in ("torch.nn", "elman")}
            share = growth["elman"] / growth["torch.nn"]
            backend = backend_of(make_pair(KINDS[kind], Shape(1, 1, 1, 1))[1])
            yield Row("memory", KINDS[kind].title, shape, "MiB", growth, share, backend)


def _call(*arguments: Any) -> int:
    return call_in_fresh_process(__name__, "measure_growth", *arguments, environment=_ALLOCATOR)


def measure_growth(side: str, kind: str, shape: list[int], threads: int) -> int:
    """Return by how many bytes a training step lifts the memory of this process, at its height.

    Weights and input are there before; a step of two time steps has loaded and compiled what is needed.

    Args:
        side: "torch.nn" or "elman".
        kind: One of `KINDS`.
        shape: T, N, I, H.
        threads: Of torch.
    """
    torch.set_num_threads(threads)
    sizes = Shape(*shape)
    peer, ours = make_pair(KINDS[kind], sizes)
    layer = peer if side == "torch.nn" else ours
    work = work_of(side, layer)
    input, gradient = draw(sizes, work)
    make_task(work, "train", input[:2], gradient[:2])()
    task = make_task(work, "train", input, gradient)
    layer.zero_grad()
    return peak_growth(task)


def peak_growth(task: Callable[[], object]) -> int:
    """Return by how many bytes the resident memory grows while a task runs, at its height.

    On Linux the kernel's own high-water mark is lowered before the task; elsewhere that mark cannot fall, so
    a task that stays below what the process once had counts as nothing.

    Args:
        task: What to run, once.
    """
    gc.collect()
    if not _CLEAR.exists():
        before = _mark_since_start()
        task()
        return _mark_since_start() - before
    _give_back()
    _CLEAR.write_text("5")
    before = _status("VmRSS")
    task()
    return _status("VmHWM") - before


def _give_back() -> None:
    """Return freed memory to the system, so that a task that takes it again is seen; glibc alone keeps it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _status(name: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def _mark_since_start() -> int:
    import resource  # not on every system

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
