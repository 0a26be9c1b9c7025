"""What the network of a forecast is looked at on: windows of a held-out part."""

from __future__ import annotations

import torch
from torch import Tensor

from elman.tasks.forecast.evaluation import Evaluation
from elman.tasks.forecast.quantiles import pinball_loss
from elman.tasks.inspection import Subject, spread_over


def subject_of(evaluation: Evaluation, part: str, task_lag: int | None) -> Subject:
    """Return the recurrent branch, a few windows, and the loss that it was trained with.

    Args:
        evaluation: the model and a table.
        part: whose windows are read, spread over all of it.
        task_lag: how many steps back the task looks; one season without it.

    Raises:
        OptionError: there is no such part.
    """
    model, arrays = evaluation.model, evaluation.arrays
    origins = evaluation.origins_of(part)
    origins = origins[spread_over(len(origins))]
    batch = model.batches_of(arrays).make(origins, model.linear_forecast(arrays, origins))
    levels = torch.tensor(model.calibration.levels, dtype=torch.float32, device=batch.target.device)

    def loss(output: Tensor) -> Tensor:
        return pinball_loss(output, batch.target, levels, batch.observed)

    lag = max(model.geometry.season, 2) if task_lag is None else task_lag
    asked = "The loss is that of the quantiles at all steps of the horizon, the one of training."
    return Subject(model.network, batch, loss, part, len(origins), "window", asked, lag)
