"""Gradients of weights: the sum over many rows of the products of two vectors, tile by tile of the result.

One side is *wide*: its numbers lie in the lanes of vectors. The other is *narrow*: each number of it is
copied to all lanes. The narrow side is the left one, unless the other way round wastes fewer lanes.
"""

from dataclasses import dataclass
from typing import NamedTuple

from elman.backends.llvm.tiles.integer import Int
from elman.backends.llvm.tiles.outer_sizes import GROUP, TILE_WIDE, Sizes, cut, narrow_tile
from elman.backends.llvm.tiles.outer_tile import write_outer_tile
from elman.backends.llvm.tiles.writer import Function, Module

OUTER = (
    "ptr left_rows",
    "ptr right_rows",
    "i64 num_rows",
    "i64 left_offset",
    "i64 right_offset",
    "i64 num_left",
    "i64 num_right",
    "ptr out",
    "i64 out_stride",
    "i64 first_tile",
    "i64 last_tile",
    "ptr work",
)


@dataclass(frozen=True)
class Grid:
    """How the result is cut into tiles: by its size alone.

    Args:
        is_swapped: Whether the wide side is the left one, an i1.
        num_narrow: Numbers of the narrow side.
        num_wide: Numbers of the wide side.
        narrow_tile: Length of a tile along the narrow side.
        num_narrow_tiles: Tiles along the narrow side.
        num_tiles: All tiles.
    """

    is_swapped: str
    num_narrow: Int
    num_wide: Int
    narrow_tile: Int
    num_narrow_tiles: Int
    num_tiles: Int


class Side(NamedTuple):
    """One of the two sides: rows, and where its numbers begin in each."""

    rows: str
    offset: Int

    def __call__(self, start: Int, length: Int) -> tuple[str, str, str]:
        """Return the operands for some of its numbers."""
        return f"ptr {self.rows}", f"i64 {self.offset + start}", f"i64 {length}"


def write_outer(module: Module) -> None:
    """Write `outer`: out[m, k] += the sum over rows, in order, of left[row, m] * right[row, k].

    It runs over some tiles of the result and begins each from what stands in `out`: neither cutting the
    rows nor dealing out the tiles changes a bit.
    """
    sizes = Sizes.of(module)
    write_outer_tile(module, sizes)
    _write_copies(module)
    with module.function("outer_num_tiles", "i64 num_left", "i64 num_right", result="i64") as f:
        f.line(f"ret i64 {_grid(f, sizes).num_tiles}")
    with module.function("outer", *OUTER) as f:
        _add_tiles(f, sizes)


def _grid(f: Function, sizes: Sizes) -> Grid:
    left, right = f.argument("num_left", "num_right")

    def cost(narrow: Int, wide: Int) -> Int:
        return cut(narrow, GROUP) * GROUP * cut(wide, sizes.lanes)

    # Swapping copies the tile of the result twice: it must save a quarter.
    is_swapped = cost(right, left) * 4 < cost(left, right) * 3
    narrow, wide = f.select(is_swapped, right, left), f.select(is_swapped, left, right)
    tile = narrow_tile(narrow, wide)
    num_narrow_tiles = cut(narrow, tile)
    return Grid(is_swapped, narrow, wide, tile, num_narrow_tiles, num_narrow_tiles * cut(wide, TILE_WIDE))


def _add_tiles(f: Function, sizes: Sizes) -> None:
    first_tile, last_tile, out_stride = f.argument("first_tile", "last_tile", "out_stride")
    grid = _grid(f, sizes)
    narrow_side, wide_side = _sides(f, grid.is_swapped)
    turned = f.address("%work", sizes.turned_at)
    stride = f.select(grid.is_swapped, TILE_WIDE, out_stride)
    with f.loop(first_tile, last_tile) as tile:
        narrow = tile % grid.num_narrow_tiles * grid.narrow_tile
        wide = tile // grid.num_narrow_tiles * TILE_WIDE
        num_narrow = (grid.num_narrow - narrow).minimum(grid.narrow_tile)
        num_wide = (grid.num_wide - wide).minimum(TILE_WIDE)
        straight = f.address("%out", narrow * out_stride + wide)
        swapped = f.address("%out", wide * out_stride + narrow)
        copied = (
            f"ptr {swapped}",
            "i64 %out_stride",
            f"ptr {turned}",
            f"i64 {num_narrow}",
            f"i64 {num_wide}",
        )
        with f.when(grid.is_swapped):
            f.call("outer_turn", "void", *copied)
        out = f.select_pointer(grid.is_swapped, turned, straight)
        operands = (*narrow_side(narrow, num_narrow), *wide_side(wide, num_wide), "i64 %num_rows")
        f.call("outer_tile", "void", *operands, f"ptr {out}", f"i64 {stride}", "ptr %work")
        with f.when(grid.is_swapped):
            f.call("outer_turn_back", "void", *copied)


def _sides(f: Function, is_swapped: str) -> tuple[Side, Side]:
    """Return the narrow and the wide side."""
    left_offset, right_offset = f.argument("left_offset", "right_offset")
    narrow_rows = f.select_pointer(is_swapped, "%right_rows", "%left_rows")
    wide_rows = f.select_pointer(is_swapped, "%left_rows", "%right_rows")
    narrow = Side(narrow_rows, f.select(is_swapped, right_offset, left_offset))
    return narrow, Side(wide_rows, f.select(is_swapped, left_offset, right_offset))


def _write_copies(module: Module) -> None:
    """Write `outer_turn`, which copies a tile of the result transposed, and `outer_turn_back`."""
    parameters = ("ptr out", "i64 out_stride", "ptr turned", "i64 num_narrow", "i64 num_wide")
    for name in ("outer_turn", "outer_turn_back"):
        with module.function(name, *parameters, local=True) as f:
            out_stride, num_narrow, num_wide = f.argument("out_stride", "num_narrow", "num_wide")
            with f.loop(0, num_wide) as wide, f.loop(0, num_narrow) as narrow:
                out = f.address("%out", wide * out_stride + narrow)
                turned = f.address("%turned", narrow * TILE_WIDE + wide)
                source, destination = (out, turned) if name == "outer_turn" else (turned, out)
                f.store(f.load(source, module.real), destination, module.real)
