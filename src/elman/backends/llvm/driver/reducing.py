"""Gradients that are summed over rows and steps of a block of time."""

from collections.abc import Sequence

from elman.backends.llvm.driver.tables import num_live, pointer, word
from elman.backends.llvm.driver.threads import own_memory, take
from elman.backends.llvm.driver.words import COLUMNS_OF_UNIT, JOB_WORDS, MAX_PIECES, Call, Job
from elman.backends.llvm.tiles.writer import Function, Int, Module

PIECE = ("i64 begin", "i64 end", "i64 first", "i64 last")


def write_reduce(module: Module) -> None:
    """Write `reduce_jobs`, which threads run: each takes one tile of a piece's gradients after the other.

    And `reduce_piece`, which one thread runs: all tiles of one piece, the rows first .. last.
    """
    with module.function(
        "fill_block", "ptr call", "ptr table", "ptr rows", *PIECE, result="i64", local=True
    ) as f:
        _fill_block(f)
    with module.function("reduce_piece", "ptr call", "i64 memory", "i64 piece", *PIECE, local=True) as f:
        _reduce_piece(f)
    with module.function("reduce_jobs", "ptr call") as f:
        memory, num_units = own_memory(f), word(f, "%call", Call.NUM_UNITS)
        slots, last_piece = _slots(f), f.slot("i64")
        f.store("0", last_piece, "i64")
        rows, size = word(f, "%call", Call.BATCH_SIZE), word(f, "%call", Call.PIECE_ROWS)
        steps = [word(f, "%call", which) for which in (Call.FIRST_STEP, Call.LAST_STEP)]
        count = num_units * ((rows + size - 1) // size)
        with f.loop(0, count):
            place = take(f, Call.NEXT_UNIT)
            with f.when(f.value(f"icmp sge i64 {place}, {count}")):
                f.leave()
            number = place // num_units
            with f.when(f.value(f"xor i1 {number.equals(Int(f, f.load(last_piece, 'i64')))}, true")):
                _forget(f, slots)
                f.store(str(number), last_piece, "i64")
            job, unit = _find_job(f, place - number * num_units)
            first = number * size
            piece = (*steps, first, (first + size).minimum(rows))
            tables, num_rows = _fill_tables(f, job, memory, slots, piece)
            _reduce(f, job, (unit, unit + 1), tables, num_rows, memory, number)


def write_add_pieces(module: Module) -> None:
    """Write `add_pieces`, which threads run: the sums of all pieces are added to the first's, in order."""
    with module.function("add_pieces", "ptr call") as f:
        rows, size = word(f, "%call", Call.BATCH_SIZE), word(f, "%call", Call.PIECE_ROWS)
        count, others = word(f, "%call", Call.NUM_WEIGHTS), (rows + size - 1) // size - 1
        first, table = word(f, "%call", Call.PIECES), f.slot(f"[{MAX_PIECES} x i64]")
        with f.loop(0, others) as number:
            piece = first + (number + 1) * count * module.num_bytes
            f.store(str(piece), f.address(table, number, "i64"), "i64")
        function = pointer(f, word(f, "%call", Call.COLUMN_SUM))
        with f.loop(0, count):
            offset = take(f, Call.NEXT_UNIT) * COLUMNS_OF_UNIT
            with f.when(f.value(f"icmp sge i64 {offset}, {count}")):
                f.leave()
            columns = (count - offset).minimum(COLUMNS_OF_UNIT)
            target = pointer(f, first + offset * module.num_bytes)
            sizes = f"i64 {others}, i64 {offset}, i64 {columns}"
            f.line(f"call void {function}(ptr {table}, {sizes}, ptr {target})")


def _slots(f: Function) -> list[str]:
    """Return where stands which tables are filled in, left and right, and with how many rows."""
    slots = [f.slot("i64") for _ in range(3)]
    _forget(f, slots)
    return slots


def _forget(f: Function, slots: list[str]) -> None:
    for slot in slots:
        f.store("0", slot, "i64")


def _fill_tables(
    f: Function, job: str, memory: Int, slots: list[str], piece: Sequence[Int]
) -> tuple[list[Int], Int]:
    """Return a job's tables of the rows of a piece, and how many rows they have."""
    *known, num_rows = slots
    tables = [memory + word(f, "%call", at) for at in (Call.TABLES_AT, Call.OTHER_TABLES_AT)]
    for which, slot, rows in zip((Job.LEFT, Job.RIGHT), known, tables, strict=True):
        _fill_new(f, word(f, job, which), slot, rows, num_rows, piece)
    return tables, Int(f, f.load(num_rows, "i64"))


def _reduce_piece(f: Function) -> None:
    memory, number, *piece = f.argument("memory", "piece", "begin", "end", "first", "last")
    slots = _slots(f)
    jobs = pointer(f, word(f, "%call", Call.JOBS))
    with f.loop(0, word(f, "%call", Call.NUM_JOBS)) as place:
        job = f.address(jobs, place * JOB_WORDS, "i64")
        tables, num_rows = _fill_tables(f, job, memory, slots, piece)
        units = word(f, job, Job.NUM_UNITS)
        is_outer = f.constant(0) < word(f, job, Job.IS_OUTER)
        with f.when(is_outer):
            _reduce(f, job, (f.constant(0), units), tables, num_rows, memory, number)
        with f.when(f.value(f"xor i1 {is_outer}, true")), f.loop(0, units) as unit:
            _reduce(f, job, (unit, unit + 1), tables, num_rows, memory, number)


def _fill_block(f: Function) -> None:
    """The rows first .. last of the block, the last step first."""
    begin, end, first, last = f.argument("begin", "end", "first", "last")
    filled = f.slot("i64")
    f.store("0", filled, "i64")
    with f.loop(begin, end) as passed:
        step = end - 1 - (passed - begin)
        count = num_live(f, step, first, last)
        so_far = Int(f, f.load(filled, "i64"))
        rows = f.address("%rows", so_far, "i64")
        sizes = f"i64 {step}", f"i64 {first}", f"i64 {count}"
        f.call("fill", "void", "ptr %call", "ptr %table", f"ptr {rows}", *sizes)
        f.store(str(so_far + count), filled, "i64")
    f.line(f"ret i64 {f.load(filled, 'i64')}")


def _find_job(f: Function, unit: Int) -> tuple[str, Int]:
    """Return the job that a unit belongs to, and which of the job's units it is."""
    jobs, place, left = pointer(f, word(f, "%call", Call.JOBS)), f.slot("i64"), f.slot("i64")
    f.store("0", place, "i64")
    f.store(str(unit), left, "i64")
    with f.loop(0, word(f, "%call", Call.NUM_JOBS)) as number:
        size = word(f, f.address(jobs, number * JOB_WORDS, "i64"), Job.NUM_UNITS)
        rest = Int(f, f.load(left, "i64"))
        is_behind = f.value(f"icmp sge i64 {rest}, {size}")
        is_next = f.value(f"and i1 {is_behind}, {number.equals(Int(f, f.load(place, 'i64')))}")
        with f.when(is_next):
            f.store(str(rest - size), left, "i64")
            f.store(str(number + 1), place, "i64")
    job = f.address(jobs, Int(f, f.load(place, "i64")) * JOB_WORDS, "i64")
    return job, Int(f, f.load(left, "i64"))


def _fill_new(f: Function, table: Int, known: str, rows: Int, num_rows: str, piece: Sequence[Int]) -> None:
    """Fill a table unless it is the one that stands there."""
    is_known = table.equals(Int(f, f.load(known, "i64")))
    is_absent = table.equals(0)
    with f.when(f.value(f"xor i1 {f.value(f'or i1 {is_known}, {is_absent}')}, true")):
        place = f"ptr {pointer(f, table)}", f"ptr {pointer(f, rows)}"
        filled = f.call("fill_block", "i64", "ptr %call", *place, *(f"i64 {number}" for number in piece))
        f.store(filled, num_rows, "i64")
        f.store(str(table), known, "i64")


def _reduce(
    f: Function, job: str, units: tuple[Int, Int], tables: list[Int], num_rows: Int, memory: Int, piece: Int
) -> None:
    """Sum units of a job over rows; not an outer product, it is one unit."""
    left, right = (pointer(f, table) for table in tables)
    is_outer = f.constant(0) < word(f, job, Job.IS_OUTER)
    num_left, num_right = word(f, job, Job.NUM_LEFT), word(f, job, Job.NUM_RIGHT)
    out = word(f, job, Job.OUT) + piece * word(f, job, Job.OUT_PIECE)
    with f.when(is_outer):
        work = pointer(f, memory + word(f, "%call", Call.WORK_AT))
        function = pointer(f, word(f, "%call", Call.OUTER))
        sizes = f"i64 {num_rows}, i64 0, i64 0, i64 {num_left}, i64 {num_right}"
        target = f"ptr {pointer(f, out)}, i64 {word(f, job, Job.OUT_STRIDE)}"
        tiles = f"i64 {units[0]}, i64 {units[1]}"
        f.line(f"call void {function}(ptr {left}, ptr {right}, {sizes}, {target}, {tiles}, ptr {work})")
    with f.when(f.value(f"xor i1 {is_outer}, true")):
        offset = units[0] * COLUMNS_OF_UNIT
        columns = (num_left - offset).minimum(COLUMNS_OF_UNIT)
        function = pointer(f, word(f, "%call", Call.COLUMN_SUM))
        target = pointer(f, out + offset * f.module.num_bytes)
        sizes = f"i64 {num_rows}, i64 {offset}, i64 {columns}"
        f.line(f"call void {function}(ptr {left}, {sizes}, ptr {target})")
