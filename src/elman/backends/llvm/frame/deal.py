"""How the rows and steps of a call are dealt to threads."""

from typing import NamedTuple

from elman.backends.llvm.frame.shape import Shape
from elman.backends.llvm.kernel import Kernel
from elman.backends.llvm.lower.products import MAX_VECTORS

MIN_WIDE_ROWS = 48  # rows that fill tiles well, and read packed weights often enough
MIN_BLOCK_ROWS = 512  # rows over which a gradient is summed at a time
SHARES_OF_A_THREAD = 4  # where sequences have unequal lengths, so that no thread waits long


class Deal(NamedTuple):
    """How a call is dealt.

    Attributes:
        chunk_rows: Rows that run together on one thread.
        piece_rows: Rows whose weight gradients are summed by themselves; it depends on sizes alone.
        is_by_piece: Whether a thread runs whole pieces, from the last block of time to the first.
        block_steps: Steps of a block of time, a power of two: places in a block are found by masks.
    """

    chunk_rows: int
    piece_rows: int
    is_by_piece: bool
    block_steps: int


def deal(kernel: Kernel, shape: Shape, *, is_backward: bool) -> Deal:
    """Deal the rows of a call to its threads.

    Args:
        kernel: The machine code.
        shape: The batch.
        is_backward: Which way it goes.
    """
    rows = shape.batch_size
    num_shares = shape.num_threads * (SHARES_OF_A_THREAD if shape.is_ragged else 1)
    num_pieces = kernel.num_pieces(rows) if is_backward else 1
    piece_rows = kernel.piece_rows(rows, num_pieces)
    is_by_piece = 1 < num_pieces >= num_shares
    if is_by_piece:
        chunk_rows = piece_rows * -(-num_pieces // num_shares)
    else:
        least = min(kernel.tiles.rows[MAX_VECTORS], rows) if shape.is_ragged else 1
        chunk_rows = max(-(-rows // num_shares), least)
    wanted = (piece_rows, MIN_BLOCK_ROWS) if is_backward else (chunk_rows, MIN_WIDE_ROWS)
    return Deal(chunk_rows, piece_rows, is_by_piece, _count_steps(*wanted, shape.num_steps))


def _count_steps(rows: int, wanted: int, num_steps: int) -> int:
    steps = 1
    while steps * rows < wanted and steps < num_steps:
        steps *= 2
    return steps
