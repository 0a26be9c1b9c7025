"""How large the pieces are that `outer` works on."""

from __future__ import annotations

from dataclasses import dataclass

from elman.backends.llvm.tiles.writer import Module

GROUP = 6  # narrow numbers whose sums are in registers at once
GROUP_LANES = 8  # the vector that holds a group
NUM_VECTORS = {32: 4, 16: 2}  # wide vectors at once, by the number of vector registers
CHUNK = {32: 128, 16: 256}  # rows packed at once: a strip of them stays in the first cache
TILE_NARROW, TILE_WIDE = 96, 256


@dataclass(frozen=True)
class Sizes:
    """Sizes of the pieces, in numbers.

    Args:
        lanes: Numbers in a vector.
        num_vectors: Vectors in a strip of the wide side.
    """

    lanes: int
    num_vectors: int
    chunk: int
    group: int = GROUP
    tile_narrow: int = TILE_NARROW
    tile_wide: int = TILE_WIDE

    @classmethod
    def of(cls, module: Module) -> Sizes:
        """Choose them for the registers of a module."""
        return cls(module.num_lanes, NUM_VECTORS[module.num_registers], CHUNK[module.num_registers])

    @property
    def strip(self) -> int:
        """Numbers of the wide side whose sums are in registers at once."""
        return self.lanes * self.num_vectors

    @property
    def packed_group(self) -> int:
        """From one packed group to the next; the last store of a group is wider than the group."""
        return self.chunk * self.group + GROUP_LANES

    @property
    def narrow_at(self) -> int:
        """Where the packed narrow side stands in the work space; the wide side is at its beginning."""
        return self.chunk * self.tile_wide

    @property
    def turned_at(self) -> int:
        """Where the transposed tile of the result stands in the work space."""
        return self.narrow_at + self.tile_narrow // self.group * self.packed_group

    @property
    def work(self) -> int:
        """Size of the work space."""
        return self.turned_at + self.tile_narrow * self.tile_wide
