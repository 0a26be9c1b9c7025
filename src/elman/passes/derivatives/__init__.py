"""The one table of derivatives: gradient of the result of an op -> gradients of its operands."""

from elman.passes.derivatives import pointwise, structural
from elman.passes.derivatives.row import Row
from elman.passes.derivatives.value import Value

# Torch passes zeros through these, which an infinite slope makes NaN; here nothing is passed.
WITHOUT = "sign floor ceil eq ne lt le gt ge logical_and logical_or logical_xor logical_not to_real constant"
NO_GRADIENT = (*WITHOUT.split(), "stop_gradient")

DERIVATIVES: dict[str, tuple[Row | None, ...]] = {
    **{
        op: (row,)
        for table in (pointwise.UNARY, structural.REDUCTIONS, structural.VIEWS, structural.MARKS)
        for op, row in table.items()
    },
    **pointwise.SEVERAL,
    **structural.PRODUCTS,
    **dict.fromkeys(NO_GRADIENT, ()),
}


def derivative(op: str, place: int) -> Row | None:
    """Return the formula for one operand of an op; None where no gradient passes.

    Args:
        op: A name in the table of ops.
        place: Which operand.
    """
    if op == "concat":
        return structural.part_of_concat(place)
    rows = DERIVATIVES[op]
    return rows[place] if place < len(rows) else None


__all__ = ["DERIVATIVES", "NO_GRADIENT", "Row", "Value", "derivative"]
