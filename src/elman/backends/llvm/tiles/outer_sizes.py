"""How large the pieces are that `outer` works on."""

from __future__ import annotations

from dataclasses import dataclass

from elman.backends.llvm.tiles.integer import Int
from elman.backends.llvm.tiles.writer import Module

GROUP = 6  # narrow numbers whose sums are in registers at once
NUM_VECTORS = {32: 4, 16: 2}  # wide vectors at once, by the number of vector registers
CHUNK = 64  # rows at once: those of a strip and a group stay in the first cache
TILE_WIDE = 256  # with the narrow side, the packed rows and the tile of the result stay in the second cache
TILE_NARROW = (
    96,
    384,
)  # whole groups; a longer tile packs the wide side less often, but there are fewer for the threads
WHOLE = 48  # up to so many narrow numbers are one tile


@dataclass(frozen=True)
class Sizes:
    """Sizes of the pieces, in numbers.

    Args:
        lanes: Numbers in a vector.
        num_vectors: Vectors in a strip of the wide side.
        line: Numbers in a line of the caches.
    """

    lanes: int
    num_vectors: int
    line: int

    @classmethod
    def of(cls, module: Module) -> Sizes:
        """Choose them for the registers of a module."""
        return cls(module.num_lanes, NUM_VECTORS[module.num_registers], 64 // module.num_bytes)

    @property
    def strip(self) -> int:
        """Numbers of the wide side whose sums are in registers at once."""
        return self.lanes * self.num_vectors

    @property
    def packed_wide(self) -> int:
        """From one packed row of the wide side to the next: an odd number of lines, to use all sets."""
        return TILE_WIDE + self.line

    @property
    def packed_narrow(self) -> int:
        """From one packed row of the narrow side to the next."""
        return TILE_NARROW[1] + self.line

    @property
    def narrow_at(self) -> int:
        """Where the packed narrow side stands in the work space; the wide side is at its beginning."""
        return CHUNK * self.packed_wide

    @property
    def turned_at(self) -> int:
        """Where the transposed tile of the result stands in the work space."""
        return self.narrow_at + CHUNK * self.packed_narrow

    @property
    def pointers_at(self) -> int:
        """Where the pointers to the packed rows stand, those of the wide side first."""
        return self.turned_at + TILE_NARROW[1] * TILE_WIDE

    @property
    def work(self) -> int:
        """Size of the work space; a pointer takes the place of two numbers at most."""
        return self.pointers_at + 2 * 2 * CHUNK


def cut(length: Int, size: Int | int) -> Int:
    """Write how many pieces of a size there are, the last one perhaps smaller."""
    return (length + size - 1) // size


def narrow_tile(num_narrow: Int, num_wide: Int) -> Int:
    """Write the length of a tile: groups, in an even number of tiles of about one length, for two threads."""
    least, most = TILE_NARROW
    target = (num_wide * 3 // 2).minimum(most).maximum(least)
    num_tiles = cut(num_narrow, target * 2) * 2
    num_tiles = num_narrow.function.select(num_narrow < WHOLE + 1, 1, num_tiles)
    return cut(cut(num_narrow, num_tiles), GROUP).maximum(1) * GROUP
