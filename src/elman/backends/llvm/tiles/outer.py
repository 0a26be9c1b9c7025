"""Gradients of weights: the sum over many rows of the products of two vectors, tile by tile of the result.

One side is *wide*: its numbers lie in the lanes of vectors. The other is *narrow*: each number of it is
copied to all lanes. The narrow side is the left one, unless the other way round wastes fewer lanes.
"""

from dataclasses import dataclass

from elman.backends.llvm.tiles.outer_pack import write_pack_rows
from elman.backends.llvm.tiles.outer_sizes import GROUP, TILE_WIDE, Sizes, cut, narrow_tile
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


def write_outer(module: Module) -> None:
    """Write `outer`: out[m, k] += the sum over rows, in order, of left[row, m] * right[row, k].

    It runs over some tiles of the result and begins each from what stands in `out`: neither cutting the
    rows nor dealing out the tiles changes a bit.
    """
    sizes = Sizes.of(module)
    write_pack_rows(module)
    write_sweeps(module, sizes)
    _write_copies(module)
    with module.function("outer_tile", *TILE, local=True) as f:
        _add_tile(f, sizes)
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
    left_offset, right_offset = f.argument("left_offset", "right_offset")
    grid = _grid(f, sizes)
    narrow_rows = f.select_pointer(grid.is_swapped, "%right_rows", "%left_rows")
    wide_rows = f.select_pointer(grid.is_swapped, "%left_rows", "%right_rows")
    narrow_offset = f.select(grid.is_swapped, right_offset, left_offset)
    wide_offset = f.select(grid.is_swapped, left_offset, right_offset)
    turned = f.address("%work", sizes.turned_at)
    with f.loop(first_tile, last_tile) as tile:
        narrow = tile % grid.num_narrow_tiles * grid.narrow_tile
        wide = tile // grid.num_narrow_tiles * TILE_WIDE
        num_narrow = (grid.num_narrow - narrow).minimum(grid.narrow_tile)
        num_wide = (grid.num_wide - wide).minimum(TILE_WIDE)
        narrow_side = (f"ptr {narrow_rows}", f"i64 {narrow_offset + narrow}", f"i64 {num_narrow}")
        wide_side = (f"ptr {wide_rows}", f"i64 {wide_offset + wide}", f"i64 {num_wide}")
        swapped = f.address("%out", wide * out_stride + narrow)
        straight = f.address("%out", narrow * out_stride + wide)
        out = f.select_pointer(grid.is_swapped, turned, straight)
        stride = f.select(grid.is_swapped, TILE_WIDE, out_stride)
        copy = (f"ptr {swapped}", "i64 %out_stride", f"ptr {turned}", f"i64 {num_narrow}", f"i64 {num_wide}")
        with f.when(grid.is_swapped):
            f.call("outer_turn", "void", *copy)
        rest = ("i64 %num_rows", f"ptr {out}", f"i64 {stride}", "ptr %work")
        f.call("outer_tile", "void", *narrow_side, *wide_side, *rest)
        with f.when(grid.is_swapped):
            f.call("outer_turn_back", "void", *copy)


def _add_tile(f: Function, sizes: Sizes) -> None:
    """Chunk by chunk of rows, in order: pack what is read again and again, then go over the tile."""
    num_rows, num_narrow, num_wide = f.argument("num_rows", "num_narrow", "num_wide")
    is_packed = f.constant(sizes.strip) < num_wide, f.constant(2 * GROUP) < num_narrow
    with f.loop(0, num_rows, sizes.chunk) as row:
        num_left = (num_rows - row).minimum(sizes.chunk)
        narrow_places = sizes.narrow_at, sizes.packed_narrow, sizes.pointers_at + 2 * sizes.chunk
        narrow, narrow_offset = _gather(f, "narrow", is_packed[0], (row, num_left), narrow_places)
        wide_places = 0, sizes.packed_wide, sizes.pointers_at
        wide, wide_offset = _gather(f, "wide", is_packed[1], (row, num_left), wide_places)
        with f.loop(0, num_wide, sizes.strip) as number:
            width = (num_wide - number).minimum(sizes.strip)
            narrow_side = (f"ptr {narrow}", f"i64 {narrow_offset}", "i64 %num_narrow")
            wide_side = (f"ptr {wide}", f"i64 {wide_offset + number}", f"i64 {width}")
            rest = (f"i64 {num_left}", f"ptr {f.address('%out', number)}", "i64 %out_stride")
            num_vectors = cut(width, sizes.lanes)
            for v in range(1, sizes.num_vectors + 1):
                with f.when(num_vectors.equals(v)):
                    f.call(f"outer_sweep_{v}", "void", *narrow_side, *wide_side, *rest)


def _gather(
    f: Function, side: str, is_packed: str, rows: tuple[Int, Int], places: tuple[int, int, int]
) -> tuple[str, Int]:
    """Pack some rows of a side where that pays; return the pointers to the rows, and the offset in them."""
    row, num_rows = rows
    source = f.address(f"%{side}_rows", row, "ptr")
    packed, pointers = f.address("%work", places[0]), f.address("%work", places[2])
    with f.when(is_packed):
        what = (f"ptr {source}", f"i64 {num_rows}", f"i64 %{side}_offset", f"i64 %num_{side}")
        f.call("outer_pack", "void", *what, f"ptr {packed}", f"i64 {places[1]}", f"ptr {pointers}")
    return f.select_pointer(is_packed, pointers, source), f.select(
        is_packed, 0, *f.argument(f"{side}_offset")
    )


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
