"""Instructions on vectors that the tiles share."""

from elman.backends.llvm.tiles.integer import Int
from elman.backends.llvm.tiles.writer import Function


def fma(f: Function, left: str, right: str, total: str) -> str:
    """Write left * right + total, rounded once."""
    kind = f.module.vector()
    name = f"llvm.fma.v{f.module.num_lanes}f{8 * f.module.num_bytes}"
    return f.call(name, kind, f"{kind} {left}", f"{kind} {right}", f"{kind} {total}")


def broadcast(f: Function, address: str) -> str:
    """Load one number into all lanes."""
    return splat(f, f.load(address, f.module.real), f.module.real, f.module.num_lanes)


def splat(f: Function, value: str, kind: str, num_lanes: int) -> str:
    """Copy one value to all lanes."""
    vector = f"<{num_lanes} x {kind}>"
    first = f.value(f"insertelement {vector} poison, {kind} {value}, i32 0")
    zeros = f"<{num_lanes} x i32> zeroinitializer"
    return f.value(f"shufflevector {vector} {first}, {vector} poison, {zeros}")


def mask(f: Function, count: Int, num_lanes: int | None = None) -> str:
    """Return which lanes are below `count`, which may be anything."""
    num_lanes = num_lanes or f.module.num_lanes
    zero = f.constant(0)
    clamped = f.select(count < 0, zero, count.minimum(num_lanes))
    narrow = f.value(f"trunc i64 {clamped} to i32")
    numbers = ", ".join(f"i32 {lane}" for lane in range(num_lanes))
    kind = f"<{num_lanes} x i32>"
    return f.value(f"icmp slt {kind} <{numbers}>, {splat(f, narrow, 'i32', num_lanes)}")


def masked_load(f: Function, address: str, lanes: str, num_lanes: int | None = None) -> str:
    """Load the lanes of a mask; the others are zero and their memory is not touched."""
    kind, suffix, mask_type = _masked(f, num_lanes)
    operands = [
        f"ptr {address}",
        f"i32 {f.module.num_bytes}",
        f"{mask_type} {lanes}",
        f"{kind} zeroinitializer",
    ]
    return f.call(f"llvm.masked.load.{suffix}", kind, *operands)


def masked_store(f: Function, value: str, address: str, lanes: str, num_lanes: int | None = None) -> None:
    """Store the lanes of a mask; the memory of the others is not touched."""
    kind, suffix, mask_type = _masked(f, num_lanes)
    operands = [f"{kind} {value}", f"ptr {address}", f"i32 {f.module.num_bytes}", f"{mask_type} {lanes}"]
    f.call(f"llvm.masked.store.{suffix}", "void", *operands)


def _masked(f: Function, num_lanes: int | None) -> tuple[str, str, str]:
    num_lanes = num_lanes or f.module.num_lanes
    suffix = f"v{num_lanes}f{8 * f.module.num_bytes}.p0"
    return f.module.vector(num_lanes), suffix, f"<{num_lanes} x i1>"


def prefetch(f: Function, address: str, level: int = 1) -> None:
    """Ask for the cache line of an address, soon to be read, into a level of cache; any address will do."""
    f.call("llvm.prefetch.p0", "void", f"ptr {address}", "i32 0", f"i32 {4 - level}", "i32 1")
