"""A vector type, and arithmetic on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from llvmlite import ir

Number: TypeAlias = ir.Value | float
# An ir.IRBuilder; what its methods return is hidden from type checkers by their decorators.
Builder: TypeAlias = Any
Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Lanes:
    """Vectors of one real type and the place where code about them goes.

    A method takes vectors, or Python numbers that stand for a vector of equal ones. No fast-math flag is
    ever set: what is written is what is computed.

    Args:
        builder: The `ir.IRBuilder` that adds instructions.
        real: The type of one number: `ir.FloatType()` or `ir.DoubleType()`.
        width: How many numbers a vector holds, a power of two.
    """

    builder: Builder
    real: ir.Type
    width: int

    @property
    def is_double(self) -> bool:
        """Whether a number has 64 bits."""
        return isinstance(self.real, ir.DoubleType)

    @property
    def fraction_bits(self) -> int:
        """How many bits of a number lie below its exponent."""
        return self.either(23, 52)

    @property
    def bias(self) -> int:
        """What the exponent field of 1 holds."""
        return self.either(127, 1023)

    @property
    def vector(self) -> ir.VectorType:
        """The type of a vector of numbers."""
        return ir.VectorType(self.real, self.width)

    @property
    def integers(self) -> ir.VectorType:
        """The type of a vector of integers, each as wide as a number."""
        return ir.VectorType(ir.IntType(self.either(32, 64)), self.width)

    def either(self, single: Choice, double: Choice) -> Choice:
        """Return what belongs to the real type: `single` to 32 bits, `double` to 64."""
        return double if self.is_double else single

    def number(self, value: Number) -> ir.Value:
        """Return a vector: `value` itself, or that Python number in every lane."""
        if isinstance(value, ir.Value):
            return value
        return ir.Constant(self.vector, [ir.Constant(self.real, float(value))] * self.width)

    def integer(self, value: int) -> ir.Value:
        """Return a vector with `value`, taken modulo 2 to the bits of an integer, in every lane."""
        element = self.integers.element
        return ir.Constant(self.integers, [ir.Constant(element, value % 2**element.width)] * self.width)

    def add(self, a: Number, b: Number) -> ir.Value:
        """Return a + b."""
        return self.builder.fadd(self.number(a), self.number(b))

    def sub(self, a: Number, b: Number) -> ir.Value:
        """Return a - b."""
        return self.builder.fsub(self.number(a), self.number(b))

    def mul(self, a: Number, b: Number) -> ir.Value:
        """Return a * b."""
        return self.builder.fmul(self.number(a), self.number(b))

    def div(self, a: Number, b: Number) -> ir.Value:
        """Return a / b."""
        return self.builder.fdiv(self.number(a), self.number(b))

    def neg(self, a: ir.Value) -> ir.Value:
        """Return -a."""
        return self.builder.fneg(a)

    def fma(self, a: Number, b: Number, c: Number) -> ir.Value:
        """Return a * b + c, rounded once."""
        return self.intrinsic("fma", a, b, c)

    def compare(self, relation: str, a: Number, b: Number) -> ir.Value:
        """Return where `a` and `b` stand in a `relation` such as "<"; NaN stands in "!=" alone."""
        ordered = relation != "!="
        compared = self.builder.fcmp_ordered if ordered else self.builder.fcmp_unordered
        return compared(relation, self.number(a), self.number(b))

    def select(self, condition: ir.Value, a: Number, b: Number) -> ir.Value:
        """Return `a` where the condition holds and `b` elsewhere."""
        return self.builder.select(condition, self.number(a), self.number(b))

    def at_least(self, a: ir.Value, bound: float) -> ir.Value:
        """Return `a`, or `bound` where `a` is smaller; NaN stays."""
        return self.select(self.compare("<", a, bound), bound, a)

    def at_most(self, a: ir.Value, bound: float) -> ir.Value:
        """Return `a`, or `bound` where `a` is larger; NaN stays."""
        return self.select(self.compare(">", a, bound), bound, a)

    def bits(self, a: ir.Value) -> ir.Value:
        """Return numbers as the integers that their bits are."""
        return self.builder.bitcast(a, self.integers)

    def from_bits(self, bits: ir.Value) -> ir.Value:
        """Return integers as the numbers that their bits are."""
        return self.builder.bitcast(bits, self.vector)

    def intrinsic(self, name: str, *operands: Number) -> ir.Value:
        """Return what LLVM's own operation `name` makes of the operands.

        Args:
            name: An operation that is an instruction of the target: fma, sqrt, fabs, copysign, floor, ceil.
            operands: Its operands.
        """
        types = [self.vector] * len(operands)
        function = declare(self.builder.module, f"llvm.{name}.{self.suffix}", self.vector, types)
        return self.builder.call(function, [self.number(operand) for operand in operands])

    @property
    def suffix(self) -> str:
        """What tells functions on different vectors apart, such as v16f32."""
        return f"v{self.width}f{self.either(32, 64)}"


def declare(module: ir.Module, name: str, result: ir.Type, operands: Sequence[ir.Type]) -> ir.Function:
    """Return the function of that name, declared in the module if it is not there.

    Args:
        module: Where it is looked for.
        name: Its name.
        result: What it returns.
        operands: What it takes.
    """
    known = module.globals.get(name)
    return known or ir.Function(module, ir.FunctionType(result, operands), name)
