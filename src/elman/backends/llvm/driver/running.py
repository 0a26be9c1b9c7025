"""Blocks of time, rows and threads around a step."""

from collections.abc import Iterator
from contextlib import contextmanager

from elman.backends.llvm.driver.tables import is_reset, num_live, pointer, word
from elman.backends.llvm.driver.threads import dispatch, own_memory, take
from elman.backends.llvm.driver.words import (
    FINAL_WORDS,
    RESET_WORDS,
    TABLE_WORDS,
    Call,
    Final,
    ProgramWord,
    Reset,
)
from elman.backends.llvm.tiles.writer import Function, Int, Module

WEIGHTS_OF_A_THREAD = 1 << 15  # gradients below which adding them up is not shared


def write_run_step(module: Module) -> None:
    """Write `run_step`: one step of some rows; `run_wide`: all steps of a block of time, as one batch."""
    parameters = ("ptr call", "i64 memory", "i64 step", "i64 first", "i64 count")
    with module.function("run_step", *parameters, local=True) as f:
        step, first, count, memory = f.argument("step", "first", "count", "memory")
        program = pointer(f, word(f, "%call", Call.STEP))
        tables = memory + word(f, "%call", Call.TABLES_AT)
        _fill_all(f, program, tables, step, first, count)
        _run(f, program, tables, count, memory)
    parameters = ("ptr call", "i64 memory", "i64 begin", "i64 end", "i64 first", "i64 last")
    with module.function("run_wide", *parameters, local=True) as f:
        begin, end, first, last, memory = f.argument("begin", "end", "first", "last", "memory")
        program = pointer(f, word(f, "%call", Call.WIDE))
        with f.when(word(f, program, ProgramWord.FUNCTION).equals(0)):
            f.leave()
        tables = memory + word(f, "%call", Call.TABLES_AT)
        filled = f.slot("i64")
        f.store("0", filled, "i64")
        with f.loop(begin, end) as step:
            count = num_live(f, step, first, last)
            so_far = Int(f, f.load(filled, "i64"))
            _fill_all(f, program, tables + so_far * 8, step, first, count)
            f.store(str(so_far + count), filled, "i64")
        _run(f, program, tables, Int(f, f.load(filled, "i64")), memory)


def _fill_all(f: Function, program: str, tables: Int, step: Int, first: Int, count: Int) -> None:
    described = pointer(f, word(f, program, ProgramWord.TABLES))
    capacity = word(f, program, ProgramWord.CAPACITY)
    with f.loop(0, word(f, program, ProgramWord.NUM_TABLES)) as number:
        table = f.address(described, number * TABLE_WORDS, "i64")
        rows = pointer(f, tables + number * capacity * 8)
        f.call("fill", "void", "ptr %call", f"ptr {table}", f"ptr {rows}", *_ints(step, first, count))


def _run(f: Function, program: str, tables: Int, count: Int, memory: Int) -> None:
    function = pointer(f, word(f, program, ProgramWord.FUNCTION))
    context = pointer(f, word(f, program, ProgramWord.CONTEXT))
    rows, sums = pointer(f, tables), pointer(f, memory)
    f.line(f"call void {function}(ptr {context}, ptr {rows}, i64 {count}, ptr {sums})")


def _ints(*values: Int) -> list[str]:
    return [f"i64 {value}" for value in values]


def write_forward(module: Module) -> None:
    """Write `forward_rows`, which a thread runs, and `forward`."""
    with module.function("forward_rows", "ptr call") as f:
        memory = own_memory(f)
        _each_chunk(f, lambda first, last: _forward_chunk(f, memory, first, last))
    with module.function("forward", "ptr call") as f:
        dispatch(f, "pack_weights")
        dispatch(f, "forward_rows")


def _blocks(f: Function) -> tuple[Int, Int, Int, Int]:
    """Return the first step of the call, the one behind its last, most steps of a block, and the blocks."""
    begin, end = word(f, "%call", Call.BEGIN_STEP), word(f, "%call", Call.END_STEP)
    most = word(f, "%call", Call.BLOCK_STEPS)
    return begin, end, most, (end - begin + most - 1) // most


