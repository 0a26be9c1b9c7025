"""Threads of a call: each has memory of its own, and all take what is to be done from shared counters."""

from elman.backends.llvm.driver.tables import pointer, word
from elman.backends.llvm.driver.words import Call
from elman.backends.llvm.tiles.writer import Function, Int


def take(f: Function, which: Call) -> Int:
    """Take the next number of a counter that threads share."""
    counter = f.address("%call", int(which), "i64")
    return Int(f, f.value(f"atomicrmw add ptr {counter}, i64 1 monotonic"))


def own_memory(f: Function) -> Int:
    """Return the address of the memory of this thread."""
    number = take(f, Call.NEXT_THREAD)
    return word(f, "%call", Call.MEMORY) + number * word(f, "%call", Call.THREAD_BYTES)


def dispatch(f: Function, name: str, is_small: str = "false") -> None:
    """Run a function of the call on all threads, or on this one if it is small; come back when it is done."""
    for counter in (Call.NEXT_UNIT, Call.NEXT_THREAD):
        f.store("0", f.address("%call", int(counter), "i64"), "i64")
    parallel, threads = word(f, "%call", Call.PARALLEL), word(f, "%call", Call.NUM_THREADS)
    is_alone = f.value(f"or i1 {parallel.equals(0)}, {threads < 2}")
    is_alone = f.value(f"or i1 {is_alone}, {is_small}")
    with f.when(is_alone):
        f.call(name, "void", "ptr %call")
    with f.when(f.value(f"xor i1 {is_alone}, true")):
        count = f.value(f"trunc i64 {threads} to i32")
        f.line(f"call void {pointer(f, parallel)}(ptr @{name}, ptr %call, i32 {count}, i32 0)")
