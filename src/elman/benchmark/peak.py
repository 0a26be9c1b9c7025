"""The arithmetic that the machine can do, and the share of it that the products of a layer reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch

from elman.benchmark.kinds import KINDS
from elman.benchmark.results import Row
from elman.benchmark.shapes import Shape
from elman.benchmark.timing import time_in_turn

_SIZES = (512, 1024, 2048)
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
    """Return the best rate of large matrix products.

    It stands in for the peak of fused multiply-adds on registers, and lies below it: a share of it can be
    more than 1. What measures that peak itself belongs in the place of this function.
    """
    rates = []
    for size in _SIZES:
        one, other = torch.randn(size, size), torch.randn(size, size)
        timing = time_in_turn({"product": lambda a=one, b=other: torch.mm(a, b)}, 0.3, 5)
        rates.append(2 * size**3 / min(timing.seconds["product"]) / 1e9)
    return Peak(max(rates), "torch.mm")


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
