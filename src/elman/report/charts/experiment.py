"""How networks score on a classic problem: by its length, and by what they have learned from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from elman.report.charts.chart import Chart, Figure, Trace, choice
from elman.report.charts.traces import BASELINES, DASHED, DOTTED, Style, axis, line
from elman.report.formatting import rounded

if TYPE_CHECKING:
    from elman.experiments.results import ExperimentReport

COLORS = ("var(--network)", *(style.color for style in BASELINES), "var(--observed)")
DASHES = ("solid", DASHED, DOTTED)
CHANCE = Style("var(--muted)", DOTTED, 1)
BAR = Style("var(--muted)", DASHED, 1)


def network_styles(names: Iterable[str]) -> dict[str, Style]:
    """Give each network the style that it keeps in every chart: colours first, then dashes."""
    known = list(dict.fromkeys(names))
    return {
        name: Style(COLORS[index % len(COLORS)], DASHES[index // len(COLORS) % len(DASHES)], 2)
        for index, name in enumerate(known)
    }


def score_by_length_chart(report: ExperimentReport, styles: Mapping[str, Style]) -> Chart:
    """Draw the median score of each network against the length of the problem."""
    curves: dict[str, tuple[list[int], list[float]]] = {}
    for one in report.summaries():
        lengths, scores = curves.setdefault(one.name, ([], []))
        lengths.append(one.length)
        scores.append(one.score)
    traces = [line(name, *curve, styles[name], mode="lines+markers") for name, curve in curves.items()]
    lengths = sorted(report.bars)
    traces += [line("chance", lengths, [report.chance] * len(lengths), CHANCE), _bar(report, lengths)]
    scale = "log" if lengths[-1] > 10 * lengths[0] else "linear"
    layout = {
        "xaxis": axis(report.length_name, type=scale, tickvals=lengths),
        "yaxis": _score_axis(report),
        "hovermode": "x unified",
    }
    caption = (
        f"Median over the seeds of the {report.score_name} on the test sequences; the dashed line solves it, "
        "the dotted line is what the best network without a memory can get."
    )
    return Chart(
        "score-by-length",
        f"{report.score_name} against {report.length_name}.",
        caption,
        Figure(traces, layout),
    )


def learning_chart(report: ExperimentReport, styles: Mapping[str, Style]) -> Chart:
    """Draw the validation score of every trial against the sequences that it had learned from."""
    options = [
        (str(length), Figure(_curves(report, length, styles), _learning_layout(report)))
        for length in sorted(report.bars)
    ]
    return Chart(
        "learning",
        f"{report.score_name} on validation sequences against sequences learned from, one line a trial.",
        "One line a seed. A trial ends when it is solved, or when its budget is spent.",
        choice(report.length_name.capitalize(), options, len(options) - 1),
    )


def _curves(report: ExperimentReport, length: int, styles: Mapping[str, Style]) -> list[Trace]:
    traces, named = [], set[str]()
    for trial in report.trials:
        if trial.length != length:
            continue
        x = [record.num_sequences for record in trial.records]
        y = rounded([record.score for record in trial.records])
        first = trial.name not in named
        named.add(trial.name)
        traces.append(line(trial.name, x, y, styles[trial.name], legendgroup=trial.name, showlegend=first))
    return traces


def _learning_layout(report: ExperimentReport) -> dict[str, object]:
    return {"xaxis": axis("sequences learned from", rangemode="tozero"), "yaxis": _score_axis(report)}


def _score_axis(report: ExperimentReport) -> Mapping[str, object]:
    return axis(report.score_name, type="log" if report.lower_is_better else "linear")


def _bar(report: ExperimentReport, lengths: Sequence[int]) -> Trace:
    return line("solved", lengths, [report.bars[length] for length in lengths], BAR)
