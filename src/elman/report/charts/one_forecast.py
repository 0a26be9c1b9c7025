"""One forecast: bands, median, baselines, what came true, and the stretch before the origin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elman.report.charts.chart import Figure, Trace
from elman.report.charts.history import gap_trace, lone_dots
from elman.report.charts.traces import (
    DOTTED,
    NETWORK,
    OBSERVED,
    Style,
    axes_over_spans,
    band,
    line,
    moments,
    time_axis,
)
from elman.report.formatting import moment, rounded

if TYPE_CHECKING:
    import polars as pl

    from elman.report.charts.origins import Origin
    from elman.tasks.results import SeriesHistory


@dataclass(frozen=True)
class Look:
    """What all forecasts of one page share.

    Args:
        target: name of the target.
        quantiles: levels, ascending.
        baselines: the baselines' styles.
        context: steps shown before the origin.
    """

    target: str
    quantiles: tuple[float, ...]
    baselines: Mapping[str, Style]
    context: int

    @property
    def median(self) -> str:
        """The column of the point forecast: the quantile nearest to one half."""
        return column(min(self.quantiles, key=lambda level: abs(level - 0.5)))

    @property
    def pairs(self) -> list[tuple[float, float]]:
        """Pairs of quantiles that lie symmetrically about one half, the widest first."""
        mirrored = {round(1 - level, 9): level for level in self.quantiles}
        lower = (level for level in self.quantiles if level < 0.5 and round(level, 9) in mirrored)
        return [(level, mirrored[round(level, 9)]) for level in lower]


class Context:
    """The observed values of one series, found by time."""

    def __init__(self, series: SeriesHistory):
        self._series = series
        self._position = {time: index for index, time in enumerate(series.times)}

    def before(self, origin: Any, length: int) -> tuple[Sequence[Any], Sequence[float | None]]:
        """Return the times and values of the last `length` steps up to the origin, which is included."""
        if origin not in self._position:
            return [], []
        end = self._position[origin] + 1
        stretch = slice(max(0, end - length), end)
        return list(self._series.times[stretch]), list(self._series.values[stretch])


def column(quantile: float) -> str:
    """Name the column of a quantile.

    Example:
        >>> column(0.5), column(0.025)
        ('q0.5', 'q0.025')
    """
    return f"q{quantile:g}"


def forecast_figure(origin: Origin, context: Context | None, look: Look) -> Figure:
    """Draw one forecast."""
    rows = origin.rows
    past, values = context.before(origin.time, look.context) if context else ([], [])
    times = moments([*past, *rows["time"]])
    observed = rounded([*values, *rows["target"]])
    ahead = moments(rows["time"])
    traces = [
        *gap_trace(times, observed),
        *_bands(rows, ahead, look),
        *_baselines(rows, ahead, look),
        line("observed", times, observed, OBSERVED, legendrank=1),
        *lone_dots(times, observed),
        _median(rows, ahead, look),
    ]
    layout = {
        "xaxis": time_axis(rows["time"].to_list()),
        **axes_over_spans(look.target, traces),
        "hovermode": "x unified",
        "shapes": [_origin_line(moment(origin.time))],
    }
    return Figure(traces, layout)


def _bands(rows: pl.DataFrame, ahead: Sequence[Any], look: Look) -> list[Trace]:
    return [
        band(
            f"{_share(lower, upper)} band",
            ahead,
            rounded(rows[column(lower)].to_list()),
            rounded(rows[column(upper)].to_list()),
            f"var(--band-{min(depth, 3)})",
        )
        for depth, (lower, upper) in enumerate(look.pairs, start=1)
    ]


def _baselines(rows: pl.DataFrame, ahead: Sequence[Any], look: Look) -> list[Trace]:
    return [
        line(name, ahead, rounded(rows[name].to_list()), style, visible=False)
        for name, style in look.baselines.items()
        if name in rows.columns
    ]


def _median(rows: pl.DataFrame, ahead: Sequence[Any], look: Look) -> Trace:
    trace = line("forecast (median)", ahead, rounded(rows[look.median].to_list()), NETWORK, legendrank=2)
    if not look.pairs:
        return trace
    lower, upper = look.pairs[0]
    edges = [rounded(rows[column(level)].to_list()) for level in (lower, upper)]
    told = f"%{{y}} ({_share(lower, upper)}: %{{customdata[0]}} to %{{customdata[1]}})"
    return {**trace, "customdata": list(zip(*edges, strict=True)), "hovertemplate": told}


def _origin_line(time: Any) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "x",
        "x0": time,
        "x1": time,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": "var(--muted)", "width": 1, "dash": DOTTED},
    }


def _share(lower: float, upper: float) -> str:
    return f"{round(100 * (upper - lower), 4):g} %"
