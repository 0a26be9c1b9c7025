"""The report of a tagger: what it gets right, what it confuses, and where it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elman.report.charts.flow import flow_chart
from elman.report.formatting import count, duration
from elman.report.learning import learning_part
from elman.report.markup import Content, Html, element
from elman.report.page import Section, render_page
from elman.report.tables.configuration import configuration_table
from elman.report.tables.findings import finding_list
from elman.report.tables.scores import score_table
from elman.report.tables.tags import confusion_table, span_table, tagged_sequences

if TYPE_CHECKING:
    from elman.tasks.results import ScoreTable
    from elman.tasks.results.tag import TagReport


def render_tag_report(report: TagReport) -> str:
    """Return the report as one HTML page that opens without a network.

    The same report gives the same page, byte for byte.

    Args:
        report: what the evaluation found.
    """
    return render_page(report.title, _lead(report), tag_sections(report))


def tag_sections(report: TagReport) -> list[Section]:
    """Return the sections of a tagger's page; what the report does not hold has none."""
    sections = (
        _scores(report),
        Section("spans", "Spans by type", [span_table(report.spans)]) if report.spans else None,
        Section("examples", "Tagged sequences", [tagged_sequences(report.examples)])
        if report.examples
        else None,
        _hardest(report),
        Section("confusion", "Labels and tags", [confusion_table(report.labels, report.confusion)]),
        Section("learning", "Learning curves", [learning_part(report.curve)]) if report.curve else None,
        _flow(report),
        Section("findings", "Odd in the data", [finding_list(report.findings)]),
        Section("configuration", "Configuration", [configuration_table(report.configuration)])
        if report.configuration
        else None,
    )
    return [section for section in sections if section]


def _lead(report: TagReport) -> Content:
    verdict = report.scores[0].verdict[:1] if report.scores else ()
    warnings = sum(finding.severity == "warning" for finding in report.findings)
    facts = [
        report.scores and count(report.scores[0].num_origins, "scored step"),
        report.num_parameters and count(report.num_parameters, "parameter"),
        report.seconds and f"fitted in {duration(report.seconds)}",
        report.seconds_per_epoch and f"{duration(report.seconds_per_epoch)} an epoch",
        report.kernel and f"run by {report.kernel.partition(':')[0]}",
        warnings and element("a", count(warnings, "warning"), " about the data", href="#findings"),
    ]
    told = [element("p", sentence, class_="verdict") for sentence in verdict]
    return [told, element("ul", [element("li", fact) for fact in facts if fact], class_="facts")]


def _scores(report: TagReport) -> Section | None:
    if not report.scores:
        return None
    first, *others = report.scores
    folded = [
        element("details", element("summary", f"The {scores.part} part"), _judged(scores, scores.verdict))
        for scores in others
    ]
    return Section("scores", "Scores", [_judged(first, first.verdict[1:]), *folded])


def _judged(scores: ScoreTable, verdict: Content) -> Html:
    told = [element("p", sentence) for sentence in verdict] if isinstance(verdict, list | tuple) else []
    return Html(score_table(scores, None) + "".join(told))


def _hardest(report: TagReport) -> Section | None:
    if not report.hardest:
        return None
    told = element("p", "Those with the largest share of wrong tags, the worst first.")
    return Section("hardest", "Hardest sequences", [told, tagged_sequences(report.hardest)])


def _flow(report: TagReport) -> Section | None:
    if not report.flow:
        return None
    told = element(
        "p",
        "Of the loss of the last and the first step of a sequence alone, where the directions end: what "
        "reaches another state has come through time.",
    )
    return Section("gradient-flow", "Gradient flow", [told, flow_chart(report.flow)])