def _each_chunk(f: Function, run) -> None:
    """Take chunks of rows until there are none."""
    rows, size = word(f, "%call", Call.BATCH_SIZE), word(f, "%call", Call.CHUNK_ROWS)
    with f.loop(0, rows):  # at most one chunk a row
        first = take(f, Call.NEXT_UNIT) * size
        with f.when(f.value(f"icmp sge i64 {first}, {rows}")):
            f.leave()
        run(first, (first + size).minimum(rows))


def _forward_chunk(f: Function, memory: Int, first: Int, last: Int) -> None:
    span_begin, span_end, most, num_blocks = _blocks(f)
    with f.loop(0, num_blocks) as block:
        begin = span_begin + block * most
        end = (begin + most).minimum(span_end)
        f.call("run_wide", "void", "ptr %call", *_ints(memory, begin, end, first, last))
        with f.loop(begin, end) as step:
            count = num_live(f, step, first, last)
            with f.when(f.constant(0) < count):
                f.call("run_step", "void", "ptr %call", *_ints(memory, step, first, count))
                f.call("finish_rows", "void", "ptr %call", *_ints(step, first, count))


def write_finish(module: Module) -> None:
    """Write `finish_rows`: the states of rows that end at a step are copied to the final states."""
    with module.function("finish_rows", "ptr call", "i64 step", "i64 first", "i64 count", local=True) as f:
        step, first, count = f.argument("step", "first", "count")
        lengths = word(f, "%call", Call.LENGTHS)
        is_end = (step + 1).equals(word(f, "%call", Call.END_STEP))
        with f.when(f.value(f"and i1 {lengths.equals(0)}, {f.value(f'xor i1 {is_end}, true')}")):
            f.leave()
        with f.loop(0, count) as place:
            row = first + place
            sequence = Int(f, f.call("sequence_of", "i64", "ptr %call", f"i64 {row}"))
            time = Int(f, f.call("time_of", "i64", "ptr %call", f"i64 {step}", f"i64 {row}"))
            after = Int(f, f.call("num_live", "i64", "ptr %call", *_ints(step + 1, row, row + 1)))
            ends = f.value(f"or i1 {is_end}, {after.equals(0)}")
            with f.when(ends):
                _copy_states(f, time, sequence)


def _copy_states(f: Function, time: Int, sequence: Int) -> None:
    finals = pointer(f, word(f, "%call", Call.FINALS))
    with f.loop(0, word(f, "%call", Call.NUM_FINALS)) as number:
        final = f.address(finals, number * FINAL_WORDS, "i64")
        place = Int(f, f.value(f"and i64 {time}, {word(f, final, Final.MASK)}"))
        source = (
            word(f, final, Final.BASE)
            + place * word(f, final, Final.STRIDE_T)
            + sequence * word(f, final, Final.STRIDE_N)
        )
        target = word(f, final, Final.FINAL) + sequence * word(f, final, Final.FINAL_STRIDE_N)
        size = word(f, final, Final.NUM_BYTES)
        f.call(
            "llvm.memcpy.p0.p0.i64",
            "void",
            f"ptr {pointer(f, target)}",
            f"ptr {pointer(f, source)}",
            f"i64 {size}",
            "i1 false",
        )


def write_backward(module: Module) -> None:
    """Write `backward`, and what its threads run: block by block all of them, or piece by piece each its own.

    Block by block, weight gradients of a block are summed by all threads together when all its steps are
    through. Piece by piece, a thread sums those of its own rows, and waits for nobody.
    """
    with module.function("backward_rows", "ptr call") as f:
        memory = own_memory(f)
        begin, end = (word(f, "%call", which) for which in (Call.FIRST_STEP, Call.LAST_STEP))
        _each_chunk(f, lambda first, last: _backward_chunk(f, memory, begin, end, first, last))
    with module.function("backward_pieces", "ptr call") as f:
        memory = own_memory(f)
        _each_chunk(f, lambda first, last: _backward_pieces(f, memory, first, last))
    with module.function("backward", "ptr call") as f:
        dispatch(f, "pack_weights")
        is_by_piece = f.constant(0) < word(f, "%call", Call.IS_BY_PIECE)
        with f.when(is_by_piece):
            dispatch(f, "backward_pieces")
        with f.when(f.value(f"xor i1 {is_by_piece}, true")), _blocks_backward(f) as (begin, end):
            f.store(str(begin), f.address("%call", int(Call.FIRST_STEP), "i64"), "i64")
            f.store(str(end), f.address("%call", int(Call.LAST_STEP), "i64"), "i64")
            dispatch(f, "backward_rows")
            with f.when(f.constant(0) < word(f, "%call", Call.NUM_JOBS)):
                dispatch(f, "reduce_jobs")
        size, is_last = word(f, "%call", Call.PIECE_ROWS), word(f, "%call", Call.BEGIN_STEP).equals(0)
        has_pieces = f.value(f"icmp slt i64 {size}, {word(f, '%call', Call.BATCH_SIZE)}")
        with f.when(f.value(f"and i1 {has_pieces}, {is_last}")):
            dispatch(f, "add_pieces", word(f, "%call", Call.NUM_WEIGHTS) < WEIGHTS_OF_A_THREAD)


