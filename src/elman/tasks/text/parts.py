"""A text cut into the part to learn from, the one to choose by, and the one to be judged on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from elman.data.findings import Finding
from elman.data.vocabulary import UNKNOWN, Vocabulary, split_symbols
from elman.errors import DataError, OptionError
from elman.tasks.text.mixture import MOST_COUNTED
from elman.tasks.text.options import TextOptions

_LEAST = 10
_VALIDATION, _MAX_VALIDATION = 0.05, 10_000
_MANY_UNKNOWN = 0.02


@dataclass(frozen=True)
class TextParts:
    """A text as codes, and where its parts begin.

    Args:
        codes: the whole text, (T,).
        vocabulary: learned from the training part.
        validation_start: the first symbol of the validation part.
        test_start: the first symbol of the test part; T if there is none.
        findings: what was odd.
    """

    codes: np.ndarray
    vocabulary: Vocabulary
    validation_start: int
    test_start: int
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, text: str | bytes, options: TextOptions, vocabulary: Vocabulary | None = None) -> TextParts:
        """Cut a text, and learn the vocabulary of its training part.

        Args:
            text: the text.
            options: the unit, and how long the parts are.
            vocabulary: to be used instead of learning one.

        Raises:
            DataError: the text is too short.
        """
        symbols = split_symbols(text, options.unit)
        if len(symbols) < _LEAST:
            plural = "" if len(symbols) == 1 else "s"
            raise DataError(
                f"The text holds {len(symbols)} {options.unit}{plural}; a language model needs "
                f"{_LEAST} or more."
            )
        validation_start, test_start = _starts(len(symbols), options)
        # A word that stands there once teaches the network only what an unknown word is like.
        least = 2 if options.unit == "word" else 1
        vocabulary = vocabulary or Vocabulary.of(
            symbols[:validation_start], options.unit, options.vocabulary_size, least
        )
        codes = vocabulary.encode_symbols(symbols)
        findings = (
            *_repeats_one(codes[:validation_start], vocabulary),
            *_counts_the_last(validation_start, options),
            *_unknown(codes, test_start, vocabulary),
        )
        return cls(codes, vocabulary, validation_start, test_start, findings)

    def part(self, name: str) -> tuple[np.ndarray, int]:
        """Return the text up to the end of a part, and where the part begins.

        Raises:
            OptionError: there is no such part.
        """
        if name == "validation":
            return self.codes[: self.test_start], self.validation_start
        if name == "test" and self.test_start < len(self.codes):
            return self.codes, self.test_start
        reason = "there is none: test=0" if name == "test" else f"it is {name!r}"
        raise OptionError(f"`part` must be test or validation, but {reason}.")

    @property
    def lengths(self) -> dict[str, int]:
        """The symbols of each part."""
        bounds = (0, self.validation_start, self.test_start, len(self.codes))
        sizes = [end - begin for begin, end in pairwise(bounds)]
        return dict(zip(("training", "validation", "test"), sizes, strict=True))


def _starts(num_symbols: int, options: TextOptions) -> tuple[int, int]:
    """Return where the validation and the test part begin.

    Raises:
        DataError: nothing is left before them.
    """
    test_start = int(num_symbols * (1 - options.test))
    if options.validation is None:
        length = min(int(test_start * _VALIDATION), _MAX_VALIDATION)
    else:
        length = int(test_start * options.validation)
    validation_start = test_start - max(1, length)
    if validation_start < 2:
        raise DataError("The parts held out leave nothing to learn from; choose smaller shares.")
    return validation_start, test_start


def _repeats_one(codes: np.ndarray, vocabulary: Vocabulary) -> tuple[Finding, ...]:
    if (codes != codes[0]).any():
        return ()
    symbol = vocabulary.symbol(int(codes[0]))
    message = (
        f"The training part is one {vocabulary.unit}, {symbol!r}, over and over: nothing else is learned."
    )
    return (Finding("one_symbol", message, "warning"),)


def _counts_the_last(num_symbols: int, options: TextOptions) -> tuple[Finding, ...]:
    if not options.ngram or num_symbols <= MOST_COUNTED:
        return ()
    message = (
        f"Of the {num_symbols:,} {options.unit}s of the training part the network reads all, but the "
        f"{options.ngram}-grams it is mixed with count the last {MOST_COUNTED:,} only."
    )
    return (Finding("counts_the_last", message, "note"),)


def _unknown(codes: np.ndarray, test_start: int, vocabulary: Vocabulary) -> tuple[Finding, ...]:
    if not vocabulary.has_unknown or test_start == len(codes):
        return ()
    share = float((codes[test_start:] == UNKNOWN).mean())
    if not share:
        return ()
    message = (
        f"{share:.2%} of the test part's {vocabulary.unit}s are not in the vocabulary; all of them count "
        "as one symbol, for the network and the baselines alike."
    )
    return (Finding("unknown_symbols", message, "warning" if share > _MANY_UNKNOWN else "note"),)
