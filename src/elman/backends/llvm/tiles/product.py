"""Some rows times a panel of columns: each sum in a register, one fma after the other in the order of k."""

from elman.backends.llvm.tiles.vectors import broadcast, fma
from elman.backends.llvm.tiles.writer import Function, Int, Module

# By the number of vector registers: for V vectors of columns, how many rows fill them with sums. What is
# left holds the V vectors of the panel and one number of a row, or the other way round.
ROWS = {32: {1: 14, 2: 12, 3: 8, 4: 6}, 16: {1: 12, 2: 6, 3: 4, 4: 3}}
UNROLL = 4


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


def multiply(f: Function, sums: list[list[str]], rows: list[str], panel: str) -> None:
    """Write one k: sums[r][v] += rows[r] * panel[v].

    Args:
        f: The function.
        sums: The variables that hold the sums.
        rows: Addresses of the number of each row.
        panel: Address of the V vectors, aligned to a vector.
    """
    num_vectors, lanes = len(sums[0]), f.module.num_lanes
    size = lanes * f.module.num_bytes
    columns = [f.load(f.address(panel, v * lanes), align=size) for v in range(num_vectors)]
    for row, own_sums in zip(rows, sums, strict=True):
        number = broadcast(f, row)
        for column, total in zip(columns, own_sums, strict=True):
            f.store(fma(f, number, column, f.load(total)), total)


def _write_product(module: Module, num_rows: int, num_vectors: int, max_rows: int) -> None:
    name = f"product_{num_rows}_{num_vectors}"
    parameters = ("ptr rows", "i64 num_columns", "ptr panel", "ptr sums", "i64 accumulate")
    with module.function(name, *parameters) as f:
        num_columns, accumulate = f.argument("num_columns", "accumulate")
        rows = [f.load(f.address("%rows", row, "ptr"), "ptr") for row in range(num_rows)]
        sums = [[f.slot(module.vector()) for _ in range(num_vectors)] for _ in range(num_rows)]
        places = [
            (sums[row][v], f.address("%sums", (v * max_rows + row) * module.num_lanes))
            for row in range(num_rows)
            for v in range(num_vectors)
        ]
        _start(f, places, accumulate)
        whole = num_columns - num_columns % UNROLL
        for start, stop, step in ((0, whole, UNROLL), (whole, num_columns, 1)):
            with f.loop(start, stop, step) as k:
                for j in range(step):
                    numbers = [f.address(row, k + j) for row in rows]
                    panel = f.address("%panel", (k + j) * (num_vectors * module.num_lanes))
                    multiply(f, sums, numbers, panel)
        for total, place in places:
            f.store(f.load(total), place)


def _start(f: Function, places: list[tuple[str, str]], accumulate: Int) -> None:
    for total, _ in places:
        f.store("zeroinitializer", total)
    with f.when(f.constant(0) < accumulate):
        for total, place in places:
            f.store(f.load(place), total)
