"""Tables of rows: where the numbers of each row begin at one step."""

from elman.backends.llvm.driver.words import Call, Role, Table
from elman.backends.llvm.tiles.writer import Function, Int, Module


def word(f: Function, base: str, index: int | Int) -> Int:
    """Load a word of an array of words."""
    return Int(f, f.load(f.address(base, index, "i64"), "i64"))


def pointer(f: Function, address: Int | str) -> str:
    """Return an integer as an address."""
    return f.value(f"inttoptr i64 {address} to ptr")


def write_num_live(module: Module) -> None:
    """Write `num_live`: how many of the rows first .. last run at a step; the longest come first."""
    parameters = ("ptr call", "i64 step", "i64 first", "i64 last")
    with module.function("num_live", *parameters, result="i64", local=True) as f:
        step, first, last = f.argument("step", "first", "last")
        lengths = word(f, "%call", Call.LENGTHS)
        count = f.slot("i64")
        f.store(str(last - first), count, "i64")
        with f.when(f.constant(0) < lengths):
            table = pointer(f, lengths)
            f.store("0", count, "i64")
            with f.loop(first, last) as row:
                is_live = f.value(f"zext i1 {step < word(f, table, row)} to i64")
                f.store(str(Int(f, f.load(count, "i64")) + Int(f, is_live)), count, "i64")
        f.line(f"ret i64 {f.load(count, 'i64')}")


def num_live(f: Function, step: Int, first: Int, last: Int) -> Int:
    """Return how many of the rows first .. last run at a step."""
    return Int(f, f.call("num_live", "i64", "ptr %call", f"i64 {step}", f"i64 {first}", f"i64 {last}"))


def write_time(module: Module) -> None:
    """Write `time_of`: the time t at which a row's step comes."""
    with module.function("time_of", "ptr call", "i64 step", "i64 row", result="i64", local=True) as f:
        step, row = f.argument("step", "row")
        length = _length(f, row)
        is_reverse = f.constant(0) < word(f, "%call", Call.IS_REVERSE)
        f.line(f"ret i64 {f.select(is_reverse, length - step - 1, step)}")


def _length(f: Function, row: Int) -> Int:
    slot = f.slot("i64")
    f.store(str(word(f, "%call", Call.NUM_STEPS)), slot, "i64")
    lengths = word(f, "%call", Call.LENGTHS)
    with f.when(f.constant(0) < lengths):
        f.store(str(word(f, pointer(f, lengths), row)), slot, "i64")
    return Int(f, f.load(slot, "i64"))


def write_sequence(module: Module) -> None:
    """Write `sequence_of`: the number of the sequence that a row is."""
    with module.function("sequence_of", "ptr call", "i64 row", result="i64", local=True) as f:
        (row,) = f.argument("row")
        slot = f.slot("i64")
        f.store(str(row), slot, "i64")
        order = word(f, "%call", Call.ORDER)
        with f.when(f.constant(0) < order):
            f.store(str(word(f, pointer(f, order), row)), slot, "i64")
        f.line(f"ret i64 {f.load(slot, 'i64')}")


def write_fill(module: Module) -> None:
    """Write `fill`: the table of the rows first .. first + count at a step."""
    parameters = ("ptr call", "ptr table", "ptr rows", "i64 step", "i64 first", "i64 count")
    with module.function("fill", *parameters, local=True) as f:
        step, first, count = f.argument("step", "first", "count")
        role = word(f, "%table", Table.ROLE)
        uneven = (
            word(f, "%call", Call.LENGTHS) + word(f, "%call", Call.ORDER) + word(f, "%table", Table.FRESH)
        )
        with f.when(uneven.equals(0)):
            _fill_evenly(f, role, step, first, count)
            f.leave()
        with f.when(_is_at_one_time(f, role)):
            _fill_in_order(f, role, step, first, count)
            f.leave()
        with f.loop(0, count) as place:
            row = first + place
            address = _address(f, role, step, row)
            f.store(str(address), f.address("%rows", place, "i64"), "i64")


def _fill_evenly(f: Function, role: Int, step: Int, first: Int, count: Int) -> None:
    """All rows are at one time, side by side."""
    zero = f.constant(0)
    time = Int(f, f.call("time_of", "i64", "ptr %call", f"i64 {step}", "i64 0"))
    plain = word(f, "%table", Table.BASE) + _masked(f, time + _shift(f, role)) * word(
        f, "%table", Table.STRIDE_T
    )
    is_last = (step + 1).equals(word(f, "%call", Call.END_STEP))
    has_edge = _is_edge(f, role, is_last, _is_first(f, step))
    base = f.select(has_edge, word(f, "%table", Table.FIRST), plain)
    stride = f.select(has_edge, word(f, "%table", Table.FIRST_STRIDE_N), word(f, "%table", Table.STRIDE_N))
    begin = base + first * stride
    with f.loop(zero, count) as row:
        f.store(str(begin + row * stride), f.address("%rows", row, "i64"), "i64")


