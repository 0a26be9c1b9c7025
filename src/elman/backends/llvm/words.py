"""Arrays of words in which some are addresses that are known at the call."""

from collections.abc import Iterable, Sequence

import numpy as np

CONSTANT, OWN = 0, 1  # what a word is added to: nothing; the address of the words themselves


class Words:
    """Collects words; what was collected is filled in with addresses at every call, in one addition.

    Args:
        names: The arrays whose addresses are known at the call.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._places = {name: place for place, name in enumerate(names, start=2)}
        self._numbers: list[int] = []
        self._bases: list[int] = []

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._numbers)

    def append(self, number: int, array: str = "") -> None:
        """Add a number, or a place `number` bytes behind the beginning of an array."""
        self._numbers.append(number)
        self._bases.append(self._places[array] if array else CONSTANT)

    def extend(self, numbers: Iterable[int]) -> int:
        """Add numbers; return how far from the beginning they are, in bytes."""
        begin = 8 * len(self)
        for number in numbers:
            self.append(number)
        return begin

    def point(self, word: int, distance: int) -> None:
        """Make a word the address of the words themselves, and some bytes more."""
        self._numbers[word], self._bases[word] = distance, OWN

    def attach(self, word: int, array: str, distance: int = 0) -> None:
        """Make a word the address of an array, and some bytes more."""
        self._numbers[word], self._bases[word] = distance, self._places[array]

    def set(self, word: int, number: int) -> None:
        """Change a number."""
        self._numbers[word] = number

    def finish(self) -> "Filled":
        """Return them, ready to be filled in."""
        return Filled(np.array(self._numbers, np.int64), np.array(self._bases, np.intp))


class Filled:
    """Words that wait for addresses.

    Args:
        numbers: What is known.
        bases: To which address each is added.
    """

    def __init__(self, numbers: np.ndarray, bases: np.ndarray) -> None:
        self._numbers, self._bases = numbers, bases

    def fill(self, addresses: Sequence[int]) -> np.ndarray:
        """Return the words of one call.

        Args:
            addresses: Of the arrays, in the order of the names.
        """
        words = np.empty(len(self._numbers), np.int64)
        self.refill(words, address_of(words), addresses)
        return words

    def refill(self, words: np.ndarray, at: int, addresses: Sequence[int]) -> None:
        """Fill in the words of another call.

        Args:
            words: What `fill` returned.
            at: Its own address.
            addresses: Of the arrays, in the order of the names.
        """
        bases = np.array([0, at, *addresses], np.int64)
        bases.take(self._bases, out=words, mode="clip")  # which checks nothing, and so is quicker
        words += self._numbers


def address_of(words: np.ndarray) -> int:
    """Return where an array begins; `ctypes.data` takes four times as long."""
    return words.__array_interface__["data"][0]
