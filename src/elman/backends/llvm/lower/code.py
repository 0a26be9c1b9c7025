"""Integers, addresses and loops, written through llvmlite's builder."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from llvmlite import ir

# Of the builder's methods llvmlite does not say what they return.
Value: TypeAlias = Any
Builder: TypeAlias = Any
I64 = ir.IntType(64)
POINTER = ir.PointerType()
WORD = 8  # bytes of an integer and of a pointer


def constant(number: int) -> Value:
    """Return an integer known when the code is written."""
    return ir.Constant(I64, number)


class Code:
    """A function that is being written.

    Args:
        function: The function, without a block yet.
    """

    def __init__(self, function: ir.Function) -> None:
        self.function = function
        self.entry: Builder = ir.IRBuilder(function.append_basic_block("entry"))
        self.builder: Builder = ir.IRBuilder(function.append_basic_block("body"))
        self._body = self.builder.block

    def finish(self) -> None:
        """End the function; what was put at its entry comes before all else."""
        self.builder.ret_void()
        self.entry.branch(self._body)

    def address(self, base: Value, index: Value | int, of: ir.Type) -> Value:
        """Return the address of an element."""
        index = constant(index) if isinstance(index, int) else index
        return self.builder.gep(base, [index], source_etype=of)

    def load_word(self, base: Value, index: Value | int, of: ir.Type = I64) -> Value:
        """Load an integer, or a pointer, of an array of them."""
        return self.builder.load(self.address(base, index, of), typ=of)

    def load_at_entry(self, base: Value, index: int, of: ir.Type = I64) -> Value:
        """Load an integer or a pointer once, when the function begins."""
        address = self.entry.gep(base, [constant(index)], source_etype=of)
        return self.entry.load(address, typ=of)

    def variable(self, of: ir.Type) -> Value:
        """Return the address of a variable; it becomes a register."""
        return self.entry.alloca(of)

    def minimum(self, left: Value, right: Value) -> Value:
        """Return the smaller of two integers."""
        return self.builder.select(self.builder.icmp_signed("<", left, right), left, right)

    @contextmanager
    def loop(self, stop: Value, step: Value | None = None) -> Iterator[Value]:
        """Write a loop over 0, step, 2 step, ... below stop."""
        builder, function = self.builder, self.function
        before = builder.block
        head, body = function.append_basic_block("head"), function.append_basic_block("loop")
        end = function.append_basic_block("end")
        builder.branch(head)
        builder.position_at_end(head)
        counter = builder.phi(I64)
        counter.add_incoming(constant(0), before)
        builder.cbranch(builder.icmp_signed("<", counter, stop), body, end)
        builder.position_at_end(body)
        yield counter
        counter.add_incoming(builder.add(counter, step or constant(1)), builder.block)
        builder.branch(head)
        builder.position_at_end(end)

    @contextmanager
    def part(self) -> Iterator[Builder]:
        """Yield a builder for what comes before all that is written inside."""
        before = self.builder.block
        after = self.function.append_basic_block("part")
        self.builder.position_at_end(after)
        builder = ir.IRBuilder(before)
        yield builder
        builder.branch(after)
