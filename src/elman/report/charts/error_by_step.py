"""How the error grows with the distance into the future."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from elman.report.charts.chart import Chart, Figure
from elman.report.charts.traces import NETWORK, Style, axis, line
from elman.report.formatting import rounded


def error_by_step_chart(
    error_by_step: Mapping[str, Sequence[float]], baselines: Mapping[str, Style]
) -> Chart:
    """Draw the mean absolute error of every model at each step of the horizon.

    Args:
        error_by_step: model -> error at each step, (horizon,).
        baselines: the baselines' styles; a model without one is the network.
    """
    traces = [
        line(model, list(range(1, len(errors) + 1)), rounded(errors), baselines.get(model, NETWORK))
        for model, errors in error_by_step.items()
    ]
    horizon = max(map(len, error_by_step.values()))
    layout = {
        "xaxis": axis("steps ahead", dtick=1 if horizon <= 12 else None),
        "yaxis": axis("mean absolute error", rangemode="tozero"),
        "hovermode": "x unified",
    }
    return Chart(
        slug="error-by-step",
        description="Mean absolute error at each step of the horizon, for the network and every baseline.",
        caption="Lower is better: where a dashed line runs below the network's, that baseline forecasts this "
        "step better.",
        view=Figure(traces, layout),
    )
