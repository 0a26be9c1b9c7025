"""Training, validation and test part of each series, by time: what is learned from is always earlier."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from elman.data.findings import Finding
from elman.data.frequency import Frequency, parse_duration
from elman.data.panel import Panel, Series
from elman.data.steps import MICROSECONDS, MONTHS
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
    """
    held_out = _Lengths(
        _positive("context", context),
        _positive("horizon", horizon),
        _num_steps("validation", validation, panel.frequency),
        _num_steps("test", test, panel.frequency),
    )
    held_out.check()
    kept = [one for one in panel.series if one.num_observed >= held_out.needed]
    short = [one for one in panel.series if one.num_observed < held_out.needed]
    if short and (not kept or too_short == "error"):
        raise DataError(
            held_out.shortage(max(short, key=lambda one: one.num_observed) if not kept else short[0])
        )
    findings = (_left_out(short, held_out),) if short else ()
    panel = replace(panel, series=tuple(kept), findings=panel.findings + findings)
    return SplitPanel(panel, tuple(held_out.split(one.num_observed) for one in kept))


@dataclass(frozen=True)
class _Lengths:
    context: int
    horizon: int
    validation: int
    test: int

    @property
    def needed(self) -> int:
        return self.context + self.horizon + self.validation + self.test

    def check(self) -> None:
        for part in ("validation", "test"):
            length = getattr(self, part)
            if 0 < length < self.horizon:
                raise OptionError(
                    f"The {part} part has {length} steps, which hold no forecast of horizon={self.horizon}: "
                    f"make it {self.horizon} steps or longer, or use horizon <= {length}."
                )

    def split(self, num_observed: int) -> TimeSplit:
        validation_end = num_observed - self.test
        return TimeSplit(validation_end - self.validation, validation_end, num_observed)

    def shortage(self, one: Series) -> str:
        who = "the series" if one.name is None else f"series {one.name!r}"
        return (
            f"{who[0].upper()}{who[1:]} has {one.num_observed:,} observed steps, but context {self.context} "
            f"+ horizon {self.horizon} + validation {self.validation} + test {self.test} need {self.needed:,}: "
            f"{self._remedy(one.num_observed)}."
        )

    def _remedy(self, num_observed: int) -> str:
        room = num_observed - self.validation - self.test
        if room < 2:
            return "shorten the validation and test parts, which leave nothing to train on"
        remedies = []
        if room > self.horizon:
            remedies.append(f"context <= {room - self.horizon}")
        if room > self.context:
            remedies.append(f"horizon <= {room - self.context}")
        return "use " + " or ".join(remedies or [f"context + horizon <= {room}"])


def _left_out(short: list[Series], lengths: _Lengths) -> Finding:
    names = [str(one.name) for one in short]
    message = (
        f"{len(short):,} series left out because they have fewer than {lengths.needed:,} observed steps "
        f"(context {lengths.context} + horizon {lengths.horizon} + validation {lengths.validation} + test "
        f"{lengths.test}): {', '.join(names[:5])}{' and more' if len(names) > 5 else ''}."
    )
    return Finding(
        "too_short", message, "warning", series=names[0] if len(names) == 1 else None, examples=names[:5]
    )


def _positive(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise OptionError(f"{name} must be a whole number of steps, 1 or more, but it is {value!r}.")
    return value


def _num_steps(part: str, length: int | str, frequency: Frequency) -> int:
    if isinstance(length, str):
        return _steps_in(part, length, frequency)
    if isinstance(length, bool) or not isinstance(length, int) or length < 0:
        raise OptionError(
            f"{part} must be a number of steps or a duration such as '56d', 0 for none, but it is {length!r}."
        )
    return length


def _steps_in(part: str, duration: str, frequency: Frequency) -> int:
    count, unit = parse_duration(duration)
    for units in (MICROSECONDS, MONTHS, {"i": 1}):
        if unit in units and frequency.unit in units:
            steps, rest = divmod(count * units[unit], frequency.count * units[frequency.unit])
            if rest == 0:
                return steps
    raise OptionError(
        f"{part}={duration!r} is no whole number of steps of {frequency.every}; give it in steps, such as "
        f"{part}=48."
    )
