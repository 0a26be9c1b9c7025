"""The page of an inspection: how far a network's gradients reach, what is inside it, what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elman.report.activity import unit_text
from elman.report.charts.inside import saturation_chart, trace_chart
from elman.report.charts.inspection import gradient_chart, reach_chart, recall_chart, stretch_chart
from elman.report.formatting import count
from elman.report.markup import Content, Html, element
from elman.report.page import Section, render_page
from elman.report.tables.configuration import configuration_table
from elman.report.tables.inspection import diagnosis_list, layer_table, value_table

if TYPE_CHECKING:
    from elman.tasks.results.inspection import InspectionReport


def render_inspection_report(report: InspectionReport) -> str:
    """Return the page, which opens without a network.

    The same report gives the same page, byte for byte.

    Args:
        report: what was found.
    """
    sections = (
        Section(
            "findings", "What is wrong, and what helps", [diagnosis_list(report.findings, report.task_lag)]
        ),
        _reach(report),
        Section("steps", "Single steps", [stretch_chart(report.stretches)]) if report.stretches else None,
        _gates(report),
        Section("traces", "Along one sequence", [trace_chart(report.traces, report.steps)])
        if report.traces
        else None,
        _passages(report),
        Section("memory", "Memory", [recall_chart(report.recalls)]) if report.recalls else None,
        Section("configuration", "Configuration", [_configuration(report)]) if report.configuration else None,
    )
    return render_page(report.title, _lead(report), [section for section in sections if section])


def _lead(report: InspectionReport) -> Content:
    kinds = dict.fromkeys(one.kind.replace("_", " ") for one in report.findings)
    verdict = f"Found: {', '.join(kinds)}." if kinds else "Nothing keeps this network from learning."
    facts = [
        f"{report.part} part, {count(report.num_sequences, report.sequence)}",
        count(len(report.reaches), "layer"),
        f"the task looks {count(report.task_lag, 'step')} back",
    ]
    return [
        element("p", verdict, class_="verdict"),
        element("ul", [element("li", fact) for fact in facts], class_="facts"),
    ]


def _reach(report: InspectionReport) -> Section:
    charts = [gradient_chart(report.gradients), reach_chart(report.reaches)]
    return Section(
        "reach", "How far gradients reach", [element("p", report.asked), *charts, layer_table(report)]
    )


def _gates(report: InspectionReport) -> Section | None:
    if not report.values:
        return None
    return Section(
        "gates", "Gates and activations", [saturation_chart(report.values), value_table(report.values)]
    )


def _passages(report: InspectionReport) -> Section | None:
    if not report.passages:
        return None
    told = element(
        "p",
        f"A stretch of the {report.passages[0].part} part, coloured by what one unit of the last layer puts "
        f"out after each {report.passages[0].unit}: blue is positive, orange negative.",
    )
    units = [
        unit_text(one.activity.unit, one.symbols, one.activity.values, one.unit, is_open=not index)
        for index, one in enumerate(report.passages)
    ]
    return Section("units", "What single units follow", [told, *units])


def _configuration(report: InspectionReport) -> Html:
    return configuration_table(report.configuration, "The settings of the run that was looked at.")
