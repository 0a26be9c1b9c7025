"""Gradients that are summed over all rows and steps of a block of time."""

from elman.backends.llvm.driver.running import num_live, own_memory, take
from elman.backends.llvm.driver.tables import pointer, word
from elman.backends.llvm.driver.words import COLUMNS_OF_UNIT, JOB_WORDS, Call, Job
from elman.backends.llvm.tiles.writer import Function, Int, Module


def write_reduce(module: Module) -> None:
    """Write `reduce_jobs`, which threads run: each takes one tile of a gradient after the other."""
    with module.function("fill_block", "ptr call", "ptr table", "ptr rows", result="i64", local=True) as f:
        _fill_block(f)
    with module.function("reduce_jobs", "ptr call") as f:
        memory = own_memory(f)
        known = [f.slot("i64") for _ in range(2)]
        for slot in known:
            f.store("0", slot, "i64")
        num_rows = f.slot("i64")
        f.store("0", num_rows, "i64")
        count = word(f, "%call", Call.NUM_UNITS)
        with f.loop(0, count):
            unit = take(f, Call.NEXT_UNIT)
            with f.when(f.value(f"icmp sge i64 {unit}, {count}")):
                f.leave()
            job, place = _find_job(f, unit)
            tables = [memory + word(f, "%call", at) for at in (Call.TABLES_AT, Call.OTHER_TABLES_AT)]
            for which, slot, rows in zip((Job.LEFT, Job.RIGHT), known, tables, strict=True):
                _fill_new(f, word(f, job, which), slot, rows, num_rows)
            _reduce(f, job, place, tables, Int(f, f.load(num_rows, "i64")), memory)


def _fill_block(f: Function) -> None:
    """All rows of the block, the last step first."""
    begin, end = word(f, "%call", Call.FIRST_STEP), word(f, "%call", Call.LAST_STEP)
    batch_size, filled = word(f, "%call", Call.BATCH_SIZE), f.slot("i64")
    f.store("0", filled, "i64")
    with f.loop(begin, end) as passed:
        step = end - 1 - (passed - begin)
        count = num_live(f, step, f.constant(0), batch_size)
        so_far = Int(f, f.load(filled, "i64"))
        rows = f.address("%rows", so_far, "i64")
        f.call(
            "fill", "void", "ptr %call", "ptr %table", f"ptr {rows}", f"i64 {step}", "i64 0", f"i64 {count}"
        )
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


def _fill_new(f: Function, table: Int, known: str, rows: Int, num_rows: str) -> None:
    """Fill a table unless it is the one that stands there."""
    is_known = table.equals(Int(f, f.load(known, "i64")))
    is_absent = table.equals(0)
    with f.when(f.value(f"xor i1 {f.value(f'or i1 {is_known}, {is_absent}')}, true")):
        filled = f.call(
            "fill_block", "i64", "ptr %call", f"ptr {pointer(f, table)}", f"ptr {pointer(f, rows)}"
        )
        f.store(filled, num_rows, "i64")
        f.store(str(table), known, "i64")


def _reduce(f: Function, job: str, place: Int, tables: list[Int], num_rows: Int, memory: Int) -> None:
    left, right = (pointer(f, table) for table in tables)
    is_outer = f.constant(0) < word(f, job, Job.IS_OUTER)
    num_left, num_right = word(f, job, Job.NUM_LEFT), word(f, job, Job.NUM_RIGHT)
    out = word(f, job, Job.OUT)
    with f.when(is_outer):
        work = pointer(f, memory + word(f, "%call", Call.WORK_AT))
        function = pointer(f, word(f, "%call", Call.OUTER))
        sizes = f"i64 {num_rows}, i64 0, i64 0, i64 {num_left}, i64 {num_right}"
        target = f"ptr {pointer(f, out)}, i64 {word(f, job, Job.OUT_STRIDE)}"
        tiles = f"i64 {place}, i64 {place + 1}"
        f.line(f"call void {function}(ptr {left}, ptr {right}, {sizes}, {target}, {tiles}, ptr {work})")
    with f.when(f.value(f"xor i1 {is_outer}, true")):
        offset = place * COLUMNS_OF_UNIT
        columns = (num_left - offset).minimum(COLUMNS_OF_UNIT)
        function = pointer(f, word(f, "%call", Call.COLUMN_SUM))
        target = pointer(f, out + offset * f.module.num_bytes)
        sizes = f"i64 {num_rows}, i64 {offset}, i64 {columns}"
        f.line(f"call void {function}(ptr {left}, {sizes}, ptr {target})")
