"""One tile of the result of `outer`."""

from elman.backends.llvm.tiles.integer import Int
from elman.backends.llvm.tiles.outer_pack import write_pack_rows
from elman.backends.llvm.tiles.outer_sizes import CHUNK, GROUP, Sizes, cut
from elman.backends.llvm.tiles.outer_sweep import PARAMETERS, write_sweeps
from elman.backends.llvm.tiles.writer import Function, Module


def write_outer_tile(module: Module, sizes: Sizes) -> None:
    """Write `outer_tile`: out[narrow, wide] += the sum over rows, in order, of their products."""
    write_pack_rows(module)
    write_sweeps(module, sizes)
    with module.function("outer_tile", *PARAMETERS, "ptr work", local=True) as f:
        _add_tile(f, sizes)


def _add_tile(f: Function, sizes: Sizes) -> None:
    """Chunk by chunk of rows, in order: pack what is read again and again, then go over the tile."""
    num_rows, num_narrow, num_wide = f.argument("num_rows", "num_narrow", "num_wide")
    is_packed = f.constant(sizes.strip) < num_wide, f.constant(2 * GROUP) < num_narrow
    with f.loop(0, num_rows, CHUNK) as row:
        num_left = (num_rows - row).minimum(CHUNK)
        narrow_places = sizes.narrow_at, sizes.packed_narrow, sizes.pointers_at + 2 * CHUNK
        narrow, narrow_offset = _gather(f, "narrow", is_packed[0], (row, num_left), narrow_places)
        wide_places = 0, sizes.packed_wide, sizes.pointers_at
        wide, wide_offset = _gather(f, "wide", is_packed[1], (row, num_left), wide_places)
        with f.loop(0, num_wide, sizes.strip) as number:
            width = (num_wide - number).minimum(sizes.strip)
            narrow_side = (f"ptr {narrow}", f"i64 {narrow_offset}", "i64 %num_narrow")
            wide_side = (f"ptr {wide}", f"i64 {wide_offset + number}", f"i64 {width}")
            rest = (f"i64 {num_left}", f"ptr {f.address('%out', number)}", "i64 %out_stride")
            _call_sweep(f, sizes, width, (*narrow_side, *wide_side, *rest))


def _call_sweep(f: Function, sizes: Sizes, width: Int, operands: tuple[str, ...]) -> None:
    num_vectors = cut(width, sizes.lanes)
    for v in range(1, sizes.num_vectors + 1):
        with f.when(num_vectors.equals(v)):
            f.call(f"outer_sweep_{v}", "void", *operands)


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
    (offset,) = f.argument(f"{side}_offset")
    return f.select_pointer(is_packed, pointers, source), f.select(is_packed, 0, offset)
