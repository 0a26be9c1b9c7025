"""The one table of ops: what each takes, and what comes out of it.

Where an op has the name of a torch function it is that function, its gradient at kinks and ties included.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from elman.ir import rules
from elman.ir.graph import Dtype, Type

ShapeRule: TypeAlias = Callable[[Sequence[tuple[int, ...]], Mapping[str, Any]], tuple[int, ...]]
DtypeRule: TypeAlias = Callable[[Sequence[Dtype]], Dtype]
AttributeTypes: TypeAlias = Mapping[str, tuple[type, ...]]

MANY = sys.maxsize
NUMBER, INTEGER, INTEGERS = (float,), (int,), (tuple,)
NO_ATTRIBUTES: AttributeTypes = {}


@dataclass(frozen=True)
class Op:
    """One row of the table.

    Args:
        name: What nodes call it.
        category: "linear", "pointwise", "reduction", "structural" or "identity".
        arity: The fewest and the most operands.
        shape_rule: Feature shapes of the operands -> feature shape of the result.
        dtype_rule: Dtypes of the operands -> dtype of the result.
        attributes: The Python types each attribute may have.
        shared: Operands that must be the same for every row.
    """

    name: str
    category: Literal["linear", "pointwise", "reduction", "structural", "identity"]
    arity: tuple[int, int]
    shape_rule: ShapeRule
    dtype_rule: DtypeRule
    attributes: AttributeTypes = field(default_factory=dict)
    shared: tuple[int, ...] = ()

    def infer(self, operands: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
        """Return the type of the result.

        Args:
            operands: What the operands are; as many as `arity` allows.
            attributes: One value for each of `attributes`.

        Raises:
            ValueError: The operands do not fit.
        """
        for number in self.shared:
            if number < len(operands) and operands[number].per_row:
                raise ValueError(f"operand {number} must be the same for every row")
        shape = self.shape_rule([operand.shape for operand in operands], attributes)
        dtype = self.dtype_rule([operand.dtype for operand in operands])
        per_row = bool(attributes.get("rows")) or any(operand.per_row for operand in operands)
        return Type(shape, dtype, per_row)


UNARY = "sigmoid tanh relu silu exp log log1p expm1 sqrt rsqrt abs sign neg reciprocal sin cos erf floor ceil"
PARAMETRIC = {
    "leaky_relu": {"negative_slope": NUMBER},
    "elu": {"alpha": NUMBER},
    "gelu": {"approximate": (str,)},
    "softplus": {"beta": NUMBER, "threshold": NUMBER},
    "clamp": {"min": NUMBER, "max": NUMBER},
    "power": {"exponent": NUMBER},
}
BINARY = "add sub mul div pow maximum minimum"
COMPARISONS = "eq ne lt le gt ge"
LOGICAL = {"logical_and": 2, "logical_or": 2, "logical_xor": 2, "logical_not": 1}
REDUCTIONS = "sum mean amax amin max min"
STRUCTURAL = {
    "slice": (rules.sliced, {"axis": INTEGER, "start": INTEGER, "stop": INTEGER, "step": INTEGER}),
    "reshape": (rules.reshaped, {"shape": INTEGERS}),
    "transpose": (rules.transposed, {"axes": INTEGERS}),
    "broadcast": (rules.broadcast, {"shape": INTEGERS, "rows": (bool,)}),
}


def _pointwise(
    name: str, arity: int, dtype_rule: DtypeRule, attributes: AttributeTypes = NO_ATTRIBUTES
) -> Op:
    return Op(name, "pointwise", (arity, arity), rules.same_shape, dtype_rule, attributes)


def _identity(name: str, dtype_rule: DtypeRule, attributes: AttributeTypes = NO_ATTRIBUTES) -> Op:
    return Op(name, "identity", (1, 1), rules.same_shape, dtype_rule, attributes)


_ROWS = [
    Op("linear", "linear", (2, 3), rules.linear, rules.real, shared=(1, 2)),
    Op("block_linear", "linear", (2, 2), rules.block_linear, rules.real, shared=(1,)),
    *(_pointwise(name, 1, rules.real) for name in UNARY.split()),
    *(_pointwise(name, 1, rules.real, attributes) for name, attributes in PARAMETRIC.items()),
    *(_pointwise(name, 2, rules.real) for name in BINARY.split()),
    *(_pointwise(name, 2, rules.compared) for name in COMPARISONS.split()),
    *(_pointwise(name, arity, rules.boolean) for name, arity in LOGICAL.items()),
    _pointwise("where", 3, rules.chosen),
    _pointwise("to_real", 1, rules.as_number),
    *(
        Op(name, "reduction", (1, 1), rules.reduced, rules.real, {"axes": INTEGERS})
        for name in REDUCTIONS.split()
    ),
    *(
        Op(name, "structural", (1, 1), shape_rule, rules.unchanged, attributes)
        for name, (shape_rule, attributes) in STRUCTURAL.items()
    ),
    Op("concat", "structural", (1, MANY), rules.concatenated, rules.unchanged, {"axis": INTEGER}),
    Op("constant", "structural", (0, 0), rules.same_shape, rules.real, {"value": NUMBER}),
    _identity("observe", rules.unchanged, {"name": (str,)}),
    _identity("clip_gradient", rules.real, {"limit": NUMBER}),
    _identity("stop_gradient", rules.unchanged),
]
OPS: dict[str, Op] = {op.name: op for op in _ROWS}
