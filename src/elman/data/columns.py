"""Which column of a table plays which part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl

from elman.errors import ColumnError


@dataclass(frozen=True)
class Columns:
    """The parts that a table's columns play in a forecast.

    Args:
        time: the column of time stamps.
        target: the numeric or boolean column to forecast.
        series: the column that says which series a row belongs to, if the table stacks several.
        known: covariates whose future values are known when a forecast is made (holidays, prices).
        past: covariates known only up to the moment of the forecast (measured weather).

    Raises:
        ColumnError: a column plays two parts, or several targets are given.

    Example:
        >>> Columns(time="Time", target="Demand", known=("Holiday",)).covariates
        ('Holiday',)
    """

    time: str
    target: str
    series: str | None = None
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the parts against each other; `check` compares them with a table."""
        _check_target(self.target)
        for part in ("known", "past"):
            object.__setattr__(self, part, _as_names(part, getattr(self, part)))
        for part in ("time", "series"):
            _check_single(part, getattr(self, part))
        _check_parts(self._parts())

    @property
    def covariates(self) -> tuple[str, ...]:
        """The known covariates, then the past ones."""
        return self.known + self.past

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that plays a part: time, series if there is one, target, covariates."""
        return tuple(name for _, name in self._parts())

    def check(self, frame: pl.DataFrame) -> None:
        """Check that `frame` has these columns, with types that can play their parts.

        Raises:
            ColumnError: a column is absent, the target is not numeric or boolean, or a covariate
                is not numeric, boolean or text.
        """
        for part, name in self._parts():
            check_exists(name, frame, f"{part}={name!r}")
        _check_target_type(frame[self.target])
        for name in self.covariates:
            _check_covariate_type(frame[name])

    def _parts(self) -> list[tuple[str, str]]:
        series = [] if self.series is None else [("series", self.series)]
        covariates = [("known", name) for name in self.known] + [("past", name) for name in self.past]
        return [("time", self.time), *series, ("target", self.target), *covariates]


def check_exists(name: str, frame: pl.DataFrame, what: str) -> None:
    """Raise a `ColumnError` with the nearest match unless `frame` has the column `name`."""
    if name in frame.columns:
        return
    folded = {column.casefold(): column for column in frame.columns}
    close = get_close_matches(name.casefold(), folded, n=1)
    hint = f" Did you mean {folded[close[0]]!r}?" if close else ""
    raise ColumnError(f"The table has no column {what}.{hint} Its columns: {_listed(frame.columns)}.")


def _listed(names: Iterable[str], limit: int = 30) -> str:
    names = list(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(repr, names[:limit])) + more


def _as_names(part: str, names: object) -> tuple[str, ...]:
    if isinstance(names, str):
        return (names,)
    listed = list(names) if isinstance(names, Iterable) else [names]
    texts = tuple(name for name in listed if isinstance(name, str))
    if len(texts) < len(listed):
        raise ColumnError(f"`{part}` must be a list of column names, but it is {names!r}.")
    return texts


def _check_single(part: str, name: object) -> None:
    if not isinstance(name, str) and not (part == "series" and name is None):
        raise ColumnError(f"`{part}` must be the name of one column, but it is {name!r}.")


def _check_target(target: object) -> None:
    if isinstance(target, str):
        return
    if isinstance(target, Iterable):
        raise ColumnError(
            f"`target` must be the name of one column, but it lists {_listed(map(str, target))}: forecast "
            "one target at a time, or stack them into one column and name the stacked variable as `series`."
        )
    raise ColumnError(f"`target` must be the name of one column, but it is {target!r}.")


def _check_parts(parts: list[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for part, name in parts:
        if seen.get(name) == part:
            raise ColumnError(f"Column {name!r} is named twice in `{part}`.")
        if name in seen:
            raise ColumnError(
                f"Column {name!r} is named as `{seen[name]}` and as `{part}`; a column plays one part."
            )
        seen[name] = part


def _check_target_type(target: pl.Series) -> None:
    if target.dtype.is_numeric() or target.dtype in (pl.Boolean, pl.Null):
        return
    raise ColumnError(
        f"The target {target.name!r} must be numeric or boolean, but it is {describe_type(target.dtype)}"
        f"{_not_numbers(target)}."
    )


def _not_numbers(column: pl.Series) -> str:
    if column.dtype != pl.String:
        return ""
    wrong = column.filter(column.is_not_null() & column.cast(pl.Float64, strict=False).is_null())
    examples = wrong.unique(maintain_order=True).head(3).to_list()
    return f": {len(wrong):,} of {len(column):,} values are not numbers, such as {_listed(examples)}"


def _check_covariate_type(column: pl.Series) -> None:
    if column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.String, pl.Categorical, pl.Null):
        return
    if isinstance(column.dtype, pl.Enum):
        return
    raise ColumnError(
        f"The covariate {column.name!r} must be numeric, boolean or text, but it is "
        f"{describe_type(column.dtype)}; derive a number or a text from it first."
    )


def describe_type(dtype: pl.DataType) -> str:
    """Return a column's type in plain words: "text", "dates", "numbers", ..."""
    if dtype.is_numeric():
        return "numbers"
    words = {
        pl.String: "text",
        pl.Boolean: "true or false",
        pl.Date: "dates",
        pl.Datetime: "time stamps",
        pl.Duration: "durations",
        pl.Null: "empty",
    }
    return words.get(dtype.base_type(), f"of type {dtype}")
