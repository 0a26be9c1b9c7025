"""What of a long series is drawn: fewer points with every peak, and where values are missing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

Values = Sequence[float | None]


def thin(values: Values, max_points: int) -> list[int]:
    """Choose the indices to draw so that the picture stays the same.

    The series is cut into buckets of equal length; each keeps its smallest and largest value and its
    first missing one, in their order, so peaks stay and gaps still break the line.

    Args:
        values: the series, gaps as `None`.
        max_points: at most this many values are kept (missing ones come on top).

    Example:
        >>> thin([0, 1, 9, 1, 0, 0, None, 5], 4)
        [0, 2, 4, 6, 7]
    """
    if len(values) <= max_points:
        return list(range(len(values)))
    size = -(-2 * len(values) // max_points)
    buckets = (range(start, min(start + size, len(values))) for start in range(0, len(values), size))
    return [index for bucket in buckets for index in _landmarks(values, bucket)]


def _landmarks(values: Values, bucket: range) -> list[int]:
    known = [(value, index) for index in bucket if (value := values[index]) is not None]
    missing = [index for index in bucket if values[index] is None]
    extremes = [min(known)[1], max(known)[1]] if known else []
    return sorted({*missing[:1], *extremes})


def gaps(values: Values) -> list[tuple[int, int]]:
    """Return each run of missing values as (first, last), both inside the run.

    Example:
        >>> gaps([1.0, None, None, 2.0, None])
        [(1, 2), (4, 4)]
    """
    runs = (list(run) for missing, run in groupby(range(len(values)), lambda i: values[i] is None) if missing)
    return [(run[0], run[-1]) for run in runs]


def isolated(values: Values) -> list[int]:
    """Return the indices of values with a gap on both sides, which a line alone would not show.

    Example:
        >>> isolated([None, 1.0, None, 2.0, 3.0])
        [1]
    """
    padded = [None, *values, None]
    return [
        index
        for index, value in enumerate(values)
        if value is not None and padded[index] is None and padded[index + 2] is None
    ]


def spread(length: int, amount: int) -> list[int]:
    """Return up to `amount` indices spread evenly over `length`, the first and the last among them.

    Example:
        >>> spread(10, 4), spread(2, 4), spread(5, 1)
        ([0, 3, 6, 9], [0, 1], [0])
    """
    amount = min(amount, length)
    if amount < 2:
        return list(range(amount))
    return [round(index * (length - 1) / (amount - 1)) for index in range(amount)]
