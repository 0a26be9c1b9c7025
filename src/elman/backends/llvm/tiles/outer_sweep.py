"""The register tile of `outer`: the rows of one strip times those of each group."""

from functools import partial

from elman.backends.llvm.tiles.integer import Int
from elman.backends.llvm.tiles.outer_sizes import GROUP, Sizes
from elman.backends.llvm.tiles.product import multiply
from elman.backends.llvm.tiles.vectors import mask, masked_load, masked_store, prefetch
from elman.backends.llvm.tiles.writer import Function, Module

PARAMETERS = (
    "ptr narrow_rows",
    "i64 narrow_offset",
    "i64 num_narrow",
    "ptr wide_rows",
    "i64 wide_offset",
    "i64 num_wide",
    "i64 num_rows",
    "ptr out",
    "i64 out_stride",
)


def write_sweeps(module: Module, sizes: Sizes) -> None:
    """Write `outer_sweep_V` for the strips of V vectors, of which the last need not be full."""
    for num_vectors in range(1, sizes.num_vectors + 1):
        with module.function(f"outer_sweep_{num_vectors}", *PARAMETERS, local=True) as f:
            num_narrow, num_wide = f.argument("num_narrow", "num_wide")
            last = mask(f, num_wide - (num_vectors - 1) * sizes.lanes)
            with f.loop(0, num_narrow, GROUP) as number:
                _add_group(f, number, num_vectors, last)


def _add_group(f: Function, number: Int, num_vectors: int, last: str) -> None:
    """Write out[number + r, v] += the sum over rows, for one group and one strip."""
    num_narrow, narrow_offset, wide_offset = f.argument("num_narrow", "narrow_offset", "wide_offset")
    num_rows, out_stride = f.argument("num_rows", "out_stride")
    # A group may be over the edge: its rows there repeat the last one and are not stored.
    inside = [(number + r).minimum(num_narrow - 1) for r in range(GROUP)]
    outs = [f.address("%out", row * out_stride) for row in inside]
    sums = [[f.slot(f.module.vector()) for _ in range(num_vectors)] for _ in inside]
    for out, own_sums in zip(outs, sums, strict=True):
        for v, total in enumerate(own_sums):
            f.store(_load_vector(f, out, (num_vectors, last), v), total)
        for line in range(0, num_vectors * f.module.num_lanes, 64 // f.module.num_bytes):
            prefetch(f, f.address(out, out_stride * GROUP + line))  # of the next group
    columns = [narrow_offset + row for row in inside]
    with f.loop(0, num_rows) as row:
        narrow, wide = (f.load(f.address(f"%{side}_rows", row, "ptr"), "ptr") for side in ("narrow", "wide"))
        load_column = partial(_load_vector, f, f.address(wide, wide_offset), (num_vectors, last))
        multiply(f, sums, [f.address(narrow, column) for column in columns], load_column)
    for r, (out, own_sums) in enumerate(zip(outs, sums, strict=True)):
        with f.when(number + r < num_narrow):
            _store_vectors(f, own_sums, out, last)


def _load_vector(f: Function, first: str, strip: tuple[int, str], v: int) -> str:
    """Load a vector of a strip, of which the last one is under a mask."""
    num_vectors, last = strip
    place = f.address(first, v * f.module.num_lanes)
    return masked_load(f, place, last) if v == num_vectors - 1 else f.load(place)


def _store_vectors(f: Function, sums: list[str], first: str, last: str) -> None:
    places = [f.address(first, v * f.module.num_lanes) for v in range(len(sums))]
    for total, place in zip(sums[:-1], places[:-1], strict=True):
        f.store(f.load(total), place)
    masked_store(f, f.load(sums[-1]), places[-1], last)
