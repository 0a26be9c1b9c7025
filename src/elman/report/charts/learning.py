"""How the training went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from elman.report.charts.chart import Chart, Figure, Trace
from elman.report.charts.traces import DASHED, NETWORK, Style, axis, dots, line
from elman.report.formatting import count, finite

if TYPE_CHECKING:
    from elman.tasks.results import EvaluationRecord

TRAINING = Style("var(--muted)", DASHED)
PANELS = {"yaxis": [0.5, 1.0], "yaxis2": [0.25, 0.41], "yaxis3": [0.0, 0.16]}


def learning_chart(curve: Sequence[EvaluationRecord]) -> Chart:
    """Draw the losses, the gradient's norm and the learning rate against the optimizer step."""
    return Chart(
        slug="learning",
        description="Training and validation loss, gradient norm and learning rate at each optimizer step.",
        caption="The network keeps the weights of the marked step; a validation loss that turns up while the "
        f"training loss still falls is overfitting.{recoveries(curve)}",
        view=Figure([*_losses(curve), *_small_panels(curve)], _layout(curve)),
        shape="tall",
    )


def recoveries(curve: Sequence[EvaluationRecord]) -> str:
    """Say where numbers were not finite, if they were anywhere.

    Args:
        curve: the evaluations of a training.
    """
    steps = [f"{record.step:,}" for record in curve if record.num_recoveries]
    times = count(sum(record.num_recoveries for record in curve), "time")
    return (
        f" A number was not finite {times}, before step {', '.join(steps)}; it was undone." if steps else ""
    )


def _losses(curve: Sequence[EvaluationRecord]) -> list[Trace]:
    steps = [record.step for record in curve]
    traces = [
        line("training loss", steps, _exact(record.loss for record in curve), TRAINING),
        line("validation loss", steps, _exact(record.validation_loss for record in curve), NETWORK),
    ]
    best = [record for record in curve if record.is_best][-1:]
    mark = {"symbol": "diamond", "size": 12, "line": {"width": 1, "color": "var(--surface)"}}
    at, loss = [record.step for record in best], _exact(record.validation_loss for record in best)
    return [*traces, dots("kept (best)", at, loss, "var(--mark)", marker=mark)] if best else traces


def _small_panels(curve: Sequence[EvaluationRecord]) -> list[Trace]:
    steps = [record.step for record in curve]
    norms = _exact(record.gradient_norm for record in curve)
    rates = _exact(record.learning_rate for record in curve)
    style = Style("var(--observed)")
    return [
        line("gradient norm", steps, norms, style, yaxis="y2", showlegend=False),
        line("learning rate", steps, rates, style, yaxis="y3", showlegend=False),
    ]


def _layout(curve: Sequence[EvaluationRecord]) -> dict[str, Any]:
    losses = [loss for record in curve for loss in (record.loss, record.validation_loss)]
    norms = [record.gradient_norm for record in curve]
    return {
        "xaxis": axis("optimizer step", anchor="y3"),
        "yaxis": axis("", domain=PANELS["yaxis"], type=_scale(losses)),
        "yaxis2": axis("", domain=PANELS["yaxis2"], type=_scale(norms), nticks=4),
        "yaxis3": axis("", domain=PANELS["yaxis3"], rangemode="tozero", nticks=4),
        "annotations": [_panel_title("gradient norm", "y2"), _panel_title("learning rate", "y3")],
    }


def _panel_title(text: str, panel: str) -> dict[str, Any]:
    place = {
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "yref": f"{panel} domain",
        "y": 1,
        "yanchor": "bottom",
    }
    return {"text": text, "showarrow": False, **place}


def _exact(values: Any) -> list[float | None]:
    """Keep five significant digits of each value: on a log axis small ones count as much as large ones."""
    return [None if finite(value) is None else float(f"{value:.5g}") for value in values]


def _scale(values: Sequence[float]) -> str:
    known = [value for value in values if finite(value) is not None]
    wide = bool(known) and min(known) > 0 and max(known) > 20 * min(known)
    return "log" if wide else "linear"
