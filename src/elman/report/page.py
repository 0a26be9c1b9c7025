"""One self-contained HTML page of sections, charts and tables, for any task."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from string import Template

from elman.report.assets import packed, packed_plotly, static
from elman.report.charts.chart import Chart, as_json
from elman.report.markup import Content, Html, element, html

SCRIPTS = ("plot.js", "controls.js", "page.js")


@dataclass(frozen=True)
class Section:
    """A part of the page with its own heading.

    Args:
        slug: unique on the page, of letters and hyphens.
        heading: for the section and the table of contents.
        parts: its content in order.
        beside: put the parts side by side where there is room.
    """

    slug: str
    heading: str
    parts: Sequence[Chart | Html]
    beside: bool = False


def render_page(title: str, lead: Content, sections: Sequence[Section]) -> str:
    """Write a page that opens without a network.

    Args:
        title: of the page.
        lead: what stands below the title, for people who read no further.
        sections: the rest, in order.
    """
    charts = [part for section in sections for part in section.parts if isinstance(part, Chart)]
    links = [element("a", section.heading, href=f"#{section.slug}") for section in sections]
    return Template(static("page.html")).substitute(
        title=html(title),
        style=static("page.css"),
        lead=html(lead),
        contents=html(links),
        sections=html(_section(section) for section in sections),
        figures=packed(
            json.dumps({chart.slug: as_json(chart.view) for chart in charts}, separators=(",", ":"))
        ),
        plotly=packed_plotly(),
        script=html(static(name) for name in SCRIPTS),
    )


def write_page(page: str, path: str | os.PathLike[str]) -> Path:
    """Write a page to a file; a reader sees the old file or the new one, never half of it.

    Raises:
        OSError: it cannot be written; the error names the file that was asked for.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        # Text from a broken file name may hold what UTF-8 cannot; it must not cost the report.
        draft.write_text(page, encoding="utf-8", errors="replace", newline="\n")
        draft.replace(target)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(target)) from error
    finally:
        with suppress(OSError):  # what kept the page from being written may keep the draft from going
            draft.unlink()
    return target


def _section(section: Section) -> Html:
    parts = [_figure(part) if isinstance(part, Chart) else part for part in section.parts]
    body = element("div", parts, class_="beside" if section.beside else None)
    return element("section", element("h2", section.heading), body, id=section.slug)


def _figure(chart: Chart) -> Html:
    return element(
        "figure",
        element("div", class_="choices"),
        element("div", class_="legend", role="group", aria_label="Legend: press to show or hide"),
        element(
            "div",
            id=f"chart-{chart.slug}",
            class_=f"plot {chart.shape}",
            role="img",
            aria_label=chart.description,
        ),
        element("figcaption", chart.caption),
    )
