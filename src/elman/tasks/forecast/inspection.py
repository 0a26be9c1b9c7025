"""A fitted network looked over on the windows of a held-out part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from elman.diagnostics import (
    Finding,
    GradientFlow,
    LagGradient,
    LayerActivity,
    findings,
    gates,
    gradient_by_lag,
    gradient_flow,
)
from elman.tasks.forecast.evaluation import Evaluation
from elman.tasks.forecast.quantiles import pinball_loss

NUM_WINDOWS = 16


@dataclass(frozen=True)
class NetworkInspection:
    """What gradients and gates of a fitted network do.

    Args:
        part: the part whose windows the network was looked at on.
        num_windows: how many of them.
        task_lag: how many steps back the task looks.
        flow: the gradient of the training's loss by the states of all layers.
        lags: the gradient of each layer by lag.
        activity: gates, activations and states of each layer.
        findings: what keeps the network from learning more.
    """

    part: str
    num_windows: int
    task_lag: int
    flow: GradientFlow
    lags: tuple[LagGradient, ...]
    activity: tuple[LayerActivity, ...]
    findings: tuple[Finding, ...]


def inspect_network(evaluation: Evaluation, part: str, task_lag: int | None) -> NetworkInspection:
    """Look the recurrent branch over.

    Args:
        evaluation: the model and a table.
        part: the part whose windows are read, spread over all of it.
        task_lag: how many steps back the task looks; one season without it.

    Raises:
        OptionError: there is no such part, or the lag is not positive.
    """
    model, arrays = evaluation.model, evaluation.arrays
    origins = evaluation.origins_of(part)
    places = np.linspace(0, len(origins) - 1, min(NUM_WINDOWS, len(origins))).round().astype(int)
    origins = origins[places]
    batch = model.batches_of(arrays).make(origins, model.linear_forecast(arrays, origins))
    levels = torch.tensor(model.calibration.levels, dtype=torch.float32, device=batch.target.device)

    def loss(output: Tensor) -> Tensor:
        return pinball_loss(output, batch.target, levels, batch.observed)

    lag = max(model.geometry.season, 2) if task_lag is None else task_lag
    return NetworkInspection(
        part,
        len(origins),
        lag,
        gradient_flow(model.network, batch, loss=loss),
        gradient_by_lag(model.network, batch),
        gates(model.network, batch),
        findings(model.network, batch, task_lag=lag),
    )