def _is_at_one_time(f: Function, role: Int) -> str:
    """Return whether rows of unequal length are at one time all the same, and none of them at its end."""
    uneven = word(f, "%call", Call.IS_REVERSE) + word(f, "%table", Table.FRESH)
    is_even = f.value(f"and i1 {uneven.equals(0)}, {f.constant(0) < word(f, '%call', Call.ORDER)}")
    is_at_end = role.equals(Role.GRADIENT_IN)
    return f.value(f"and i1 {is_even}, {f.value(f'xor i1 {is_at_end}, true')}")


def _fill_in_order(f: Function, role: Int, step: Int, first: Int, count: Int) -> None:
    """All rows are at one time, in the order of their lengths."""
    place = _masked(f, step + _shift(f, role))
    plain = word(f, "%table", Table.BASE) + place * word(f, "%table", Table.STRIDE_T)
    has_edge = f.value(f"and i1 {f.constant(0) < role}, {_is_first(f, step)}")
    base = f.select(has_edge, word(f, "%table", Table.FIRST), plain)
    stride = f.select(has_edge, word(f, "%table", Table.FIRST_STRIDE_N), word(f, "%table", Table.STRIDE_N))
    order = pointer(f, word(f, "%call", Call.ORDER))
    with f.loop(0, count) as row:
        address = base + word(f, order, first + row) * stride
        f.store(str(address), f.address("%rows", row, "i64"), "i64")


def _shift(f: Function, role: Int) -> Int:
    """Return how far from a step's own time the numbers are that a table points to."""
    zero = f.constant(0)
    back = f.select(zero < word(f, "%call", Call.IS_REVERSE), 1, -1)
    return f.select(
        role.equals(Role.BEFORE), back, f.select(role.equals(Role.GRADIENT_IN), zero - back, zero)
    )


def _is_edge(f: Function, role: Int, is_last: str, is_first: str) -> str:
    """Return whether the array that stands in at an end is the one to point to."""
    is_edge = f.value(f"select i1 {role.equals(Role.GRADIENT_IN)}, i1 {is_last}, i1 {is_first}")
    return f.value(f"and i1 {f.constant(0) < role}, {is_edge}")


def _is_first(f: Function, step: Int) -> str:
    return step.equals(word(f, "%call", Call.BEGIN_STEP))


def _masked(f: Function, time: Int) -> Int:
    return Int(f, f.value(f"and i64 {time}, {word(f, '%table', Table.MASK)}"))


def _address(f: Function, role: Int, step: Int, row: Int) -> Int:
    """Return where a row's numbers begin, by the role of the table."""
    sequence = Int(f, f.call("sequence_of", "i64", "ptr %call", f"i64 {row}"))
    time = Int(f, f.call("time_of", "i64", "ptr %call", f"i64 {step}", f"i64 {row}"))
    plain = (
        word(f, "%table", Table.BASE)
        + _masked(f, time + _shift(f, role)) * word(f, "%table", Table.STRIDE_T)
        + sequence * word(f, "%table", Table.STRIDE_N)
    )
    first = word(f, "%table", Table.FIRST) + sequence * word(f, "%table", Table.FIRST_STRIDE_N)
    is_last = (step + 1).equals(_length(f, row).minimum(word(f, "%call", Call.END_STEP)))
    has_edge = _is_edge(f, role, is_last, _is_first(f, step))
    slot = f.slot("i64")
    f.store(str(f.select(has_edge, first, plain)), slot, "i64")
    fresh = word(f, "%table", Table.FRESH)
    with f.when(f.constant(0) < fresh), f.when(is_reset(f, time, sequence)):
        start = fresh + sequence * word(f, "%table", Table.FRESH_STRIDE_N)
        f.store(str(start), slot, "i64")
    return Int(f, f.load(slot, "i64"))


def is_reset(f: Function, time: Int, sequence: Int) -> str:
    """Return whether a sequence starts anew at a time; there are resets."""
    place = time * word(f, "%call", Call.RESETS_STRIDE_T) + sequence * word(f, "%call", Call.RESETS_STRIDE_N)
    byte = f.load(pointer(f, word(f, "%call", Call.RESETS) + place), "i8", align=1)
    return f.value(f"icmp ne i8 {byte}, 0")
