"""Calls of built functions, for tests: numpy arrays in guard zones, addresses, C signatures."""

import ctypes
from functools import cache

import numpy

from elman.backends.llvm.target import target
from elman.backends.llvm.tiles import Tiles, load_tiles

TARGETS = {name: target(cpu) for name, cpu in {"host": None, "haswell": "haswell"}.items()}
TARGETS = {name: chosen for name, chosen in TARGETS.items() if chosen.is_supported}
REALS = ("float32", "float64")
CASES = [(real, name) for real in REALS for name in TARGETS]
GUARD = 96  # numbers before and after an array that must not change


@cache
def tiles(real: str, name: str) -> Tiles:
    return load_tiles(real, TARGETS[name])


def call(address: int, *arguments: int | numpy.ndarray) -> None:
    """Call a function of pointers and integers."""
    values = [argument if isinstance(argument, int) else argument.ctypes.data for argument in arguments]
    ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * len(values))(address)(*values)


def aligned(real: str, *shape: int) -> numpy.ndarray:
    """NaN everywhere, 64-byte aligned."""
    size = int(numpy.prod(shape)) * numpy.dtype(real).itemsize
    raw = numpy.full(size + 64, 255, dtype=numpy.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(real).reshape(shape)


def guarded(values: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """A copy of an array between guard zones, and the whole of it, zones and all."""
    whole = numpy.full(values.size + 2 * GUARD, 12345, dtype=values.dtype)
    inner = whole[GUARD : GUARD + values.size].reshape(values.shape)
    inner[...] = values
    return inner, whole


def guards_are_whole(whole: numpy.ndarray) -> bool:
    return bool((whole[:GUARD] == 12345).all() and (whole[-GUARD:] == 12345).all())


def row_pointers(rows: numpy.ndarray) -> numpy.ndarray:
    return numpy.array([row.ctypes.data for row in rows], dtype=numpy.int64)


def tolerance(real: str, num_terms: int) -> float:
    """What a sum of products of numbers around 1 may be off: rounding errors grow along the chain."""
    return float(8 * num_terms * numpy.finfo(real).eps)
