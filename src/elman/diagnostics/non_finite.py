"""What is NaN or infinite: parameters, inputs, states, gradients."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from elman.diagnostics.activity import LayerActivity
from elman.diagnostics.finding import Finding, make_finding
from elman.diagnostics.lags import LagGradient
from elman.diagnostics.runs import LayerRun


def find_non_finite(module: nn.Module, runs: list[LayerRun]) -> Iterator[Finding]:
    """Find parameters and inputs of layers that are NaN or infinite.

    Args:
        module: The network.
        runs: What its layers were run on.
    """
    for name, parameter in module.named_parameters():
        count = int((~torch.isfinite(parameter)).sum())
        if count:
            text = f"{count} of the {parameter.numel()} numbers of the parameter `{name}` are not finite."
            yield make_finding("non_finite", "", text, count=count)
    for run in runs:
        alive = torch.arange(len(run.batch.input))[:, None] < torch.as_tensor(run.lengths)
        wrong = (~torch.isfinite(run.batch.input)).any(dim=2).cpu() & alive
        if wrong.any():
            t, n = wrong.nonzero()[0].tolist()
            text = f"{run.layer}: the input is not finite, first at step {t} of sequence {n}."
            yield make_finding("non_finite", run.layer, text, step=t, sequence=n, count=int(wrong.sum()))


def find_non_finite_states(activity: LayerActivity) -> Iterator[Finding]:
    """Find states that become NaN or infinite on the way.

    Args:
        activity: Of one layer.
    """
    for state in activity.states:
        steps = np.flatnonzero(~np.isfinite(state.largest))
        if len(steps):
            text = f"{activity.layer}: `{state.name}` is not finite, first at step {steps[0]}."
            yield make_finding("non_finite", activity.layer, text, step=float(steps[0]))


def find_non_finite_gradients(lags: LagGradient, lengths: np.ndarray) -> Iterator[Finding]:
    """Find Jacobians that are NaN although the states are finite, as of a square root at 0.

    Args:
        lags: Of one layer.
        lengths: Number of time steps of each sequence, (N,).
    """
    wrong = np.isnan(lags.frobenius) & (np.arange(len(lags.frobenius))[:, None] < lengths)
    if wrong.any():
        lag = int(np.flatnonzero(wrong.any(axis=1))[0])
        text = f"{lags.layer}: the gradient is not a number from lag {lag} on, but the states are finite."
        yield make_finding("non_finite", lags.layer, text, lag=float(lag))
