"""Gradients of weights: the sum over many rows of the products of two vectors, tile by tile of the result.

One side is *wide*: its numbers lie in the lanes of vectors. The other is *narrow*: each number of it is
copied to all lanes. The narrow side is the left one, unless the other way round wastes fewer lanes.
"""

from dataclasses import dataclass

from elman.backends.llvm.tiles.outer_pack import write_packers
from elman.backends.llvm.tiles.outer_sizes import Sizes
from elman.backends.llvm.tiles.outer_sweep import write_sweeps
from elman.backends.llvm.tiles.writer import Function, Int, Module

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
TILE = (
    "ptr narrow_rows",
    "i64 narrow_offset",
    "i64 num_narrow",
    "ptr wide_rows",
    "i64 wide_offset",
    "i64 num_wide",
    "i64 num_rows",
    "ptr out",
    "i64 out_stride",
    "ptr work",
)


@dataclass(frozen=True)
class Grid:
    """How the result is cut into tiles: by its size alone.

    Args:
        is_swapped: Whether the wide side is the left one, an i1.
        num_narrow: Numbers of the narrow side.
        num_wide: Numbers of the wide side.
        num_narrow_tiles: Tiles along the narrow side.
        num_tiles: All tiles.
    """

    is_swapped: str
    num_narrow: Int
    num_wide: Int
    num_narrow_tiles: Int
    num_tiles: Int


def write_outer(module: Module) -> None:
    """Write `outer`: out[m, k] += the sum over rows, in order, of left[row, m] * right[row, k].

    It runs over some tiles of the result and begins each from what stands in `out`: neither cutting the
    rows nor dealing out the tiles changes a bit.
    """
    sizes = Sizes.of(module)
    write_packers(module, sizes)
    write_sweeps(module, sizes)
    _write_copies(module, sizes)
    with module.function("outer_tile", *TILE, local=True) as f:
        _add_tile(f, sizes)
    with module.function("outer_num_tiles", "i64 num_left", "i64 num_right", result="i64") as f:
        f.line(f"ret i64 {_grid(f, sizes).num_tiles}")
    with module.function("outer", *OUTER) as f:
        _add_tiles(f, sizes)


def _grid(f: Function, sizes: Sizes) -> Grid:
    left, right = f.argument("num_left", "num_right")

    def cost(narrow: Int, wide: Int) -> Int:
        return _cut(narrow, sizes.group) * sizes.group * _cut(wide, sizes.lanes)

    # Swapping copies the tile of the result twice: it must save a quarter.
    is_swapped = cost(right, left) * 4 < cost(left, right) * 3
    narrow, wide = f.select(is_swapped, right, left), f.select(is_swapped, left, right)
    num_narrow_tiles = _cut(narrow, sizes.tile_narrow)
    return Grid(is_swapped, narrow, wide, num_narrow_tiles, num_narrow_tiles * _cut(wide, sizes.tile_wide))


def _cut(length: Int, size: int) -> Int:
    return (length + (size - 1)) // size


def _add_tiles(f: Function, sizes: Sizes) -> None:
    first_tile, last_tile, out_stride = f.argument("first_tile", "last_tile", "out_stride")
    left_offset, right_offset = f.argument("left_offset", "right_offset")
    grid = _grid(f, sizes)
    with f.loop(first_tile, last_tile) as tile:
        narrow = tile % grid.num_narrow_tiles * sizes.tile_narrow
        wide = tile // grid.num_narrow_tiles * sizes.tile_wide
        num_narrow = (grid.num_narrow - narrow).minimum(sizes.tile_narrow)
        num_wide = (grid.num_wide - wide).minimum(sizes.tile_wide)
        with f.when(grid.is_swapped):
            narrow_side = ("ptr %right_rows", f"i64 {right_offset + narrow}", f"i64 {num_narrow}")
            wide_side = ("ptr %left_rows", f"i64 {left_offset + wide}", f"i64 {num_wide}")
            out = f.address("%out", wide * out_stride + narrow)
            turned = f.address("%work", sizes.turned_at)
            copy = (f"ptr {out}", "i64 %out_stride", f"ptr {turned}", f"i64 {num_narrow}", f"i64 {num_wide}")
            rest = (f"ptr {turned}", f"i64 {sizes.tile_wide}", "ptr %work")
            f.call("outer_turn", "void", *copy)
            f.call("outer_tile", "void", *narrow_side, *wide_side, "i64 %num_rows", *rest)
            f.call("outer_turn_back", "void", *copy)
        is_straight = f.value(f"xor i1 {grid.is_swapped}, true")
        with f.when(is_straight):
            narrow_side = ("ptr %left_rows", f"i64 {left_offset + narrow}", f"i64 {num_narrow}")
            wide_side = ("ptr %right_rows", f"i64 {right_offset + wide}", f"i64 {num_wide}")
            out = f.address("%out", narrow * out_stride + wide)
            rest = (f"ptr {out}", "i64 %out_stride", "ptr %work")
            f.call("outer_tile", "void", *narrow_side, *wide_side, "i64 %num_rows", *rest)


def _add_tile(f: Function, sizes: Sizes) -> None:
    """Pack a chunk of rows of both sides, then go over the tile; rows are taken in order."""
    num_rows, num_wide = f.argument("num_rows", "num_wide")
    packed_narrow = f.address("%work", sizes.narrow_at)
    with f.loop(0, num_rows, sizes.chunk) as row:
        num_left = (num_rows - row).minimum(sizes.chunk)
        for side, packed in (("wide", "%work"), ("narrow", packed_narrow)):
            rows = f.address(f"%{side}_rows", row, "ptr")
            where = (f"ptr {rows}", f"i64 {num_left}", f"i64 %{side}_offset", f"i64 %num_{side}")
            f.call(f"outer_pack_{side}", "void", *where, f"ptr {packed}")
        with f.loop(0, num_wide, sizes.strip) as wide:
            width = (num_wide - wide).minimum(sizes.strip)
            num_vectors = _cut(width, sizes.lanes)
            operands = (
                f"ptr {packed_narrow}",
                "i64 %num_narrow",
                f"ptr {f.address('%work', wide * sizes.chunk)}",
                f"i64 {num_left}",
                f"ptr {f.address('%out', wide)}",
                "i64 %out_stride",
                f"i64 {width}",
            )
            for v in range(1, sizes.num_vectors + 1):
                with f.when(num_vectors.equals(v)):
                    f.call(f"outer_sweep_{v}", "void", *operands)


def _write_copies(module: Module, sizes: Sizes) -> None:
    """Write `outer_turn`, which copies a tile of the result transposed, and `outer_turn_back`."""
    parameters = ("ptr out", "i64 out_stride", "ptr turned", "i64 num_narrow", "i64 num_wide")
    for name in ("outer_turn", "outer_turn_back"):
        with module.function(name, *parameters, local=True) as f:
            out_stride, num_narrow, num_wide = f.argument("out_stride", "num_narrow", "num_wide")
            with f.loop(0, num_wide) as wide, f.loop(0, num_narrow) as narrow:
                out = f.address("%out", wide * out_stride + narrow)
                turned = f.address("%turned", narrow * sizes.tile_wide + wide)
                source, destination = (out, turned) if name == "outer_turn" else (turned, out)
                f.store(f.load(source, module.real), destination, module.real)
