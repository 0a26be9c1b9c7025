"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence

from elman.report.charts.chart import Chart, Figure
from elman.report.charts.traces import axis, short

_MOST_WRITTEN = 20
"""Classes up to which the counts stand in the squares."""


def confusion_chart(classes: Sequence[str], counts: Sequence[Sequence[int]]) -> Chart:
    """Draw the confusion matrix: rows are true classes, columns the classes given.

    Args:
        classes: K names.
        counts: (K, K) sequences.
    """
    shares = [
        [round(one / sum(of_class), 4) if sum(of_class) else None for one in of_class] for of_class in counts
    ]
    names = [short(name) for name in classes]
    few = len(classes) <= _MOST_WRITTEN
    written = [[str(one) if one else "" for one in of_class] for of_class in counts]
    trace = {
        "type": "heatmap",
        "mode": "none",  # the script of the page asks every trace
        "name": "",
        "showlegend": False,
        "x": names,
        "y": names,
        "z": shares,
        "zmin": 0,
        "zmax": 1,
        "xgap": 1,
        "ygap": 1,
        "colorscale": [[0, "#eef3f7"], [0.5, "#5b9cc9"], [1, "#00456f"]],
        "colorbar": {"tickformat": ".0%"},
        "customdata": counts,
        "hovertemplate": "class %{y}, given %{x}: %{customdata} (%{z:.1%})<extra></extra>",
        **({"text": written, "texttemplate": "%{text}"} if few else {}),
    }
    layout = {
        "xaxis": axis("class given", type="category", constrain="domain"),
        "yaxis": axis(
            "true class", type="category", autorange="reversed", scaleanchor="x", constrain="domain"
        ),
    }
    return Chart(
        slug="confusion",
        description="Confusion matrix: of each true class, the share that was given each class.",
        caption="Of each true class (row), the share that was given each class (column); the numbers are "
        "sequences. All would stand on the diagonal.",
        view=Figure([trace], layout),
        shape="square",
    )
