"""The type of each column of text cells: integers, floats, booleans, or text."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from elman.errors import DataError

MISSING = ("NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None", "?")
_DECIMAL_COMMA = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?$"
_THOUSANDS_COMMA = r"^[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?$"
_THOUSANDS_POINT = r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$"


def coerce_columns(frame: pl.DataFrame, where: str, texts: Sequence[str] = ()) -> pl.DataFrame:
    """Give each column of text cells the narrowest type that holds all of its values.

    Blank cells become null. Words such as NA become null too, unless the column stays text.

    Args:
        frame: columns of type String only.
        where: the file's name, for messages.
        texts: columns that stay text as it is written; among nothing but numbers a word such as NA is null.

    Raises:
        DataError: a comma or point in numbers can be read both as decimal sign and as thousands mark.
    """
    cells = [_blank_to_null(frame[name]) for name in frame.columns]
    styles = [None if one.name in texts else _comma_style(_known(one)) for one in cells]
    file_style = next((style for style in styles if style in ("decimal", "thousands")), None)
    return pl.DataFrame(
        [
            _as_written(column) if column.name in texts else _coerce(column, style, file_style, where)
            for column, style in zip(cells, styles, strict=True)
        ]
    )


def _as_written(column: pl.Series) -> pl.Series:
    known = _known(column)
    is_number = known.drop_nulls().cast(pl.Float64, strict=False).is_not_null()
    return known if len(is_number) and is_number.all() else column


def _blank_to_null(column: pl.Series) -> pl.Series:
    text = column.str.strip_chars()
    return text.set(text == "", None)


def _known(column: pl.Series) -> pl.Series:
    return column.set(column.is_in(MISSING), None)


def _coerce(column: pl.Series, style: str | None, file_style: str | None, where: str) -> pl.Series:
    known = _known(column)
    if known.null_count() == len(known):
        return pl.Series(column.name, [None] * len(column), dtype=pl.Float64)
    if style is not None:
        return _numbers_with_commas(known, style if style != "either" else file_style, where)
    if file_style == "decimal" and bool(known.str.contains(_THOUSANDS_POINT).all()):
        raise _ambiguous(known, ".", where)
    for dtype in (pl.Int64, pl.Float64):
        numbers = known.cast(dtype, strict=False)
        if numbers.null_count() == known.null_count():
            return numbers
    return _booleans(known) if bool(known.str.to_lowercase().is_in(["true", "false"]).all()) else column


def _booleans(known: pl.Series) -> pl.Series:
    return known.str.to_lowercase() == "true"


def _comma_style(known: pl.Series) -> str | None:
    """Return how commas stand in a column of numbers: "decimal", "thousands", "either", or None."""
    if not known.str.contains(",", literal=True).any():
        return None
    is_decimal = bool(known.str.contains(_DECIMAL_COMMA).all())
    is_thousands = bool(known.str.contains(_THOUSANDS_COMMA).all())
    if is_decimal and is_thousands:
        return "either"
    return "decimal" if is_decimal else "thousands" if is_thousands else None


def _numbers_with_commas(known: pl.Series, style: str | None, where: str) -> pl.Series:
    if style == "decimal":
        plain = known.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    elif style == "thousands":
        plain = known.str.replace_all(",", "", literal=True)
    else:
        raise _ambiguous(known, ",", where)
    return plain.cast(pl.Float64)


def _ambiguous(known: pl.Series, mark: str, where: str) -> DataError:
    example = known.filter(known.str.contains(mark, literal=True))[0]
    return DataError(
        f"{where}: column {known.name!r} holds numbers such as {example!r}, where {mark!r} may be a decimal "
        f"sign or a thousands mark; write the numbers with a decimal point and without thousands marks."
    )
