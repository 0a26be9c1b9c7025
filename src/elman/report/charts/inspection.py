"""How far gradients and inputs reach inside a network, as lines against lag and step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from elman.report.charts.chart import Chart, Figure, Trace, choice
from elman.report.charts.traces import BASELINES, NETWORK, Style, axis, line

if TYPE_CHECKING:
    from elman.tasks.results.inspection import LayerReach, LayerRecall, StateGradient, StepStretch

Line = tuple[str, Sequence[float | None]]
"""A name, and a value for each lag from 0."""

_STYLES = (NETWORK, *BASELINES, Style("var(--observed)"), Style("var(--muted)", "6px,4px"))


def gradient_chart(gradients: Sequence[StateGradient]) -> Chart:
    """Draw the norm of the gradient of the loss by each state against the lag."""
    lines = [(f"{one.layer}, {one.state}", one.norms) for one in gradients]
    return Chart(
        "loss-gradient",
        "Norm of the gradient of the loss by the states before the end, layer by layer.",
        "How much the loss moves with the state so many steps before the one that the layer ran last, mean "
        "over the sequences. Where a line has fallen to next to nothing, nothing is learned from what "
        "happened there; a line that climbs shows a gradient that explodes.",
        Figure(_by_lag(map(_above_zero, lines)), _log_layout("gradient norm")),
    )


def reach_chart(reaches: Sequence[LayerReach]) -> Chart:
    """Draw what is left of a push to the state of each layer against the lag."""
    lines = [(one.layer, one.gain) for one in reaches]
    return Chart(
        "state-gradient",
        "What is left of a push to the state of each layer, against the number of steps since.",
        "The norm of the gradient of a layer's last state by its state so many steps before, 1 at lag 0. No "
        "loss is asked: it is what the layer itself can carry.",
        Figure(_by_lag(map(_above_zero, lines)), _log_layout("share left")),
    )


def recall_chart(recalls: Sequence[LayerRecall]) -> Chart:
    """Draw how much of a random signal can be read from each layer's output, against the lag."""
    layout = {"xaxis": axis("lag, steps"), "yaxis": axis("R²", range=[0, 1.02]), "hovermode": "x"}
    return Chart(
        "recall",
        "Share of a random signal's variance that a linear read-out of each layer finds, against the lag.",
        "Each layer by itself is driven by a random number a step, along the direction in which its real "
        "input varies most; a linear read-out of its output at one step is asked for the number so many "
        "steps before. The area below a line is the memory capacity.",
        Figure(_by_lag([(one.layer, one.r2) for one in recalls]), layout),
    )


def stretch_chart(stretches: Sequence[StepStretch]) -> Chart:
    """Draw the spectral radius, the largest and the median singular value of each step of one sequence."""
    return Chart(
        "step-jacobian",
        "Spectral radius and singular values of the Jacobian of single steps along one sequence.",
        "What one step does to a push to the state. A largest singular value above 1 stretches some "
        "directions; a spectral radius that stays above 1 lets them go on growing. Half of the directions "
        "keep less than the median: near 0 most of the state is written anew at a step, near 1 it is kept.",
        choice("Layer", [(one.layer, _stretch(one)) for one in stretches]),
    )


def _stretch(one: StepStretch) -> Figure:
    named = {
        "spectral radius": one.radius,
        "largest singular value": one.largest,
        "median singular value": one.median,
    }
    traces = [
        line(name, one.steps, values, style)
        for (name, values), style in zip(named.items(), _STYLES, strict=False)
    ]
    return Figure(traces, {"xaxis": axis("step of the sequence"), "yaxis": axis("", rangemode="tozero")})


def _by_lag(lines: Iterable[Line]) -> list[Trace]:
    return [
        line(name, list(range(len(values))), list(values), _STYLES[index % len(_STYLES)])
        for index, (name, values) in enumerate(lines)
    ]


def _above_zero(line: Line) -> Line:
    """Return a line without zeros, for which a log axis has no place."""
    name, values = line
    return name, [value or None for value in values]


def _log_layout(title: str) -> dict[str, Any]:
    up = axis(title, type="log", exponentformat="power")
    return {"xaxis": axis("lag, steps"), "yaxis": up, "hovermode": "x"}
