"""Some rows times a panel of columns: each sum in a register, one fma after the other in the order of k."""

from collections.abc import Callable
from functools import partial

from elman.backends.llvm.tiles.integer import Int
from elman.backends.llvm.tiles.vectors import broadcast, fma, prefetch
from elman.backends.llvm.tiles.writer import Function, Module

# By the number of vector registers: for V vectors of columns, how many rows fill them with sums. What is
# left holds the V vectors of the panel and one number of a row, or the other way round.
ROWS = {32: {1: 12, 2: 12, 3: 8, 4: 6}, 16: {1: 12, 2: 6, 3: 4, 4: 3}}


def write_products(module: Module) -> None:
    """Write `product_R_V` for all R rows and V vectors, and the table of them, [V - 1][R - 1]."""
    rows = ROWS[module.num_registers]
    max_rows = max(rows.values())
    for num_vectors, most in rows.items():
        for num_rows in range(1, most + 1):
            _write_product(module, num_rows, num_vectors, max_rows)
    names = [
        f"@product_{row}_{v}" if row <= most else "null"
        for v, most in rows.items()
        for row in range(1, max_rows + 1)
    ]
    table = ", ".join(f"ptr {name}" for name in names)
    module.parts.append(f"@product_table = constant [{len(names)} x ptr] [{table}]\n")


def multiply(f: Function, sums: list[list[str]], rows: list[str], load_column: Callable[[int], str]) -> None:
    """Write one k: sums[r][v] += rows[r] * column v, holding the fewer of the two in registers.

    Args:
        f: The function.
        sums: The variables that hold the sums.
        rows: Addresses of the number of each row.
        load_column: Writes the load of a vector of the columns.
    """
    num_vectors = len(sums[0])
    if num_vectors <= len(rows):
        columns = [load_column(v) for v in range(num_vectors)]
        for row, own_sums in zip(rows, sums, strict=True):
            number = broadcast(f, row)
            for column, total in zip(columns, own_sums, strict=True):
                f.store(fma(f, number, column, f.load(total)), total)
        return
    numbers = [broadcast(f, row) for row in rows]
    for v in range(num_vectors):
        column = load_column(v)
        for number, own_sums in zip(numbers, sums, strict=True):
            f.store(fma(f, number, column, f.load(own_sums[v])), own_sums[v])


def _write_product(module: Module, num_rows: int, num_vectors: int, max_rows: int) -> None:
    name, lanes = f"product_{num_rows}_{num_vectors}", module.num_lanes
    parameters = ("ptr rows", "i64 num_columns", "ptr panel", "ptr sums", "i64 accumulate", "ptr ahead")
    with module.function(name, *parameters) as f:
        num_columns, accumulate = f.argument("num_columns", "accumulate")
        rows = [f.load(f.address("%rows", row, "ptr"), "ptr") for row in range(num_rows)]
        sums = [[f.slot(module.vector()) for _ in range(num_vectors)] for _ in range(num_rows)]
        homes = [
            (sums[row][v], f.address("%sums", (v * max_rows + row) * lanes))
            for row in range(num_rows)
            for v in range(num_vectors)
        ]
        _start(f, homes, accumulate)
        with f.loop(0, num_columns) as k:  # so much work in one k that unrolling gains nothing
            panel = f.address("%panel", k * (num_vectors * lanes))
            prefetch(f, f.address("%ahead", k * module.num_lanes), level=2)
            load_column = partial(_load_aligned, f, panel)
            multiply(f, sums, [f.address(row, k) for row in rows], load_column)
        for total, home in homes:
            f.store(f.load(total), home)


def _load_aligned(f: Function, panel: str, v: int) -> str:
    lanes = f.module.num_lanes
    return f.load(f.address(panel, v * lanes), align=lanes * f.module.num_bytes)


def _start(f: Function, homes: list[tuple[str, str]], accumulate: Int) -> None:
    for total, _ in homes:
        f.store("zeroinitializer", total)
    with f.when(f.constant(0) < accumulate):
        for total, home in homes:
            f.store(f.load(home), total)
