"""Rows of both sides of `outer`, copied so that the sweep reads them from end to end."""

from elman.backends.llvm.tiles.outer_sizes import GROUP_LANES, Sizes
from elman.backends.llvm.tiles.vectors import mask, masked_load
from elman.backends.llvm.tiles.writer import Module

PARAMETERS = ("ptr rows", "i64 num_rows", "i64 offset", "i64 length", "ptr packed")


def write_packers(module: Module, sizes: Sizes) -> None:
    """Write `outer_pack_wide`, [strip][row][number], and `outer_pack_narrow`, [group][row][number].

    What is missing of the last vector or group is zero.
    """
    _write_wide(module, sizes)
    _write_narrow(module, sizes)


def _write_wide(module: Module, sizes: Sizes) -> None:
    with module.function("outer_pack_wide", *PARAMETERS, local=True) as f:
        num_rows, offset, length = f.argument("num_rows", "offset", "length")
        whole = length - length % sizes.lanes
        lanes = mask(f, length - whole)
        with f.loop(0, num_rows) as row:
            source = f.address(f.load(f.address("%rows", row, "ptr"), "ptr"), offset)
            packed = f.address("%packed", row * sizes.strip)
            for start, stop in ((f.constant(0), whole), (whole, length)):
                with f.loop(start, stop, sizes.lanes) as number:
                    place = number // sizes.strip * (sizes.chunk * sizes.strip) + number % sizes.strip
                    address = f.address(source, number)
                    vector = f.load(address) if stop is whole else masked_load(f, address, lanes)
                    f.store(vector, f.address(packed, place))


def _write_narrow(module: Module, sizes: Sizes) -> None:
    kind = module.vector(GROUP_LANES)
    with module.function("outer_pack_narrow", *PARAMETERS, local=True) as f:
        num_rows, offset, length = f.argument("num_rows", "offset", "length")
        # Whole vectors are loaded as long as they do not pass the end.
        last = (length - (GROUP_LANES - sizes.group)) // sizes.group * sizes.group
        whole = f.select(length < GROUP_LANES, 0, last)
        with f.loop(0, num_rows) as row:
            source = f.address(f.load(f.address("%rows", row, "ptr"), "ptr"), offset)
            packed = f.address("%packed", row * sizes.group)
            for start, stop in ((f.constant(0), whole), (whole, length)):
                with f.loop(start, stop, sizes.group) as number:
                    address = f.address(source, number)
                    if stop is whole:
                        vector = f.load(address, kind)
                    else:
                        vector = masked_load(f, address, mask(f, length - number, GROUP_LANES), GROUP_LANES)
                    f.store(vector, f.address(packed, number // sizes.group * sizes.packed_group), kind)
