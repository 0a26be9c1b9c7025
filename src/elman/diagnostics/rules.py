"""When a measurement is a finding: one rule, one function.

The thresholds were set on the networks of tests/diagnostics/wards.py, drawn from other seeds than the tests
draw. They stand far from both sides. Healthy and planted ones had shares of the gradient of at least 0.04
and at most 9e-10, growths of at most 2.3 and at least 1500, saturated shares of at most 0.01 and at least
0.8, states under a large input of at most 1 and at least 2000.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from elman.diagnostics.activity import Activity, LayerActivity
from elman.diagnostics.finding import Finding, make_finding
from elman.diagnostics.lags import LagGradient
from elman.diagnostics.remedies import Traits
from elman.diagnostics.runs import LayerRun

VANISHED = 1e-4  # of the gradient at lag 1: what an optimizer sees is the near past alone
WEAK = 1e-2
EXPLODED = 1e2
SATURATED_UNITS = 0.6  # share of values beyond 0.95
SATURATED_GATES = 0.6
EACH_WAY = 0.1  # a gate that saturates at one end alone is held there on purpose, as a forget gate at 1
CLOSED = 0.9  # share of values that keep less than 0.05 of the state
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
        traits: What of its cell decides what helps.
        task_lag: How far back the task looks.
        is_lag_given: Whether the caller said so.
    """

    run: LayerRun
    lags: LagGradient
    activity: LayerActivity
    traits: Traits
    task_lag: int
    is_lag_given: bool

    def find(self, kind: str, text: str, **evidence: float) -> Finding:
        """Return a finding about the layer, with what helps its cell."""
        return make_finding(kind, self.run.layer, f"{self.run.layer}: {text}", self.traits, **evidence)


def find_vanishing(report: LayerReport) -> Iterator[Finding]:
    """Find a gradient that is small at the task's lag, or a memory that is a little short."""
    gain = report.lags.gain
    lag = min(report.task_lag, int(np.flatnonzero(~np.isnan(gain))[-1]))
    if lag < 2:
        return
    share = float(gain[lag] / gain[1]) if gain[1] > 0 else 0.0
    text = f"the gradient at lag {lag} is {share:.1e} of that at lag 1"
    evidence = {"lag": float(lag), "share": share, "horizon": report.lags.horizon()}
    if share < VANISHED:
        yield report.find("vanishing_gradient", f"{text}: it vanishes.", **evidence)
    elif share < WEAK and report.is_lag_given:
        text = f"{text}: the memory is shorter than the task's lag."
        yield report.find("short_memory", text, **evidence)


def find_exploding(report: LayerReport) -> Iterator[Finding]:
    """Find a gradient that grows on its way back."""
    gain = report.lags.gain[1:]
    if not np.nansum(gain):  # nothing is left, or no sequence has a second step
        return
    growth = gain / gain[0]
    worst = int(np.nanargmax(growth))
    if growth[worst] > EXPLODED:
        text = f"the gradient at lag {worst + 1} is {growth[worst]:.1e} times that at lag 1"
        text = f"{text}: it explodes."
        evidence = {"lag": worst + 1.0, "growth": float(growth[worst])}
        yield report.find("exploding_gradient", text, **evidence)


def find_saturated(report: LayerReport) -> Iterator[Finding]:
    """Find units and gates that stand at the ends of their range."""
    for value in report.activity.values:
        share = value.low + value.high
        if value.kind == "tanh" and share > SATURATED_UNITS:
            yield _saturated("saturated_units", report, value, share)
        if value.kind == "gate" and share > SATURATED_GATES and min(value.low, value.high) > EACH_WAY:
            yield _saturated("saturated_gates", report, value, share)


def _saturated(kind: str, report: LayerReport, value: Activity, share: float) -> Finding:
    text = f"{share:.0%} of the values of `{value.name}` are saturated."
    return report.find(kind, text, low=value.low, high=value.high)


def find_closed(report: LayerReport) -> Iterator[Finding]:
    """Find a gate that keeps nothing of the state, where the gradient shows that this forgets."""
    gain = report.lags.gain[1:6]
    if len(gain) > 1 and gain[-1] < FORGETS ** (len(gain) - 1) * gain[0]:
        for value in report.activity.values:
            yield from _closed(report, value, keeps=True)
            yield from _closed(report, value, keeps=False)


def _closed(report: LayerReport, value: Activity, keeps: bool) -> Iterator[Finding]:
    """Look at the units of a value that keep the state, or at those that replace it."""
    units = (value.retention > 0) if keeps else (value.retention < 0)
    shares = value.low_by_unit if keeps else value.high_by_unit
    share = float(shares[units].mean()) if units.any() else 0.0
    if share > CLOSED:
        does, end = ("keeps", "below 0.05") if keeps else ("replaces", "above 0.95")
        text = (
            f"{share:.0%} of the values of `{value.name}`, which {does} the state, are {end}: it is "
            "forgotten at every step."
        )
        mean = float(value.mean_by_unit[units].mean())
        own = replace(report, traits=replace(report.traits, gate=value.name, keeps=keeps))
        yield own.find("closed_gate", text, share=share, mean=mean)


def find_dead(report: LayerReport) -> Iterator[Finding]:
    """Find units that are zero at every step of every sequence."""
    for value in report.activity.values:
        if value.kind == "relu":
            share = float((value.low_by_unit == 1).mean())
            if share > DEAD:
                text = f"{share:.0%} of the units of `{value.name}` are zero at all steps."
                yield report.find("dead_units", text, share=share)


def find_unscaled(report: LayerReport) -> Iterator[Finding]:
    """Find an input in units of its own whose size the state takes over; one that saturates is found so."""
    batch, lengths = report.run.batch, torch.as_tensor(report.run.lengths)
    alive = torch.arange(len(batch.input))[:, None] < lengths
    size = float(batch.input[alive.to(batch.input.device)].double().square().mean().sqrt())
    state = max(float(np.nanmax(one.size)) for one in report.activity.states)
    if min(size, state) > LARGE:
        text = (
            f"the root mean square of the input is {size:.1e}, and the state takes it over, with {state:.1e}."
        )
        yield report.find("unscaled_input", text, input=size, state=state)


RULES = (find_unscaled, find_vanishing, find_exploding, find_saturated, find_closed, find_dead)
