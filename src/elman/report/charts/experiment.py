"""How networks score on a classic problem: by its length, and by what they have learned from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import log10
from typing import TYPE_CHECKING

from elman.report.charts.chart import Chart, Figure, Trace, choice
from elman.report.charts.traces import BASELINES, DASHED, DOTTED, Style, axis, line
from elman.report.formatting import finite

if TYPE_CHECKING:
    from elman.experiments.results import ExperimentReport

COLORS = ("var(--network)", *(style.color for style in BASELINES), "var(--observed)")
DASHES = ("solid", DASHED, DOTTED)
MARGIN = 1.5  # a factor, so that a line along the edge is seen
FAR_OFF = 10  # times chance: an error beyond is that of a network that explodes
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
    traces += _marks(report, lengths, [report.bars[length] for length in lengths])
    scale = "log" if lengths[-1] > 10 * lengths[0] else "linear"
    layout = {
        "xaxis": axis(report.length_name, type=scale, tickvals=lengths),
        "yaxis": _score_axis(report, traces),
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
    options = [(str(length), _learning_figure(report, length, styles)) for length in sorted(report.bars)]
    return Chart(
        "learning",
        f"{report.score_name} on validation sequences against sequences learned from, one line a trial.",
        "One line a seed. A trial ends when it is solved, or when its budget is spent. The dashed line "
        "solves the problem, the dotted line is chance.",
        choice(report.length_name.capitalize(), options, len(options) - 1),
    )


def _learning_figure(report: ExperimentReport, length: int, styles: Mapping[str, Style]) -> Figure:
    traces = _curves(report, length, styles)
    ends = [0, max((trace["x"][-1] for trace in traces if trace["x"]), default=1)]
    traces += _marks(report, ends, [report.bars[length]] * 2)
    across = axis("sequences learned from", rangemode="tozero")
    return Figure(traces, {"xaxis": across, "yaxis": _score_axis(report, traces)})


def _curves(report: ExperimentReport, length: int, styles: Mapping[str, Style]) -> list[Trace]:
    traces, named = [], set[str]()
    for trial in report.trials:
        if trial.length != length:
            continue
        x = [record.num_sequences for record in trial.records]
        y = _exact([record.score for record in trial.records])
        first = trial.name not in named
        named.add(trial.name)
        traces.append(line(trial.name, x, y, styles[trial.name], legendgroup=trial.name, showlegend=first))
    return traces


def _exact(scores: Sequence[float]) -> list[float | None]:
    """Keep five digits of each score: on a log axis small ones count as much as large ones."""
    return [None if finite(score) is None else float(f"{score:.5g}") for score in scores]


def _marks(report: ExperimentReport, x: Sequence[int], bars: Sequence[float]) -> list[Trace]:
    return [line("chance", x, [report.chance] * len(x), CHANCE), line("solved", x, bars, BAR)]


def _score_axis(report: ExperimentReport, traces: Sequence[Trace]) -> Mapping[str, object]:
    """Describe the axis of scores; of errors it is logarithmic, and ends not far above chance."""
    if not report.lower_is_better:
        return axis(report.score_name)
    shown = [score for trace in traces for score in trace["y"] if score and score > 0]
    low, high = min(shown) / MARGIN, min(max(shown), FAR_OFF * report.chance) * MARGIN
    return axis(report.score_name, type="log", dtick=1, range=[log10(low), log10(high)])