@contextmanager
def _blocks_backward(f: Function) -> Iterator[tuple[Int, Int]]:
    span_begin, span_end, most, num_blocks = _blocks(f)
    with f.loop(0, num_blocks) as done:
        begin = span_begin + (num_blocks - done - 1) * most
        yield begin, (begin + most).minimum(span_end)


def _backward_pieces(f: Function, memory: Int, first: Int, last: Int) -> None:
    size = word(f, "%call", Call.PIECE_ROWS)
    with _blocks_backward(f) as (begin, end):
        _backward_chunk(f, memory, begin, end, first, last)
        with f.loop(0, (last - first + size - 1) // size) as number:
            start = first + number * size
            rows = _ints(begin, end, start, (start + size).minimum(last))
            f.call("reduce_piece", "void", "ptr %call", *_ints(memory, start // size), *rows)


def _backward_chunk(f: Function, memory: Int, begin: Int, end: Int, first: Int, last: Int) -> None:
    with f.loop(begin, end) as passed:
        step = end - 1 - (passed - begin)
        count = num_live(f, step, first, last)
        with f.when(f.constant(0) < count):
            f.call("run_step", "void", "ptr %call", *_ints(memory, step, first, count))
            with f.when(f.constant(0) < word(f, "%call", Call.RESETS)):
                f.call("take_resets", "void", "ptr %call", *_ints(memory, step, first, count))
    f.call("run_wide", "void", "ptr %call", *_ints(memory, begin, end, first, last))


def write_take_resets(module: Module) -> None:
    """Write `take_resets`: where a step began anew, the gradient of its state is the fresh state's."""
    parameters = ("ptr call", "i64 memory", "i64 step", "i64 first", "i64 count")
    with module.function("take_resets", *parameters, local=True) as f:
        memory, step, first, count = f.argument("memory", "step", "first", "count")
        with f.loop(0, count) as place:
            row = first + place
            sequence = Int(f, f.call("sequence_of", "i64", "ptr %call", f"i64 {row}"))
            time = Int(f, f.call("time_of", "i64", "ptr %call", f"i64 {step}", f"i64 {row}"))
            with f.when(is_reset(f, time, sequence)):
                _take_gradients(f, memory, place, sequence)


def _take_gradients(f: Function, memory: Int, place: Int, sequence: Int) -> None:
    program = pointer(f, word(f, "%call", Call.STEP))
    tables, capacity = memory + word(f, "%call", Call.TABLES_AT), word(f, program, ProgramWord.CAPACITY)
    resets, real = pointer(f, word(f, "%call", Call.RESET_GRADIENTS)), f.module.real
    with f.loop(0, word(f, "%call", Call.NUM_RESET_GRADIENTS)) as number:
        reset = f.address(resets, number * RESET_WORDS, "i64")
        slot = (word(f, reset, Reset.TABLE) * capacity + place) * 8
        state = f.load(pointer(f, tables + slot), "ptr")
        fresh = pointer(f, word(f, reset, Reset.FRESH) + sequence * word(f, reset, Reset.FRESH_STRIDE_N))
        with f.loop(0, word(f, reset, Reset.SIZE)) as j:
            source, target = f.address(state, j), f.address(fresh, j)
            total = f.value(f"fadd {real} {f.load(target, real)}, {f.load(source, real)}")
            f.store(total, target, real)
            f.store("0.0", source, real)
