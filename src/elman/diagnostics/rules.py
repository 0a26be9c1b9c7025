"""When a measurement is a finding: one rule, one function.

The thresholds were set on the networks of tests/diagnostics/wards.py, drawn from other seeds than the tests
draw. They stand far from both sides. Healthy and planted ones had shares of the gradient of at least 0.04
and at most 9e-10, growths of at most 2.3 and at least 1500, saturated shares of at most 0.01 and at least
0.8, states under a large input of at most 1 and at least 2000.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from elman.diagnostics.activity import Activity, LayerActivity
from elman.diagnostics.finding import Finding, make_finding
from elman.diagnostics.lags import LagGradient
from elman.diagnostics.runs import LayerRun

VANISHED = 1e-4  # of the gradient at lag 1: what an optimizer sees is the near past alone
WEAK = 1e-2
EXPLODED = 1e2
SATURATED_UNITS = 0.6  # share of values beyond 0.95
SATURATED_GATES = 0.6
EACH_WAY = 0.1  # a gate that saturates at one end alone is held there on purpose, as a forget gate at 1
CLOSED = 0.9  # share of values below 0.05
FORGETS = 0.5  # what a step leaves of the gradient at most where a closed gate forgets
DEAD = 0.25  # share of units
LARGE = 100.0  # root mean square; of a standardized input it is 1


@dataclass(frozen=True)
class LayerReport:
    """All that was measured of one layer.

    Args:
        run: What it was run on.
        lags: Its gradient by lag.
        activity: Its gates, activations and states.
        task_lag: How far back the task looks.
        is_lag_given: Whether the caller said so.
    """

    run: LayerRun
    lags: LagGradient
    activity: LayerActivity
    task_lag: int
    is_lag_given: bool


def find_vanishing(report: LayerReport) -> Iterator[Finding]:
    """Find a gradient that is small at the task's lag, or a memory that is a little short."""
    gain = report.lags.gain
    lag = min(report.task_lag, int(np.flatnonzero(~np.isnan(gain))[-1]))
    if lag < 2:
        return
    share = float(gain[lag] / gain[1]) if gain[1] > 0 else 0.0
    text = f"{report.run.layer}: the gradient at lag {lag} is {share:.1e} of that at lag 1"
    evidence = {"lag": float(lag), "share": share, "horizon": report.lags.horizon()}
    if share < VANISHED:
        yield make_finding("vanishing_gradient", report.run.layer, f"{text}: it vanishes.", **evidence)
    elif share < WEAK and report.is_lag_given:
        text = f"{text}: the memory is shorter than the task's lag."
        yield make_finding("short_memory", report.run.layer, text, **evidence)


def find_exploding(report: LayerReport) -> Iterator[Finding]:
    """Find a gradient that grows on its way back."""
    gain = report.lags.gain[1:]
    if not np.nansum(gain):  # nothing is left, or no sequence has a second step
        return
    growth = gain / gain[0]
    worst = int(np.nanargmax(growth))
    if growth[worst] > EXPLODED:
        text = (
            f"{report.run.layer}: the gradient at lag {worst + 1} is {growth[worst]:.1e} times that at lag 1"
        )
        text = f"{text}: it explodes."
        evidence = {"lag": worst + 1.0, "growth": float(growth[worst])}
        yield make_finding("exploding_gradient", report.run.layer, text, **evidence)


def find_saturated(report: LayerReport) -> Iterator[Finding]:
    """Find units and gates that stand at the ends of their range."""
    for value in report.activity.values:
        share = value.low + value.high
        if value.kind == "tanh" and share > SATURATED_UNITS:
            yield _saturated("saturated_units", report, value, share)
        if value.kind == "gate" and share > SATURATED_GATES and min(value.low, value.high) > EACH_WAY:
            yield _saturated("saturated_gates", report, value, share)


def _saturated(kind: str, report: LayerReport, value: Activity, share: float) -> Finding:
    text = f"{report.run.layer}: {share:.0%} of the values of `{value.name}` are saturated."
    return make_finding(kind, report.run.layer, text, low=value.low, high=value.high)


def find_closed(report: LayerReport) -> Iterator[Finding]:
    """Find a forget gate that is closed, where the gradient shows that this forgets."""
    gain = report.lags.gain[1:6]
    has_gone = len(gain) > 1 and gain[-1] < FORGETS ** (len(gain) - 1) * gain[0]
    for value in report.activity.values:
        if value.kind == "gate" and "forget" in value.name and value.low > CLOSED and has_gone:
            text = (
                f"{report.run.layer}: {value.low:.0%} of the values of `{value.name}` are below 0.05: "
                "the state is forgotten at every step."
            )
            yield make_finding("closed_gate", report.run.layer, text, low=value.low, mean=value.mean)


def find_dead(report: LayerReport) -> Iterator[Finding]:
    """Find units that are zero at every step of every sequence."""
    for value in report.activity.values:
        if value.kind == "relu":
            share = float((value.low_by_unit == 1).mean())
            if share > DEAD:
                text = (
                    f"{report.run.layer}: {share:.0%} of the units of `{value.name}` are zero at all steps."
                )
                yield make_finding("dead_units", report.run.layer, text, share=share)


def find_unscaled(report: LayerReport) -> Iterator[Finding]:
    """Find an input in units of its own whose size the state takes over; one that saturates is found so."""
    batch, lengths = report.run.batch, torch.as_tensor(report.run.lengths)
    alive = torch.arange(len(batch.input))[:, None] < lengths
    size = float(batch.input[alive.to(batch.input.device)].double().square().mean().sqrt())
    state = max(float(np.nanmax(one.size)) for one in report.activity.states)
    if min(size, state) > LARGE:
        text = (
            f"{report.run.layer}: the root mean square of the input is {size:.1e}, and the state takes it "
            f"over, with {state:.1e}."
        )
        yield make_finding("unscaled_input", report.run.layer, text, input=size, state=state)


RULES = (find_unscaled, find_vanishing, find_exploding, find_saturated, find_closed, find_dead)


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
