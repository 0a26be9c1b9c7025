"""Spans that tags such as B-PER, I-PER, O spell, and how well those of two taggings agree.

The reading of the shared tasks on chunks and names (conlleval): IOB1, IOB2 (BIO), IOE, BIOES and BILOU
alike. A tag that cannot follow the one before begins a span of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from elman.tasks.results.tag import SpanRow

Span = tuple[str, int, int]
"""Type, first step, last step."""

_TAG = re.compile(r"[BIESLU]-.+")
_ALIKE = {"L": "E", "U": "S"}


def are_spans(labels: Iterable[str]) -> bool:
    """Tell whether labels spell spans: all of them O or of the form B-TYPE, and B or I or S among them.

    Example:
        >>> are_spans(["O", "B-PER", "I-PER"]), are_spans(["NOUN", "VERB"])
        (True, False)
    """
    labels = list(labels)
    begins = any(label[:2] in ("B-", "I-", "S-", "U-") for label in labels)
    return begins and all(label == "O" or _TAG.fullmatch(label) for label in labels)


def spans_of(tags: Sequence[str | None]) -> list[Span]:
    """Return the spans of one sequence in their order; a missing tag is read as O.

    Example:
        >>> spans_of(["B-PER", "I-PER", "O", "I-LOC", "B-LOC"])
        [('PER', 0, 1), ('LOC', 3, 3), ('LOC', 4, 4)]
    """
    spans: list[Span] = []
    begin: int | None = None
    before, before_type = "O", ""
    for at, (mark, type_) in enumerate([*map(_split, tags), ("O", "")]):
        if begin is not None and _ends(before, mark, before_type != type_):
            spans.append((before_type, begin, at - 1))
            begin = None
        if mark != "O" and _starts(before, mark, before_type != type_):
            begin = at
        before, before_type = mark, type_
    return spans


def _split(tag: str | None) -> tuple[str, str]:
    if tag is None or not _TAG.fullmatch(tag):
        return "O", ""
    return _ALIKE.get(tag[0], tag[0]), tag[2:]


def _ends(before: str, mark: str, is_other_type: bool) -> bool:
    return mark in "OBS" or before in "ES" or is_other_type


def _starts(before: str, mark: str, is_other_type: bool) -> bool:
    return mark in "BS" or before in "OES" or is_other_type


def score_spans(truths: Iterable[list[Span]], guesses: Iterable[list[Span]]) -> list[SpanRow]:
    """Compare the spans of many sequences; one counts as found if its type and both ends are right.

    Args:
        truths: the true spans of each sequence.
        guesses: those that were found.

    Returns:
        A row for all types together, micro-averaged, called "all", then one for each type.
    """
    true, found, right = Counter[str](), Counter[str](), Counter[str]()
    for truth, guess in zip(truths, guesses, strict=True):
        true.update(span[0] for span in truth)
        found.update(span[0] for span in guess)
        right.update(span[0] for span in set(truth) & set(guess))
    rows = [SpanRow("all", true.total(), found.total(), right.total())]
    return rows + [SpanRow(type_, true[type_], found[type_], right[type_]) for type_ in sorted(true | found)]
