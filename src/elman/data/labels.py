"""Classes that are called as missing values are: a country NA, an answer None."""

from __future__ import annotations

import polars as pl

from elman.data.coerce import MISSING
from elman.data.findings import Finding
from elman.data.wording import count, listed


def report_words(labels: pl.Series, what: str) -> list[Finding]:
    """Report labels that elsewhere would be missing values; they are taken as they stand.

    Args:
        labels: (N,) null where there is none.
        what: that a label is of, in the singular.

    Example:
        >>> report_words(pl.Series("land", ["DE", "NA", "NA"]), "sequence")[0].message
        "'land': 2 sequences have the label NA, taken as it stands; where none is known, leave it empty."
    """
    if labels.dtype != pl.String:
        return []
    words = labels.filter(labels.is_in(MISSING))
    if not len(words):
        return []
    names = sorted(set(words))
    have = "has" if len(words) == 1 else "have"
    message = (
        f"{labels.name!r}: {count(len(words), what)} {have} the label {listed(names)}, taken as it stands; "
        "where none is known, leave it empty."
    )
    return [Finding("label", message, column=labels.name, examples=names[:5])]
