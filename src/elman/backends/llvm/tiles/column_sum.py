"""The sum of many rows: the gradient of a bias."""

from elman.backends.llvm.tiles.integer import Int
from elman.backends.llvm.tiles.vectors import mask, masked_load, masked_store
from elman.backends.llvm.tiles.writer import Function, Module

NUM_VECTORS = 8  # enough chains of additions for their latency, and eight lines of each row in turn


def write_column_sum(module: Module) -> None:
    """Write `column_sum`: out[j] += the sum over rows, in order, of rows[row][offset + j]."""
    parameters = ("ptr rows", "i64 num_rows", "i64 offset", "i64 num_columns", "ptr out")
    with module.function("column_sum", *parameters) as f:
        (num_columns,) = f.argument("num_columns")
        width = NUM_VECTORS * module.num_lanes
        whole = num_columns - num_columns % width
        with f.loop(0, whole, width) as column:
            _sum_columns(f, column, NUM_VECTORS, None)
        with f.loop(whole, num_columns, module.num_lanes) as column:
            _sum_columns(f, column, 1, mask(f, num_columns - column))


def _sum_columns(f: Function, column: Int, num_vectors: int, lanes: str | None) -> None:
    num_rows, offset = f.argument("num_rows", "offset")
    kind, width = f.module.vector(), f.module.num_lanes
    sums = [f.slot(kind) for _ in range(num_vectors)]
    outs = [f.address("%out", column + v * width) for v in range(num_vectors)]
    for total, out in zip(sums, outs, strict=True):
        f.store(_load(f, out, lanes), total)
    with f.loop(0, num_rows) as row:
        first = f.load(f.address("%rows", row, "ptr"), "ptr")
        for v, total in enumerate(sums):
            number = _load(f, f.address(first, offset + column + v * width), lanes)
            f.store(f.value(f"fadd {kind} {f.load(total)}, {number}"), total)
    for total, out in zip(sums, outs, strict=True):
        if lanes is None:
            f.store(f.load(total), out)
        else:
            masked_store(f, f.load(total), out, lanes)


def _load(f: Function, address: str, lanes: str | None) -> str:
    return f.load(address) if lanes is None else masked_load(f, address, lanes)
