"""The report of a classifier: how often it is right, where it errs, and what moved it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from elman.report.charts.confusion import confusion_chart
from elman.report.charts.flow import flow_chart
from elman.report.charts.influence import influence_chart
from elman.report.charts.reliability import reliability_chart
from elman.report.formatting import count, duration, number, percent
from elman.report.learning import learning_part
from elman.report.markup import Content, Html, element
from elman.report.page import Section, render_page
from elman.report.tables.configuration import configuration_table
from elman.report.tables.findings import finding_list
from elman.report.tables.scores import score_table
from elman.report.tables.table import row, table

if TYPE_CHECKING:
    from elman.tasks.results import ClassificationReport, ScoreTable

_NUM_HARDEST = 20


def render_classification_report(report: ClassificationReport) -> str:
    """Return the report as one HTML page that opens without a network.

    Args:
        report: what the evaluation found.
    """
    sections = (
        _scores(report),
        Section(
            "confusion", "Confusion", [confusion_chart(report.classes, report.confusion), _by_class(report)]
        ),
        Section("hardest", "Hardest sequences", [_hardest(report)]),
        Section("influence", "What moved it", [influence_chart(report.influence)]),
        Section(
            "calibration", "Calibration", [reliability_chart(report.reliability), _reliability(report)], True
        ),
        Section("learning", "Learning curves", [learning_part(report.curve), _facts(report)])
        if report.curve
        else None,
        _flow(report),
        Section("findings", "Odd in the data", [finding_list(report.findings)]),
        Section("configuration", "Configuration", [configuration_table(report.configuration)])
        if report.configuration
        else None,
    )
    return render_page(report.title, _lead(report), [section for section in sections if section])


def _lead(report: ClassificationReport) -> Content:
    verdict = report.scores[0].verdict if report.scores else ()
    warnings = sum(finding.severity == "warning" for finding in report.findings)
    facts = [
        count(len(report.classes), "class", "classes"),
        report.scores and count(report.scores[0].num_origins, "scored sequence"),
        report.num_parameters and count(report.num_parameters, "parameter"),
        report.seconds and f"fitted in {duration(report.seconds)}",
        warnings and element("a", count(warnings, "warning"), " about the data", href="#findings"),
    ]
    told = [element("p", sentence, class_="verdict") for sentence in verdict]
    return [told, element("ul", [element("li", fact) for fact in facts if fact], class_="facts")]


def _scores(report: ClassificationReport) -> Section | None:
    if not report.scores:
        return None
    first, *others = report.scores
    folded = [element("details", element("summary", f"The {one.part} part"), _judged(one)) for one in others]
    return Section("scores", "Scores", [score_table(first, None), *folded])


def _judged(scores: ScoreTable) -> Html:
    return Html(score_table(scores, None) + "".join(element("p", sentence) for sentence in scores.verdict))


def _by_class(report: ClassificationReport) -> Html:
    """Write recall, precision and F1 of every class."""
    columns = list(zip(*report.confusion, strict=True))
    rows = []
    for at, (name, of_class) in enumerate(zip(report.classes, report.confusion, strict=True)):
        hits, seen, given = of_class[at], sum(of_class), sum(columns[at])
        shares = [_share(hits, seen), _share(hits, given), _share(2 * hits, seen + given)]
        rows.append(row(name, [f"{seen:,}", *map(percent, shares)]))
    caption = "Of each class: sequences, share of them found, share of right ones among those given it, F1."
    return table(caption, ["class", "sequences", "recall", "precision", "F1"], rows)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _hardest(report: ClassificationReport) -> Html:
    """Write the sequences whose own class was given the least probability."""
    frame = report.predictions
    names = [f"p({name})" for name in report.classes]
    own = pl.coalesce(
        pl.when(pl.col("label") == cls).then(name) for cls, name in zip(report.classes, names, strict=True)
    )
    hardest = frame.with_columns(own.alias("__own")).sort("__own").head(_NUM_HARDEST)
    rows = [
        row(one["id"], [one["label"], _given(one), number(one["__own"], 3), f"{one['length']:,}"])
        for one in hardest.iter_rows(named=True)
    ]
    caption = "The sequences whose own class was given the least probability; a wrong class is bold."
    return table(caption, ["sequence", "class", "given", "probability of its class", "steps"], rows)


def _given(one: dict[str, str]) -> Content:
    return one["predicted"] if one["predicted"] == one["label"] else element("strong", one["predicted"])


def _reliability(report: ClassificationReport) -> Html:
    points: Sequence = report.reliability
    rows = [row(percent(one.confidence), [percent(one.accuracy), f"{one.count:,}"]) for one in points]
    return table(
        "Mean confidence in each bin, and how many were right.", ["confidence", "right", "sequences"], rows
    )


def _flow(report: ClassificationReport) -> Section | None:
    if not report.flow:
        return None
    pooling = report.configuration.get("pooling", "last")
    told = element(
        "p",
        f"The class is read from the outputs at all steps (pooling {pooling}), so each state has a gradient "
        "of its own beside the one from later steps: a line above lag 0 is no sign of explosion by itself.",
    )
    return Section("gradient-flow", "Gradient flow", [flow_chart(report.flow), pooling != "last" and told])


def _facts(report: ClassificationReport) -> Html:
    rows = [row(name, [value]) for name, value in report.facts.items()]
    return table("The fit.", ["", ""], rows)
