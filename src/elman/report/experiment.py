"""The report of a classic experiment: which networks solve it, how far, and how fast."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from elman.report.charts.experiment import learning_chart, network_styles, score_by_length_chart
from elman.report.charts.gain import gain_chart
from elman.report.formatting import count
from elman.report.markup import Content, element
from elman.report.page import Section, render_page, write_page
from elman.report.tables.configuration import configuration_table
from elman.report.tables.experiment import experiment_table
from elman.report.tables.gain import gain_table

if TYPE_CHECKING:
    from elman.experiments.results import ExperimentReport, Summary

REPEATS = (
    "With these settings the same numbers come again, unless a budget in seconds ends a trial: "
    "how far it then gets depends on the machine."
)


def render_experiment_report(report: ExperimentReport) -> str:
    """Return the report as one HTML page that opens without a network.

    Args:
        report: what the experiment found.
    """
    return render_page(report.title, _lead(report), list(_sections(report)))


def write_experiment_report(report: ExperimentReport, path: str | os.PathLike[str]) -> Path:
    """Write the report to a file, folders above it included, and return its path.

    Args:
        report: what the experiment found.
        path: where to write; an old file there is replaced at once, never half.
    """
    return write_page(render_experiment_report(report), path)


def verdicts(report: ExperimentReport) -> Iterator[str]:
    """Yield a sentence for each length: which networks solve it with every, some and no seeds."""
    for length in sorted(report.bars):
        names: dict[str, list[str]] = {"every seed": [], "some seeds": [], "none": []}
        for one in report.summaries():
            if one.length == length:
                names[_share(one)].append(one.name)
        told = [f"with {seeds} by {', '.join(by)}" for seeds, by in names.items() if by]
        is_solved = names["every seed"] or names["some seeds"]
        yield f"At length {length}, solved {'; '.join(told) if is_solved else 'by none'}."


def _share(one: Summary) -> str:
    if one.num_solved == len(one.scores):
        return "every seed"
    return "some seeds" if one.num_solved else "none"


def _lead(report: ExperimentReport) -> Content:
    sign = "at most" if report.lower_is_better else "at least"
    bars = sorted(set(report.bars.values()))
    told = " or ".join(f"{bar:.4g}" for bar in bars)
    facts = [
        f"solved: {report.score_name} {sign} {told}",
        f"chance: {report.chance:.4g}",
        f"networks without memory see {count(report.window, 'step')}",
        count(len(report.trials), "trial"),
    ]
    sentences = [element("p", sentence, class_="verdict") for sentence in verdicts(report)]
    return [
        element("p", report.about),
        sentences,
        element("ul", [element("li", fact) for fact in facts], class_="facts"),
    ]


def _sections(report: ExperimentReport) -> Iterator[Section]:
    styles = network_styles(trial.name for trial in report.trials)
    parts = [experiment_table(report)]
    if len(report.bars) > 1:
        yield Section("scores", "Scores", [score_by_length_chart(report, styles), *parts])
    else:
        yield Section("scores", "Scores", parts)
    yield Section("learning", "Learning", [learning_chart(report, styles)])
    if any(trial.gain for trial in report.trials):
        yield Section("gradients", "Gradients", [gain_chart(report, styles), gain_table(report)])
    settings = {**report.configuration, "machine": report.machine}
    yield Section("configuration", "Configuration", [configuration_table(settings, REPEATS)])
