"""What a chart is: figures for plotly.js as plain data, and the choices that lead to each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Trace = Mapping[str, Any]


@dataclass(frozen=True)
class Figure:
    """One picture: plotly.js traces and layout.

    A colour is written `var(--name)`; the page looks it up in its style sheet when it draws, so one
    figure serves light, dark and print.

    Args:
        traces: plotly.js traces.
        layout: what this figure adds to the page's common layout.
    """

    traces: Sequence[Trace]
    layout: Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """A selector above the chart: each option leads to a figure, or to a further choice.

    Args:
        label: what is chosen, for instance "Series".
        options: (text, what it leads to), at least one.
        start: the option shown first.
    """

    label: str
    options: Sequence[tuple[str, View]]
    start: int = 0


View = Figure | Choice


@dataclass(frozen=True)
class Chart:
    """A chart on the page.

    Args:
        slug: unique on the page, of letters and hyphens.
        description: what it shows, for people who hear the page.
        caption: how to read it.
        view: the figure, or the choice that leads to one.
        shape: "wide", "tall" (several panels) or "square".
    """

    slug: str
    description: str
    caption: str
    view: View
    shape: Literal["wide", "tall", "square"] = "wide"


def as_json(view: View) -> dict[str, Any]:
    """Return a view as the page's script reads it."""
    if isinstance(view, Figure):
        return {"data": list(view.traces), "layout": view.layout}
    options = [[text, as_json(option)] for text, option in view.options]
    return {"choice": view.label, "start": view.start, "options": options}


def choice(label: str, options: Sequence[tuple[str, View]], start: int = 0) -> View:
    """Offer a choice, unless there is only one thing to choose."""
    return options[0][1] if len(options) == 1 else Choice(label, options, start)
