"""The register tile of `outer`: the packed rows of one strip times those of each group."""

from elman.backends.llvm.tiles.outer_sizes import Sizes
from elman.backends.llvm.tiles.product import multiply
from elman.backends.llvm.tiles.vectors import mask, masked_load, masked_store
from elman.backends.llvm.tiles.writer import Function, Int, Module

UNROLL = 4
PARAMETERS = (
    "ptr narrow",
    "i64 num_narrow",
    "ptr wide",
    "i64 num_rows",
    "ptr out",
    "i64 out_stride",
    "i64 num_wide",
)


def write_sweeps(module: Module, sizes: Sizes) -> None:
    """Write `outer_sweep_V` for the strips of V vectors."""
    for num_vectors in range(1, sizes.num_vectors + 1):
        with module.function(f"outer_sweep_{num_vectors}", *PARAMETERS, local=True) as f:
            num_narrow, num_wide = f.argument("num_narrow", "num_wide")
            masks = [mask(f, num_wide - v * sizes.lanes) for v in range(num_vectors)]
            with f.loop(0, num_narrow, sizes.group) as number:
                _add_group(f, sizes, number, masks)


def _add_group(f: Function, sizes: Sizes, number: Int, masks: list[str]) -> None:
    """Write out[number + r, v] += the sum over rows, for one group and one strip."""
    num_narrow, num_rows, out_stride = f.argument("num_narrow", "num_rows", "out_stride")
    sums = [[f.slot(f.module.vector()) for _ in masks] for _ in range(sizes.group)]
    places = []
    for r, own_sums in enumerate(sums):
        is_inside = number + r < num_narrow
        for v, (total, lanes) in enumerate(zip(own_sums, masks, strict=True)):
            kind = f"<{sizes.lanes} x i1>"
            present = f.value(f"select i1 {is_inside}, {kind} {lanes}, {kind} zeroinitializer")
            places.append((total, f.address("%out", (number + r) * out_stride + v * sizes.lanes), present))
    for total, place, present in places:
        f.store(masked_load(f, place, present), total)
    narrow = f.address("%narrow", number // sizes.group * sizes.packed_group)
    whole = num_rows - num_rows % UNROLL
    for start, stop, step in ((0, whole, UNROLL), (whole, num_rows, 1)):
        with f.loop(start, stop, step) as row:
            for j in range(step):
                numbers = [f.address(narrow, (row + j) * sizes.group + r) for r in range(sizes.group)]
                multiply(f, sums, numbers, f.address("%wide", (row + j) * sizes.strip))
    for total, place, present in places:
        masked_store(f, f.load(total), place, present)
