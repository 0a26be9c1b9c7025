"""A call of the driver for one shape of a batch, all but the addresses."""

from elman.backends.llvm.driver import CALL_WORDS, Call
from elman.backends.llvm.frame.gradients import add_jobs, add_reset_gradients
from elman.backends.llvm.frame.layout import Layout
from elman.backends.llvm.frame.programs import add_programs
from elman.backends.llvm.frame.shape import Frame, Shape
from elman.backends.llvm.frame.space import LINE, round_up
from elman.backends.llvm.kernel import Kernel

__all__ = ["LINE", "Frame", "Shape", "make_frame"]


def make_frame(kernel: Kernel, shape: Shape, *, is_backward: bool) -> Frame:
    """Lay out a call.

    Args:
        kernel: The machine code.
        shape: The batch.
        is_backward: Which way it goes.
    """
    layout = Layout(kernel, shape, is_backward=is_backward)
    layout.words.extend([0] * CALL_WORDS)
    _describe_batch(layout)
    _name_tiles(layout)
    add_programs(layout)
    if is_backward:
        add_jobs(layout)
        if shape.has_resets:
            add_reset_gradients(layout)
    else:
        _add_finals(layout)
    _add_thread_memory(layout)
    return Frame(layout.words.finish(), kernel.given, layout.space.work_bytes)


def _describe_batch(layout: Layout) -> None:
    shape, dealt, words = layout.shape, layout.dealt, layout.words
    numbers = {
        Call.NUM_STEPS: shape.num_steps,
        Call.BATCH_SIZE: shape.batch_size,
        Call.IS_REVERSE: int(shape.is_reverse),
        Call.NUM_THREADS: shape.num_threads,
        Call.PARALLEL: shape.parallel,
        Call.CHUNK_ROWS: dealt.chunk_rows,
        Call.BLOCK_STEPS: dealt.block_steps,
        Call.PIECE_ROWS: dealt.piece_rows,
        Call.IS_BY_PIECE: int(dealt.is_by_piece),
        Call.END_STEP: shape.num_steps,
    }
    for which, number in numbers.items():
        words.set(which, number)
    if shape.span < shape.num_steps:
        words.attach(Call.BEGIN_STEP, "begin")
        words.attach(Call.END_STEP, "end")
    if shape.is_ragged:
        words.attach(Call.ORDER, "order")
        words.attach(Call.LENGTHS, "lengths")
    if shape.has_resets:
        words.attach(Call.RESETS, "resets")
        stride_t, stride_n = shape.strides["resets"]
        words.set(Call.RESETS_STRIDE_T, stride_t)
        words.set(Call.RESETS_STRIDE_N, stride_n)


def _name_tiles(layout: Layout) -> None:
    tiles = layout.kernel.tiles
    addresses = {Call.PACK: tiles.pack, Call.OUTER: tiles.outer, Call.COLUMN_SUM: tiles.column_sum}
    for which, address in addresses.items():
        layout.words.set(which, address)


def _add_finals(layout: Layout) -> None:
    words, begin, sources = layout.words, layout.begin, layout.kernel.state_sources
    for place, source in enumerate(sources):
        layout.add_place(source.array)
        size = layout.kernel.memory.arrays[source.array].size * layout.size
        words.append(0, f"final.{place}")
        words.extend([size, size])
    words.point(Call.FINALS, begin)
    words.set(Call.NUM_FINALS, len(sources))


def _add_thread_memory(layout: Layout) -> None:
    """Each thread has accumulators, two sets of tables of rows, and the work space of a tile."""
    kernel, shape, tiles = layout.kernel, layout.shape, layout.kernel.tiles
    present = [kernel.programs[name] for name in layout.programs if name in kernel.programs]
    sums = max(program.num_sums for program in present) * tiles.max_rows * tiles.num_lanes * layout.size
    tables = max(len(program.tables) * layout.capacity(program.name) for program in present) * 8
    block = layout.dealt.block_steps * shape.batch_size * 8 if layout.is_backward else 0
    parts = [sums, max(tables, block), block, tiles.outer_work_bytes if layout.is_backward else 0]
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + round_up(part) + LINE)
    *_, num_bytes = starts
    for which, start in zip((Call.TABLES_AT, Call.OTHER_TABLES_AT, Call.WORK_AT), starts[1:], strict=False):
        layout.words.set(which, start)
    layout.words.set(Call.THREAD_BYTES, num_bytes)
    layout.words.attach(Call.MEMORY, "work", layout.space.take(num_bytes * shape.num_threads))
