"""Rows of one side of `outer`, copied close together: far apart they fight for few places of the caches."""

from elman.backends.llvm.tiles.vectors import mask, masked_load
from elman.backends.llvm.tiles.writer import Module

PARAMETERS = (
    "ptr rows",
    "i64 num_rows",
    "i64 offset",
    "i64 length",
    "ptr packed",
    "i64 packed_row",
    "ptr pointers",
)


def write_pack_rows(module: Module) -> None:
    """Write `outer_pack`: copy `length` numbers of each row, and write the pointers to the copies."""
    lanes = module.num_lanes
    with module.function("outer_pack", *PARAMETERS, local=True) as f:
        num_rows, offset, length, packed_row = f.argument("num_rows", "offset", "length", "packed_row")
        whole = length - length % lanes
        present = mask(f, length - whole)
        with f.loop(0, num_rows) as row:
            source = f.address(f.load(f.address("%rows", row, "ptr"), "ptr"), offset)
            packed = f.address("%packed", row * packed_row)
            f.store(packed, f.address("%pointers", row, "ptr"), "ptr")
            with f.loop(0, whole, lanes) as number:
                f.store(f.load(f.address(source, number)), f.address(packed, number))
            with f.when(whole < length):
                f.store(masked_load(f, f.address(source, whole), present), f.address(packed, whole))
