"""The tiles of one dtype and processor: their text and, built, their addresses."""

from dataclasses import dataclass
from functools import cache

from elman.backends.llvm.build import build
from elman.backends.llvm.target import Target
from elman.backends.llvm.tiles.column_sum import write_column_sum
from elman.backends.llvm.tiles.outer import write_outer
from elman.backends.llvm.tiles.outer_sizes import Sizes
from elman.backends.llvm.tiles.pack import write_pack
from elman.backends.llvm.tiles.product import ROWS, write_products
from elman.backends.llvm.tiles.writer import Module


@dataclass(frozen=True)
class Tiles:
    """Where the micro-kernels are, and how large their tiles.

    Args:
        num_lanes: Numbers in a vector, L.
        rows: For V vectors of columns, up to how many rows a product takes.
        max_rows: The most rows of any product: the length of a row of `product_table`, and in `sums` the
            number of vectors from (r, v) to (r, v + 1).
        product_table: A table of the products, pointers, [V - 1][R - 1]; null where there is none.
        pack: `void(source, stride_m, stride_k, num_m, num_k, panel, panel_stride)`.
        outer: `void(left_rows, right_rows, num_rows, left_offset, right_offset, num_left, num_right, out,
            out_stride, first_tile, last_tile, work)`.
        outer_num_tiles: `int64(num_left, num_right)`.
        outer_work_bytes: Size of the work space of one thread in `outer`, aligned to 64 bytes.
        column_sum: `void(rows, num_rows, offset, num_columns, out)`.
    """

    num_lanes: int
    rows: dict[int, int]
    max_rows: int
    product_table: int
    pack: int
    outer: int
    outer_num_tiles: int
    outer_work_bytes: int
    column_sum: int


def tiles_module(real: str, target: Target) -> str:
    """Write the module of all tiles.

    Args:
        real: "float32" or "float64".
        target: The processor.
    """
    return _write(real, target).text()


@cache
def load_tiles(real: str, target: Target) -> Tiles:
    """Build the tiles, once in a process.

    Args:
        real: "float32" or "float64".
        target: The processor, of this architecture.
    """
    module = _write(real, target)
    library = build(module.text(), target, quick=True)
    names = ("product_table", "pack", "outer", "outer_num_tiles", "column_sum")
    rows = ROWS[target.num_registers]
    return Tiles(
        num_lanes=module.num_lanes,
        rows=rows,
        max_rows=max(rows.values()),
        outer_work_bytes=Sizes.of(module).work * module.num_bytes,
        **{name: library.address(name) for name in names},
    )


def _write(real: str, target: Target) -> Module:
    module = Module(real, target)
    for write in (write_products, write_pack, write_outer, write_column_sum):
        write(module)
    return module
