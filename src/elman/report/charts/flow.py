"""How far back gradients reached while the network was trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from elman.report.charts.chart import Chart, Figure, View, choice
from elman.report.charts.traces import BASELINES, DASHED, Style, axis, line
from elman.report.sampling import spread

if TYPE_CHECKING:
    from elman.tasks.results import FlowPoint

MAX_LAGS = 5
_OFTEN = (
    "Lines that fall apart as lags grow show a gradient that vanishes; lines that rise above lag 0, one that "
    "explodes."
)
_ONCE = "A line that falls shows a gradient that vanishes; one that rises, a gradient that explodes."


def flow_chart(flow: Sequence[FlowPoint]) -> Chart:
    """Draw the norm of the gradient by the state at a few lags against the optimizer step.

    Where it was looked at once, as in a short training, it is drawn against the lag.

    Args:
        flow: what was seen at each look, of each tensor of each layer's state.
    """
    names = list(dict.fromkeys((point.layer, point.state) for point in flow))
    is_once = len(flow) == len(names)
    draw = _figure_of_one if is_once else _figure
    options: list[tuple[str, View]] = [
        (f"{layer}, {state}", draw([p for p in flow if (p.layer, p.state) == (layer, state)]))
        for layer, state in names
    ]
    return Chart(
        slug="gradient-flow",
        description="Norm of the gradient of the loss by the state, at several lags, in training.",
        caption=f"Lag 0 is the last step that the layer ran. {_ONCE if is_once else _OFTEN}",
        view=choice("Layer", options),
    )


def _figure(points: Sequence[FlowPoint]) -> Figure:
    lags = sorted({lag for point in points for lag in point.lags})
    shown = [lags[index] for index in spread(len(lags), MAX_LAGS)]
    styles = (Style("var(--network)", width=2.5), *BASELINES, Style("var(--muted)", DASHED))
    steps = [point.step for point in points]
    traces = [
        line(f"lag {lag}", steps, [_norm(point, lag) for point in points], style)
        for lag, style in zip(shown, styles, strict=False)
    ]
    return Figure(traces, {"xaxis": axis("optimizer step"), "yaxis": axis("gradient norm", type="log")})


def _figure_of_one(points: Sequence[FlowPoint]) -> Figure:
    (point,) = points
    trace = line(
        f"optimizer step {point.step:,}",
        list(point.lags),
        [_norm(point, lag) for lag in point.lags],
        Style("var(--network)", width=2.5),
    )
    return Figure([trace], {"xaxis": axis("lag"), "yaxis": axis("gradient norm", type="log")})


def _norm(point: FlowPoint, lag: int) -> float | None:
    """Return the norm at a lag, five digits of it; a log axis has no zero."""
    value = dict(zip(point.lags, point.norms, strict=True)).get(lag)
    return float(f"{value:.5g}") if value else None
