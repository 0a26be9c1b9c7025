"""The training of the recurrent branch: windows drawn at random, the pinball loss of their quantiles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from elman.diagnostics import FlowRecord
from elman.tasks.flow import FlowWatch
from elman.tasks.forecast.batches import BatchMaker
from elman.tasks.forecast.network import ForecastNetwork
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecast.quantiles import pinball_loss
from elman.training import TrainingTask


class ForecastTraining(TrainingTask):
    """Windows drawn at random, and the pinball loss of their quantiles."""

    def __init__(
        self,
        network: ForecastNetwork,
        batches: BatchMaker,
        options: ForecastOptions,
        training: tuple[np.ndarray, np.ndarray],
        validation: tuple[np.ndarray, np.ndarray],
        on_flow: Callable[[FlowRecord], None] = lambda record: None,
    ) -> None:
        super().__init__(network)
        self.network = network
        self.batches, self.options = batches, options
        self.origins, self.honest = training
        self.validation, self.guides = validation
        self.watch = FlowWatch(network, on_flow)
        self.levels = torch.tensor(options.quantiles, dtype=torch.float32, device=batches.device)

    def _draw(self, step: int) -> np.ndarray:
        generator = np.random.default_rng((self.options.training.seed, step))
        return generator.integers(len(self.origins), size=self.options.batch_size)

    def _loss_of(self, origins: np.ndarray, linear: np.ndarray) -> Tensor:
        batch = self.batches.make(origins, linear)
        return pinball_loss(self.model(batch), batch.target, self.levels, batch.observed)

    def loss(self, step: int) -> Tensor:
        """Return the pinball loss of this step's windows; their linear forecasts are out of fold."""
        drawn = self._draw(step)
        if self.watch.is_due(step):
            self._look(step, drawn[: self.watch.num_sequences])
        with self.network.bounded():
            return self._loss_of(self.origins[drawn], self.honest[drawn])

    def _look(self, step: int, drawn: np.ndarray) -> None:
        """See how far back the gradient of a few of the step's windows reaches."""
        batch = self.batches.make(self.origins[drawn], self.honest[drawn])
        self.watch.look(
            step, batch, lambda output: pinball_loss(output, batch.target, self.levels, batch.observed)
        )

    def validation_loss(self) -> float:
        """Return the pinball loss over the validation windows."""
        size, total = 256, 0.0
        for i in range(0, len(self.validation), size):
            part = self.validation[i : i + size]
            total += self._loss_of(part, self.guides[i : i + size]).item() * len(part)
        return total / len(self.validation)

    def describe_batch(self, step: int) -> str:
        """Name the first windows drawn at this step."""
        arrays = self.batches.arrays
        described = []
        for row in self.origins[self._draw(step)][:3]:
            name = arrays.names[arrays.owner[row]]
            described.append(f"{'' if name is None else f'series {name!r} '}from {arrays.time_of(row)}")
        return f"batch of {self.options.batch_size} windows: {', '.join(described)}, ..."
