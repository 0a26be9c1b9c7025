"""Training, validation and test part of each series, by time: what is learned from is always earlier."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from elman.data.findings import Finding
from elman.data.panel import Panel, Series
from elman.data.window_lengths import WindowLengths
from elman.data.wording import listed, only
from elman.errors import DataError, OptionError


@dataclass(frozen=True)
class TimeSplit:
    """Where the parts of one series end, as row indices.

    Args:
        train_end: rows [0, train_end) are for training.
        validation_end: rows [train_end, validation_end) are for choosing the model.
        test_end: rows [validation_end, test_end) are for judging it; later rows are the future.
    """

    train_end: int
    validation_end: int
    test_end: int


@dataclass(frozen=True)
class SplitPanel:
    """A panel of the series that are long enough, and the split of each.

    Args:
        panel: the series that were kept; its findings say which were left out.
        splits: one for each series of `panel`, in the same order.
    """

    panel: Panel
    splits: tuple[TimeSplit, ...]


def split_by_time(
    panel: Panel,
    *,
    horizon: int,
    context: int,
    validation: int | str,
    test: int | str,
    too_short: Literal["leave_out", "error"] = "leave_out",
) -> SplitPanel:
    """Take the last `test` observed steps of each series for testing and the `validation` steps before them.

    Series may end at different times; each is split at its own end. The training part must hold at
    least one window of `context + horizon` steps. Held-out forecasts may look back into earlier parts.

    Args:
        panel: the series to split.
        horizon: steps to forecast.
        context: steps that a forecast looks back on.
        validation: length of the validation part, in steps or as a duration such as "56d"; 0 for none.
        test: length of the test part; 0 for none.
        too_short: what to do with series that are too short while others are not.

    Raises:
        OptionError: a length is not legal, or a held-out part is shorter than the horizon.
        DataError: every series is too short, or one is and `too_short` is "error".

    Example:
        >>> from elman.data import Columns, build_panel
        >>> import polars as pl
        >>> panel = build_panel(pl.DataFrame({"t": range(9), "y": range(9)}), Columns("t", "y"))
        >>> split_by_time(panel, horizon=1, context=2, validation=2, test=3).splits
        (TimeSplit(train_end=4, validation_end=6, test_end=9),)
    """
    if too_short not in ("leave_out", "error"):
        raise OptionError(f"too_short must be 'leave_out' or 'error', but it is {too_short!r}.")
    lengths = WindowLengths.of(context, horizon, validation, test, panel.frequency)
    kept = [one for one in panel.series if one.num_observed >= lengths.needed]
    short = [one for one in panel.series if one.num_observed < lengths.needed]
    if short and (not kept or too_short == "error"):
        longest = max(short, key=lambda one: one.num_observed)
        raise DataError(lengths.shortage(longest.name, longest.num_observed))
    splits = tuple(_split(one, lengths) for one in kept)
    findings = [*_left_out(short, lengths), *_without_target(kept, splits, panel.columns.target)]
    panel = replace(panel, series=tuple(kept), findings=(*panel.findings, *findings))
    return SplitPanel(panel, splits)


def _split(one: Series, lengths: WindowLengths) -> TimeSplit:
    validation_end = one.num_observed - lengths.test
    return TimeSplit(validation_end - lengths.validation, validation_end, one.num_observed)


def _left_out(short: list[Series], lengths: WindowLengths) -> list[Finding]:
    if not short:
        return []
    names = [str(one.name) for one in short]
    message = (
        f"{len(short):,} series with fewer than {lengths.needed:,} observed steps ({lengths}) left out: "
        f"{listed(names)}."
    )
    return [Finding("too_short", message, "warning", series=only(names), examples=names[:5])]


def _without_target(kept: list[Series], splits: tuple[TimeSplit, ...], target: str) -> list[Finding]:
    """Report validation parts in which nothing can be scored; a test part ends with an observed target."""
    names = [
        str(one.name)
        for one, split in zip(kept, splits, strict=True)
        if split.train_end < split.validation_end
        and one.frame[target][split.train_end : split.validation_end].count() == 0
    ]
    if not names:
        return []
    where = f"of {len(names):,} series " if kept[0].name is not None else ""
    message = f"The validation part {where}has no observed target: no forecast of it can be scored."
    examples = names[:5] if kept[0].name is not None else ()
    return [Finding("empty_part", message, "warning", column=target, examples=examples)]
