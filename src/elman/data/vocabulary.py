"""Symbols of a text and their codes: characters, bytes or words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from elman.errors import DataError, OptionError

UNITS = ("character", "byte", "word")
UNKNOWN = 0
"""The code of what is not in the vocabulary. Bytes have none: all 256 are there."""

_JOINERS = frozenset("\u200c\u200d")  # they stand inside words of Persian and of the scripts of India
_CLOSING = frozenset(".,;:!?)]}”’%")
_OPENING = frozenset("([{“‘")
_MAX_SHOWN = 5


def check_unit(unit: str) -> None:
    """Refuse what is no unit.

    Raises:
        OptionError: it is none.
    """
    if unit not in UNITS:
        raise OptionError(f"`unit` must be one of {', '.join(UNITS)}, but it is {unit!r}.")


def split_symbols(text: str | bytes, unit: str) -> Sequence[str] | bytes:
    r"""Cut a text into its symbols.

    A word is a run of letters with the marks that combine with them and of digits, also with apostrophes or
    hyphens inside; every other mark and every end of line is a symbol of its own; spaces are none.

    Args:
        text: bytes for the unit "byte"; a text is encoded as UTF-8.
        unit: "character", "byte" or "word".

    Raises:
        OptionError: there is no such unit.

    Example:
        >>> split_symbols("He left!\n", "word")
        ['He', 'left', '!', '\n']
    """
    check_unit(unit)
    if unit == "byte":
        # A lone surrogate is a byte that was no UTF-8, as on a command line.
        return text if isinstance(text, bytes) else text.encode("utf-8", errors="surrogateescape")
    if isinstance(text, bytes):
        text = text.decode("utf-8", errors="replace")
    return _words(_combining(text)).findall(text) if unit == "word" else text


def _combining(text: str) -> str:
    """Return the characters of a text that belong to the letter before them, which are no letters to `re`."""
    found = (one for one in set(text) if unicodedata.category(one).startswith("M") or one in _JOINERS)
    return "".join(sorted(found))


@cache
def _words(combining: str) -> re.Pattern[str]:
    letter, mark = rf"[\w{combining}]", rf"[^\w\s{combining}]"
    return re.compile(rf"{letter}+(?:['’\-]{letter}+)*|{mark}|\n")


@dataclass(frozen=True)
class Vocabulary:
    r"""The symbols that have a code of their own; all others share the code `UNKNOWN`.

    Args:
        unit: "character", "byte" or "word".
        symbols: those of the codes 1, 2, ...; none for bytes, whose codes are their values.

    Example:
        >>> vocabulary = Vocabulary.of("banana", "character")
        >>> vocabulary.symbols, vocabulary.encode("nab!").tolist()
        (('a', 'b', 'n'), [3, 1, 2, 0])
        >>> vocabulary.decode([2, 1, 3])
        'ban'
    """

    unit: str
    symbols: tuple[str, ...]

    @classmethod
    def of(
        cls, symbols: Sequence[str] | bytes, unit: str, max_size: int = 10_000, min_count: int = 1
    ) -> Vocabulary:
        """Return the vocabulary of the symbols of a training part.

        Args:
            symbols: from `split_symbols`.
            unit: "character", "byte" or "word".
            max_size: symbols with a code at most; the most frequent are taken.
            min_count: how often a symbol must stand there to have a code.

        Raises:
            OptionError: there is no such unit.
            DataError: no symbol is frequent enough.
        """
        check_unit(unit)
        if unit == "byte":
            return cls(unit, ())
        counts = Counter(symbols)
        frequent = sorted((-number, one) for one, number in counts.items() if number >= min_count)
        if not frequent:
            raise DataError(
                f"No {unit} stands {min_count} times in the training part; the text is too short."
            )
        return cls(unit, tuple(sorted(str(one) for _, one in frequent[:max_size])))

    def __len__(self) -> int:
        """Return how many codes there are, the one for the unknown included."""
        return 256 if self.unit == "byte" else len(self.symbols) + 1

    @property
    def has_unknown(self) -> bool:
        """True if some symbols have no code of their own."""
        return self.unit != "byte"

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {symbol: code for code, symbol in enumerate(self.symbols, start=1)}

    @property
    def newline(self) -> int:
        """The code of the end of a line; `UNKNOWN` if training saw none."""
        return 10 if self.unit == "byte" else self._codes.get("\n", UNKNOWN)

    def encode(self, text: str | bytes) -> np.ndarray:
        """Return the codes of a text, (T,) int64.

        Args:
            text: any text.
        """
        return self.encode_symbols(split_symbols(text, self.unit))

    def encode_symbols(self, symbols: Sequence[str] | bytes) -> np.ndarray:
        """Return the codes of symbols, (T,) int64.

        Args:
            symbols: from `split_symbols`.
        """
        if isinstance(symbols, bytes):
            return np.frombuffer(symbols, dtype=np.uint8).astype(np.int64)
        codes = self._codes
        return np.fromiter((codes.get(one, UNKNOWN) for one in symbols), np.int64, len(symbols))

    def unknown_in(self, text: str | bytes) -> tuple[str, ...]:
        """Return the symbols of a text that have no code, each once, in their order.

        Args:
            text: any text.
        """
        if not self.has_unknown:
            return ()
        symbols = split_symbols(text, self.unit)
        return tuple(str(one) for one in dict.fromkeys(symbols) if one not in self._codes)

    def decode(self, codes: Iterable[int]) -> str:
        """Return the text of codes; words are parted by spaces as print parts them.

        Args:
            codes: any number of them.
        """
        if self.unit == "byte":
            return bytes(int(code) for code in codes).decode("utf-8", errors="replace")
        symbols = [self.symbol(code) for code in codes]
        return "".join(symbols) if self.unit == "character" else _join_words(symbols)

    def symbol(self, code: int) -> str:
        """Return the symbol of a code as people read it.

        Args:
            code: 0 <= code < len(self).
        """
        if self.unit == "byte":
            return chr(code) if 32 <= code < 127 or code == 10 else f"\\x{code:02x}"
        return self.symbols[code - 1] if code else "\N{REPLACEMENT CHARACTER}"

    def difference(self, now: Vocabulary) -> str:
        """Say what another vocabulary has that this one has not, and the other way; nothing if they agree.

        Args:
            now: the other one.
        """
        if self.unit != now.unit:
            return f"its unit was {self.unit}, now {now.unit}"
        new, gone = (set(now.symbols) - set(self.symbols), set(self.symbols) - set(now.symbols))
        told = [_list(new, self.unit, "new"), _list(gone, self.unit, "gone")]
        return ", ".join(filter(None, told))


def _list(symbols: set[str], unit: str, what: str) -> str:
    if not symbols:
        return ""
    shown = ", ".join(map(repr, sorted(symbols)[:_MAX_SHOWN]))
    more = ", ..." if len(symbols) > _MAX_SHOWN else ""
    plural = f"{unit} is" if len(symbols) == 1 else f"{unit}s are"
    return f"{len(symbols):,} {plural} {what} ({shown}{more})"


def _join_words(words: Sequence[str]) -> str:
    text, is_glued = "", True
    for word in words:
        text += word if is_glued or word in _CLOSING or word == "\n" else f" {word}"
        is_glued = word in _OPENING or word == "\n"
    return text
