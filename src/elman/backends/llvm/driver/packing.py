"""Weights side by side, as the tiles read them, once a call."""

from elman.backends.llvm.driver.running import take
from elman.backends.llvm.driver.tables import pointer, word
from elman.backends.llvm.driver.words import PACK_WORDS, Call, Pack
from elman.backends.llvm.tiles.writer import Function, Module


def write_pack(module: Module) -> None:
    """Write `pack_weights`, which threads run: each takes one weight after the other."""
    with module.function("pack_weights", "ptr call") as f:
        count = word(f, "%call", Call.NUM_PACKS)
        packs = pointer(f, word(f, "%call", Call.PACKS))
        with f.loop(0, count):
            number = take(f, Call.NEXT_UNIT)
            with f.when(f.value(f"icmp sge i64 {number}, {count}")):
                f.leave()
            _pack(f, f.address(packs, number * PACK_WORDS, "i64"))


def _pack(f: Function, weight: str) -> None:
    source, stride_m, stride_k, num_m, num_k, panel, num_vectors, panel_vectors, panel_k = (
        word(f, weight, which) for which in Pack
    )
    size, lanes = f.module.num_bytes, f.module.num_lanes
    width = panel_vectors * lanes
    block_rows = num_vectors * lanes
    function = pointer(f, word(f, "%call", Call.PACK))
    with f.loop(0, (num_m + block_rows - 1) // block_rows) as block, f.loop(0, num_vectors) as vector:
        row = block * block_rows + vector * lanes
        left = num_m - row
        left = f.select(left < 0, 0, left)
        start = pointer(f, source + row * stride_m * size)
        target = pointer(f, panel + (block * panel_k * width + vector * lanes) * size)
        arguments = (
            f"ptr {start}, i64 {stride_m}, i64 {stride_k}, i64 {left}, i64 {num_k}, ptr {target}, i64 {width}"
        )
        f.line(f"call void {function}({arguments})")
