"""The most a processor can do: fused multiply-adds on registers alone."""

import ctypes
from collections.abc import Callable
from functools import cache

import torch

from elman.backends.llvm.build import build
from elman.backends.llvm.target import Target, target
from elman.backends.llvm.tiles.vectors import fma
from elman.backends.llvm.tiles.writer import Module

# Chains that do not wait for one another: more than latency times the units, and they fit the registers.
CHAINS = {32: 24, 16: 12}


def multiply_adds(real: str) -> tuple[Callable[[int], None], int]:
    """Return a function that computes nothing of use, as fast as one core can, and its operations a turn.

    Args:
        real: "float32" or "float64".
    """
    address, num_operations = build_peak(real, target())
    numbers = torch.zeros(num_operations, dtype=getattr(torch, real))
    entry = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(address)

    def run(num_turns: int) -> None:
        entry(numbers.data_ptr(), num_turns)

    return run, num_operations


@cache
def build_peak(real: str, chosen: Target) -> tuple[int, int]:
    """Return where `void(numbers, num_turns)` begins, and its operations a turn, twice the numbers it has.

    Args:
        real: "float32" or "float64".
        chosen: The processor.
    """
    module = Module(real, chosen)
    with module.function("peak", "ptr numbers", "i64 count") as f:
        chains = [f.slot(module.vector()) for _ in range(CHAINS[chosen.num_registers])]
        factor = f.load("%numbers")
        for chain in chains:
            f.store(factor, chain)
        with f.loop(0, f.argument("count")[0]):
            for chain in chains:
                f.store(fma(f, f.load(chain), factor, factor), chain)
        for place, chain in enumerate(chains):
            f.store(f.load(chain), f.address("%numbers", place * module.num_lanes))
    library = build(module.text(), chosen, quick=True)
    return library.address("peak"), 2 * len(chains) * module.num_lanes
