"""Rows summed up, beside the bars that the project has set itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from elman.benchmark.results import Row, Verdict
from elman.benchmark.timing import geometric_mean


@dataclass(frozen=True)
class Bar:
    """What a number must reach, and what it aims at."""

    must: float
    aim: float


_RNN = ("RNN tanh", "RNN relu")
_LAYERS = (*_RNN, "GRU", "LSTM")

MEAN_BARS = {
    **{("train", name): Bar(4.5, 7) for name in _RNN},
    ("train", "GRU"): Bar(5, 8),
    ("train", "LSTM"): Bar(1.3, 1.8),
    **{("train-input", name): Bar(4, 6) for name in _RNN},
    ("train-input", "GRU"): Bar(4.5, 7),
    ("train-input", "LSTM"): Bar(1.2, 1.7),
    **{("forward", name): Bar(2, 4) for name in _RNN},
    ("forward", "GRU"): Bar(3, 5),
    ("forward", "LSTM"): Bar(1.0, 1.5),
    ("cells", ""): Bar(8, 15),
    **{("jax", name): Bar(1.2, 3) for name in _LAYERS},
    **{("peak", name): Bar(0.5, 0.75) for name in _LAYERS},
}
WORST_BARS = {
    **{(mode, name): Bar(1.3, 1.8) for mode in ("train", "train-input") for name in (*_RNN, "GRU")},
    **{(mode, "LSTM"): Bar(0.9, 1.1) for mode in ("train", "train-input")},
    ("cells", ""): Bar(4, 6),
    ("lengths", ""): Bar(0.65, 0.55),
    ("first-call", ""): Bar(2, 0.3),
    ("memory", "GRU"): Bar(1.0, 0.6),
    ("memory", "LSTM"): Bar(1.0, 0.6),
}

LESS_IS_BETTER = {"lengths", "first-call", "memory"}
MEAN_ALONE = {"jax", "peak", "step"}
ONE_GROUP = {"cells", "lengths", "first-call"}


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """Sum up each section, by name where the names are layers; a red row leaves its group without a number.

    Args:
        rows: All measurements.
    """
    verdicts: list[Verdict] = []
    for (section, name), group in _groups(rows).items():
        if section not in LESS_IS_BETTER:
            verdicts.append(_verdict("geometric mean", section, name, group, geometric_mean))
        if section not in MEAN_ALONE:
            worst = max if section in LESS_IS_BETTER else min
            verdicts.append(_verdict("worst", section, name, group, worst))
    return verdicts


def _groups(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in [*rows, *_beside_jax(rows)]:
        if row.figure is not None or row.red:
            name = "" if row.section in ONE_GROUP else row.name
            groups.setdefault((row.section, name), []).append(row)
    return groups


def _beside_jax(rows: Sequence[Row]) -> Iterator[Row]:
    for row in rows:
        if row.section == "train" and "jax" in row.others:
            yield Row("jax", row.name, row.shape, row.unit, row.values, row.others["jax"], row.backend)


def _verdict(
    statistic: str, section: str, name: str, rows: list[Row], sum_up: Callable[[Iterable[float]], float]
) -> Verdict:
    figures = [row.figure for row in rows if row.figure is not None]
    value = None if len(figures) < len(rows) else sum_up(figures)
    bar = (MEAN_BARS if statistic == "geometric mean" else WORST_BARS).get((section, name))
    said = f"{statistic} of {len(rows)}"
    if statistic == "worst" and value is not None:
        worst = next(row for row in rows if row.figure == value)
        where = worst.shape if name else f"{worst.name} {worst.shape}"
        said = f"worst of {len(rows)}: {where}"
    return Verdict(
        section, name, said, value, bar and bar.must, bar and bar.aim, section not in LESS_IS_BETTER
    )
