"""What the page of an inspection shows, as plain data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.diagnostics import LayerActivity, StepJacobians
from elman.tasks.results.inspection import (
    InspectionReport,
    LayerReach,
    LayerRecall,
    StateGradient,
    StepStretch,
    UnitTraces,
    ValueActivity,
)

if TYPE_CHECKING:
    from elman.tasks.inspection import NetworkInspection

_MOST_UNITS, _MOST_STEPS = 24, 200
"""Of a trace: more rows than can be told apart, more columns than there are pixels, are left out."""


def build_report(found: NetworkInspection, title: str, configuration: Mapping[str, Any]) -> InspectionReport:
    """Gather what a page shows.

    Args:
        found: what was measured.
        title: of the page.
        configuration: of the run.
    """
    return InspectionReport(
        title=title,
        part=found.part,
        num_sequences=found.num_sequences,
        sequence=found.sequence,
        task_lag=found.task_lag,
        asked=found.asked,
        findings=found.findings,
        gradients=[StateGradient(one.layer, one.state, _plain(one.over_lag)) for one in found.flow.states],
        reaches=[LayerReach(one.layer, _plain(one.gain), _whole(one.horizon())) for one in found.lags],
        stretches=[_stretch(one) for one in found.jacobians],
        values=[
            ValueActivity(one.layer, value.name, value.kind, value.mean, value.low, value.high)
            for one in found.activity
            for value in one.values
        ],
        traces=[trace for one in found.activity for trace in _traces(one)],
        recalls=[
            LayerRecall(layer, [round(r2, 5) for r2 in one.recall.tolist()], one.total, one.num_features)
            for layer, one in found.memory.items()
        ],
        steps=list(found.steps)[:_MOST_STEPS],
        passages=found.passages,
        configuration=configuration,
    )


def _stretch(one: StepJacobians) -> StepStretch:
    """Return what the steps of the first sequence do; those behind its end are left out."""
    is_there = ~np.isnan(one.spectral_radius[:, 0])
    values = one.singular_values[is_there, 0]
    radius = one.spectral_radius[is_there, 0]
    steps = one.steps[is_there].tolist()
    medians = np.median(values, axis=1)
    return StepStretch(one.layer, steps, _plain(radius), _plain(values[:, 0]), _plain(medians))


def _traces(one: LayerActivity) -> Iterator[UnitTraces]:
    named = [(value.name, value.kind, value.trace) for value in one.values]
    named += [(state.name, "state", state.trace) for state in one.states]
    for name, kind, trace in named:
        live = trace[~np.isnan(trace).all(axis=1)][:_MOST_STEPS]
        if len(live):
            units = np.sort(np.argsort(-live.std(axis=0), kind="stable")[:_MOST_UNITS])
            shown = [_plain(live[:, unit], 3) for unit in units]
            yield UnitTraces(one.layer, name, kind, units.tolist(), shown)


def _plain(values: Iterable[float], digits: int = 4) -> list[float | None]:
    """Return numbers with so many digits; None for those that are not finite."""
    return [float(f"{value:.{digits}g}") if math.isfinite(value) else None for value in values]


def _whole(horizon: float) -> int | None:
    return int(horizon) if math.isfinite(horizon) else None
