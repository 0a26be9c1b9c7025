"""The arithmetic that the machine can do, and the share of it that the products of a layer reach."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import NamedTuple

import torch

from elman.backends.llvm.tiles.peak import multiply_adds
from elman.benchmark.kinds import KINDS
from elman.benchmark.results import Row
from elman.benchmark.shapes import Shape

_NUM_TURNS = 2_000_000  # about 10 ms
_REPEATS = 9
_LEAST_HIDDEN = 256  # below, a product is too small for its share to say anything


class Peak(NamedTuple):
    """The peak of the machine.

    Attributes:
        gflops: Billions of additions and multiplications a second, on the threads of torch.
        method: How it was found.
    """

    gflops: float
    method: str


def measure_peak() -> Peak:
    """Return the rate of fused multiply-adds on registers alone, on as many threads as torch has."""
    num_threads = torch.get_num_threads()
    loops = [multiply_adds("float32") for _ in range(num_threads)]
    num_operations = sum(operations for _, operations in loops) * _NUM_TURNS
    best = math.inf
    with ThreadPoolExecutor(num_threads) as pool:
        for _ in range(_REPEATS):
            start = time.perf_counter()
            wait([pool.submit(run, _NUM_TURNS) for run, _ in loops])
            best = min(best, time.perf_counter() - start)
    return Peak(num_operations / best / 1e9, "multiply-adds")


def peak_rows(measured: Sequence[Row]) -> Iterator[Row]:
    """Yield the peak, then the share of it in each training row that has many hidden units.

    Args:
        measured: The rows of the layers.
    """
    peak = measure_peak()
    values = {peak.method: peak.gflops}
    yield Row("peak", "the machine", None, "GFLOP/s", values, None)
    for row in measured:
        is_large = row.shape is not None and row.shape.hidden_size >= _LEAST_HIDDEN
        if is_large and row.section == "train" and row.figure is not None:
            yield _share(row, peak)


def _share(row: Row, peak: Peak) -> Row:
    assert row.shape
    num_gates = next(kind.num_gates for kind in KINDS.values() if kind.title == row.name)
    rates = {
        side: count_operations(row.shape, num_gates) / row.values[side] / 1e6
        for side in ("torch.nn", "elman")
    }
    return Row("peak", row.name, row.shape, "GFLOP/s", rates, rates["elman"] / peak.gflops, row.backend)


def count_operations(shape: Shape, num_gates: int) -> int:
    """Count the additions and multiplications in the products of a training step.

    Forward W x and U h; backward a product with U for the gradient of h, and the gradients of W and U. No
    gradient of the input is wanted.

    Args:
        shape: The sizes.
        num_gates: Rows of the weights by the hidden size.
    """
    num_steps, batch_size, input_size, hidden_size = shape
    widths = 2 * (input_size + hidden_size) + hidden_size
    return 2 * num_steps * batch_size * num_gates * hidden_size * widths
