"""A table below its caption; it scrolls by itself where the page is narrow."""

from __future__ import annotations

from collections.abc import Sequence

from elman.report.markup import Content, Html, element


def table(caption: Content, header: Sequence[Content], rows: Sequence[Html]) -> Html:
    """Write a table.

    Args:
        caption: what it holds and how to read it.
        header: one heading per column.
        rows: its rows, from `row`.
    """
    head = element("thead", element("tr", [element("th", title, scope="col") for title in header]))
    body = element("table", head, element("tbody", rows))
    # A keyboard can only scroll what it can focus.
    scroll = element("div", body, class_="scroll", tabindex=0)
    return element("figure", element("figcaption", caption), scroll)


def row(heading: Content, cells: Sequence[Content], class_: str | None = None) -> Html:
    """Write one row, its first cell a heading; a cell that is no `<td>` yet becomes one."""
    written = [cell if _is_cell(cell) else element("td", cell) for cell in cells]
    return element("tr", element("th", heading, scope="row"), written, class_=class_)


def _is_cell(content: Content) -> bool:
    return isinstance(content, Html) and content.startswith("<td")
