"""The micro-kernels of the compiled backend on one core, against the most the core's registers can do.

    python benchmarks/tiles.py [--real float64] [--cpu haswell]

GFLOP/s and share of the measured peak, the best of several rounds in turn, in time of the thread: the core
may be shared. What is bound by memory, packing and sums of columns, is in nanoseconds a number.
"""

from __future__ import annotations

import argparse
import ctypes
import time
from collections.abc import Callable

import numpy

from elman.backends.llvm.build import build
from elman.backends.llvm.target import Target, target
from elman.backends.llvm.tiles import Tiles, load_tiles
from elman.backends.llvm.tiles.peak import build_peak
from elman.backends.llvm.tiles.writer import Module

ROUNDS = 15
SECONDS = 0.002  # of one measurement
OUTERS = [  # M, K, number of rows
    (2048, 1024, 1024),
    (2048, 512, 512),
    (1024, 256, 4096),
    (512, 128, 512),
    (256, 64, 512),
    (64, 64, 100),
    (384, 100, 512),
    (512, 1, 1024),
    (1, 512, 1024),
    (128, 32, 1000),
]
KEPT: list[numpy.ndarray] = []  # arrays whose addresses are in use
Call = tuple[Callable[[int], None], float]  # runs the kernel so many times, units of work in one run


def repeat(address: int, *arguments: int) -> Callable[[int], None]:
    """Call a kernel from machine code: a call from Python takes as long as a small product."""
    values = ", ".join(f"i64 {argument}" for argument in arguments)
    module = Module("float32", target())
    with module.function("repeat", "i64 count") as f:
        function = f.value(f"inttoptr i64 {address} to ptr")
        with f.loop(0, f.argument("count")[0]):
            f.line(f"call void {function}({values})")
    return ctypes.CFUNCTYPE(None, ctypes.c_int64)(build(module.text(), quick=True).address("repeat"))


def peak(real: str, chosen: Target) -> Call:
    """A loop over fused multiply-adds of registers alone, unit: one operation."""
    address, num_operations = build_peak(real, chosen)
    numbers, count = numpy.zeros(num_operations // 2, dtype=real), 1000
    KEPT.append(numbers)
    return repeat(address, numbers.ctypes.data, count), float(count * num_operations)


def array(real: str, *shape: int) -> numpy.ndarray:
    size = int(numpy.prod(shape))
    raw = numpy.zeros(size * numpy.dtype(real).itemsize + 64, dtype=numpy.uint8)
    start = -raw.ctypes.data % 64
    values = raw[start : start + size * numpy.dtype(real).itemsize].view(real).reshape(shape)
    values[...] = numpy.random.default_rng(0).standard_normal(shape)
    KEPT.extend([raw, values])
    return values


def pointers(rows: numpy.ndarray) -> int:
    found = numpy.array([row.ctypes.data for row in rows], dtype=numpy.int64)
    KEPT.append(found)
    return found.ctypes.data


def product(tiles: Tiles, real: str, num_rows: int, num_vectors: int, num_columns: int) -> Call:
    rows = array(real, num_rows, num_columns)
    panel = array(real, num_columns, num_vectors * tiles.num_lanes)
    sums = array(real, num_vectors, tiles.max_rows, tiles.num_lanes)
    place = ((num_vectors - 1) * tiles.max_rows + num_rows - 1) * 8
    address = ctypes.c_int64.from_address(tiles.product_table + place).value
    arguments = (pointers(rows), num_columns, panel.ctypes.data, sums.ctypes.data, 0, panel.ctypes.data)
    return repeat(address, *arguments), 2.0 * num_rows * panel.size


def outer(tiles: Tiles, real: str, num_left: int, num_right: int, num_rows: int) -> Call:
    left, right = array(real, num_rows, num_left), array(real, num_rows, num_right)
    out = array(real, num_left, num_right)
    work = array("uint8", tiles.outer_work_bytes)
    count = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(tiles.outer_num_tiles)
    sizes = (num_rows, 0, 0, num_left, num_right)
    where = (out.ctypes.data, num_right, 0, count(num_left, num_right), work.ctypes.data)
    arguments = (pointers(left), pointers(right), *sizes, *where)
    return repeat(tiles.outer, *arguments), 2.0 * num_rows * out.size


def pack(tiles: Tiles, real: str, num_columns: int, is_transposed: bool) -> Call:
    lanes = tiles.num_lanes
    source, panel = array(real, lanes, num_columns), array(real, num_columns, lanes)
    strides = (num_columns, 1) if is_transposed else (1, lanes)
    arguments = (source.ctypes.data, *strides, lanes, num_columns, panel.ctypes.data, lanes)
    return repeat(tiles.pack, *arguments), float(panel.size)


def column_sum(tiles: Tiles, real: str, num_rows: int, num_columns: int) -> Call:
    rows, out = array(real, num_rows, num_columns), array(real, num_columns)
    arguments = (pointers(rows), num_rows, 0, num_columns, out.ctypes.data)
    return repeat(tiles.column_sum, *arguments), float(rows.size)


def seconds_of_one(call: Call) -> float:
    function, _ = call
    start = time.thread_time()
    function(1)
    once = time.thread_time() - start
    count = max(1, int(SECONDS / once))
    start = time.thread_time()
    function(count)
    return (time.thread_time() - start) / count


def products(tiles: Tiles, real: str, chosen: Target) -> dict[str, Call]:
    calls = {"peak": peak(real, chosen)}
    for num_vectors, num_rows in tiles.rows.items():
        for num_columns in (64, 128, 512, 1024):
            name = f"product {num_rows} x {num_vectors} vectors, K {num_columns}"
            calls[name] = product(tiles, real, num_rows, num_vectors, num_columns)
    for num_left, num_right, num_rows in OUTERS:
        name = f"outer M {num_left}, K {num_right}, {num_rows} rows"
        calls[name] = outer(tiles, real, num_left, num_right, num_rows)
    return calls


def memory(tiles: Tiles, real: str) -> dict[str, Call]:
    return {
        "pack rows, K 64": pack(tiles, real, 64, True),
        "pack rows, K 512": pack(tiles, real, 512, True),
        "pack columns, K 64": pack(tiles, real, 64, False),
        "column sum 512 x 64": column_sum(tiles, real, 512, 64),
        "column sum 1024 x 2048": column_sum(tiles, real, 1024, 2048),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", default="float32", choices=["float32", "float64"])
    parser.add_argument("--cpu", help="an older processor, such as haswell")
    arguments = parser.parse_args()
    real, chosen = arguments.real, target(arguments.cpu)
    start = time.thread_time()
    tiles = load_tiles(real, chosen)
    print(f"{real}, {chosen.cpu}: tiles built in {time.thread_time() - start:.2f} s")

    calls, moves = products(tiles, real, chosen), memory(tiles, real)
    best = dict.fromkeys([*calls, *moves], float("inf"))
    for _ in range(ROUNDS):
        for name, call in {**calls, **moves}.items():
            best[name] = min(best[name], seconds_of_one(call))
    most = calls["peak"][1] / best["peak"]
    for name, (_, work) in calls.items():
        speed = work / best[name]
        print(f"{name:<40} {speed / 1e9:7.1f} GFLOP/s {100 * speed / most:5.0f} %")
    for name, (_, work) in moves.items():
        print(f"{name:<40} {1e9 * best[name] / work:7.3f} ns a number")


if __name__ == "__main__":
    main()
