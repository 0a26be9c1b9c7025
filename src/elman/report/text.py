"""The report of a language model: how well it predicts, what it writes, what its units follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elman.report.activity import STYLE, unit_text
from elman.report.charts.flow import flow_chart
from elman.report.formatting import count, duration, number
from elman.report.learning import learning_part
from elman.report.markup import Content, Html, element
from elman.report.page import Section, render_page
from elman.report.tables.configuration import configuration_table
from elman.report.tables.findings import finding_list
from elman.report.tables.scores import score_table
from elman.report.tables.table import row, table

if TYPE_CHECKING:
    from elman.tasks.results.text import TextReport


def render_text_report(report: TextReport) -> str:
    """Return the report as one HTML page that opens without a network.

    The same report gives the same page, byte for byte.

    Args:
        report: what the evaluation found.
    """
    sections = (
        _scores(report),
        _samples(report),
        _activities(report),
        Section("learning", "Learning curves and gradient norm", [learning_part(report.curve)]),
        _flow(report),
        _work(report),
        Section("findings", "Odd in the text", [finding_list(report.findings)]),
        Section(
            "configuration", "Configuration", [configuration_table(report.configuration, _repeats(report))]
        ),
    )
    return render_page(report.title, _lead(report), [section for section in sections if section])


def _lead(report: TextReport) -> Content:
    facts = [
        *(count(size, f"{part} {report.unit}") for part, size in report.num_symbols.items() if size),
        f"a vocabulary of {report.vocabulary_size:,}",
        count(report.num_parameters, "parameter"),
        f"trained in {duration(report.seconds)}",
    ]
    verdict = [element("p", sentence, class_="verdict") for sentence in report.scores[0].verdict]
    return [verdict, element("ul", [element("li", fact) for fact in facts], class_="facts")]


def _scores(report: TextReport) -> Section:
    first, *others = report.scores
    folded = [
        element("details", element("summary", f"The {one.part} part"), score_table(one, None))
        for one in others
    ]
    told = element(
        "p", "The baselines count all of the text before the part, and nobody has seen the part itself."
    )
    return Section("scores", "Scores", [score_table(first, None), told, *folded])


def _samples(report: TextReport) -> Section | None:
    if not report.samples:
        return None
    parts: list[Html] = []
    for sample in report.samples:
        parts.append(element("h3", f"Temperature {sample.temperature:g}"))
        parts.append(element("pre", sample.text, style=STYLE))
    return Section("samples", "What it writes", parts)


def _activities(report: TextReport) -> Section | None:
    if not report.activities:
        return None
    told = element(
        "p",
        "The same stretch of held-out text, coloured by what one unit of the last layer puts out after each "
        f"{report.unit}: blue is positive, orange negative. Shown are the units that hold on to something "
        "longest.",
    )
    units = [
        unit_text(one.unit, report.symbols, one.values, report.unit, is_open=not index)
        for index, one in enumerate(report.activities)
    ]
    return Section("activity", "What single units follow", [told, *units])


def _flow(report: TextReport) -> Section | None:
    if not report.flow:
        return None
    told = element(
        "p",
        f"Of the loss of one {report.unit} alone, the last of a segment: from how many {report.unit}s before "
        "it the network can learn.",
    )
    return Section("gradient-flow", "Gradient flow", [told, flow_chart(report.flow)])


def _repeats(report: TextReport) -> str:
    if report.configuration.get("num_steps"):
        return "With the same text, these settings and this seed the run repeats."
    return (
        "With the same text, these settings and this seed the run repeats but for the clock, which decides "
        "how many steps there are; a budget of steps repeats bit by bit."
    )


def _work(report: TextReport) -> Section:
    rows = [
        row("training time", [duration(report.seconds)]),
        row("seconds per epoch, a pass over the training part", [number(report.seconds_per_epoch)]),
        row(f"seconds per 1000 {report.unit}s read in training", [number(report.seconds_per_1000)]),
        row("steps", [f"{report.curve[-1].step:,}" if report.curve else "0"]),
        row("what ran the layers", [element("pre", report.kernel, style=f"{STYLE};text-align:left")]),
    ]
    return Section("work", "Time and kernel", [table("What the training took.", ["", ""], rows)])
