"""What was found odd in the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from elman.report.markup import Html, element

if TYPE_CHECKING:
    from elman.data.findings import Finding

MAX_SHOWN = 20


def finding_list(findings: Sequence[Finding]) -> Html:
    """Write the findings, warnings first; beyond twenty they fold."""
    if not findings:
        return element("p", "Nothing odd was found in the data.")
    ranked = sorted(findings, key=lambda finding: finding.severity != "warning")
    shown, more = ranked[:MAX_SHOWN], ranked[MAX_SHOWN:]
    fold = element("details", element("summary", f"{len(more)} more"), _list(more)) if more else None
    return Html(_list(shown) + (fold or ""))


def _list(findings: Sequence[Finding]) -> Html:
    return element("ul", [_item(finding) for finding in findings], class_="findings")


def _item(finding: Finding) -> Html:
    places = [
        ("column", finding.column),
        ("series", finding.series),
        ("for instance", ", ".join(finding.examples)),
    ]
    where = [element("span", name, " ", element("code", text)) for name, text in places if text]
    return element(
        "li",
        element("p", element("b", finding.severity, class_="severity"), " ", finding.message),
        element("p", element("span", element("code", finding.kind)), where, class_="where"),
        class_=finding.severity if finding.severity in ("note", "warning") else None,
    )
