"""How long a training step takes, foretold from a few short ones."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import torch
from torch import nn

from elman.training.planning.shapes import make_input
from elman.training.through_time.batch import SequenceBatch
from elman.training.through_time.schedule import Schedule

# Long enough that the clock and the cost of a call do not matter, and memory is no longer all in the cache.
SECONDS, GROWTH = 0.15, 4
TRIES = 3


def seconds_of_pass(
    layer: nn.Module,
    batch_size: int,
    num_steps: int,
    schedule_at: Callable[[int], Schedule],
    first: int,
    optimizer: Callable[..., torch.optim.Optimizer],
) -> float:
    """Return the seconds that a pass through a batch takes: each part forward, backward, and its update.

    Shorter passes are run on a copy of the layer, each longer than the one before, until one takes long
    enough; what every further step costs is read from the last two.

    Args:
        layer: What is trained.
        batch_size: Number of sequences, N.
        num_steps: T.
        schedule_at: Returns the schedule for a pass of so many steps.
        first: Steps of the first pass.
        optimizer: Makes what moves the weights.
    """
    layer = copy.deepcopy(layer)
    moving = optimizer(layer.parameters(), lr=0.0)
    measured: list[tuple[int, float]] = []
    length = min(first, num_steps)
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        while True:
            run = _Pass(layer, batch_size, length, schedule_at(length), moving)
            if not measured:
                run()  # compiles
            measured.append((length, min(run() for _ in range(TRIES))))
            if length == num_steps or measured[-1][1] > SECONDS:
                return extended(measured, num_steps)
            length = min(GROWTH * length, num_steps)


class _Pass:
    def __init__(
        self,
        layer: nn.Module,
        batch_size: int,
        num_steps: int,
        schedule: Schedule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        self.layer, self.schedule, self.optimizer = layer, schedule, optimizer
        self.sizes = (num_steps, batch_size)

    def __call__(self) -> float:
        # Anew for each, as in training: memory that was freed in between is slower to have.
        batch = SequenceBatch(make_input(self.layer, *self.sizes))
        self._wait(batch.input.device)
        begin = time.perf_counter()
        for part in self.schedule.parts(self.layer, batch):
            self.optimizer.zero_grad()
            part.backward(part.output.sum())
            self.optimizer.step()
        self._wait(batch.input.device)
        return time.perf_counter() - begin

    @staticmethod
    def _wait(device: torch.device) -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)


def extended(measured: list[tuple[int, float]], num_steps: int) -> float:
    """Return the time of a pass on the line through the last two that were measured.

    Args:
        measured: Steps and seconds of passes, the shortest first.
        num_steps: Steps of the pass.
    """
    length, seconds = measured[-1]
    if len(measured) == 1:
        return seconds * num_steps / length
    before, less = measured[-2]
    slope = max((seconds - less) / (length - before), 0.0)
    return seconds + slope * (num_steps - length)
