"""How much of a signal the layers of a fitted network remember, each by itself."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from elman.diagnostics import MemoryCapacity, memory_capacity
from elman.diagnostics.runs import LayerRun, collect_runs
from elman.layers import Recurrent

_LEAST_LAG, _MOST_LAG = 50, 200

_NUM_SEQUENCES, _NUM_STEPS = 64, 100
"""Many short sequences and not few long ones: a trained cell that is driven for long may settle far from
where it works in use, in every sequence elsewhere."""


def recall_of_layers(network: nn.Module, batch: Any, task_lag: int | None) -> dict[str, MemoryCapacity]:
    """Measure the memory capacity of each layer, as far as the task looks back.

    The signal is one random number a step. It moves the layer's input around its mean on the real data, in
    the direction in which they vary most and as far as they do: the cell works where it works in use.

    Args:
        network: in evaluation mode.
        batch: what it is called with.
        task_lag: how many steps back the task looks.
    """
    max_lag = min(max(task_lag or 0, _LEAST_LAG), _MOST_LAG)
    runs = [one for one in collect_runs(network, batch) if one.batch.input.dim() == 3]
    options = {"max_lag": max_lag, "scale": math.sqrt(3), "num_steps": _NUM_STEPS}
    return {one.layer: memory_capacity(_Driven(one), num_sequences=_NUM_SEQUENCES, **options) for one in runs}


class _Driven(nn.Module):
    """A cell read out while a signal of one number a step, of deviation 1, drives it.

    Args:
        run: the cell, and its real input.
    """

    def __init__(self, run: LayerRun) -> None:
        super().__init__()
        self.input_size = 1
        self.layer = Recurrent(run.cell)
        mean, direction = _main_direction(_live_input(run))
        self.mean, self.direction = nn.Buffer(mean), nn.Buffer(direction)

    def forward(self, input: Tensor) -> tuple[Tensor, Any]:
        """Return the outputs and the final state for (T, N, 1)."""
        return self.layer(self.mean + input * self.direction)


def _live_input(run: LayerRun) -> Tensor:
    """Return the input at all steps that belong to a sequence, (R, I)."""
    lengths = torch.as_tensor(run.lengths, device=run.batch.input.device)
    live = torch.arange(len(run.batch.input), device=lengths.device)[:, None] < lengths
    return run.batch.input[live]


def _main_direction(input: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean, and the first principal axis as long as the deviation along it."""
    mean = input.mean(dim=0)
    covariance = (input - mean).T.double() @ (input - mean).double() / len(input)
    variances, axes = torch.linalg.eigh(covariance)
    return mean, (axes[:, -1] * variances[-1].clamp(min=0).sqrt()).to(input)
