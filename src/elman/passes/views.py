"""Rules for values that are a part of another, or the same numbers in another order.

Each keeps every bit, leaves at most as many numbers to compute, and brings slices closer to what they cut.
"""

import math
from typing import Any

from elman.ir import Node, Type
from elman.passes.rewriting import Rewriter, Rule


def simplify_slice(rewriter: Rewriter, node: Node) -> int | None:
    """All of an axis is the operand itself; otherwise it depends on what is cut."""
    (operand,) = node.operands
    cut: dict[str, Any] = dict(node.attributes)
    size = rewriter.type_of(operand).shape[cut["axis"]]
    if (cut["start"], cut["stop"], cut["step"]) == (0, size, 1):
        return operand
    inner = rewriter.node(operand)
    rule = SLICE_OF.get(inner.op) if inner else None
    return rule(rewriter, inner, **cut) if rule and inner else None


def _slice_of_slice(rewriter: Rewriter, inner: Node, **cut: Any) -> int | None:
    """One slice on the same axis; on two axes the first axis is cut first."""
    first: dict[str, Any] = dict(inner.attributes)
    if first["axis"] == cut["axis"]:
        whole = range(first["start"], first["stop"], first["step"])
        part = whole[cut["start"] : cut["stop"] : cut["step"]]
        return rewriter.emit(
            "slice", *inner.operands, axis=cut["axis"], start=part[0], stop=part[-1] + 1, step=part.step
        )
    if first["axis"] < cut["axis"]:
        return None
    return rewriter.emit("slice", rewriter.emit("slice", *inner.operands, **cut), **first)


def _slice_of_concat(rewriter: Rewriter, inner: Node, **cut: Any) -> int | None:
    """A slice within one part is a slice of that part."""
    if inner.attributes["axis"] != cut["axis"]:
        return None
    begin = 0
    for part in inner.operands:
        end = begin + rewriter.type_of(part).shape[cut["axis"]]
        if begin <= cut["start"] and cut["stop"] <= end:
            moved = {**cut, "start": cut["start"] - begin, "stop": cut["stop"] - begin}
            return _with_rows(rewriter, rewriter.emit("slice", part, **moved), inner.type)
        begin = end
    return None


def _slice_of_reshape(rewriter: Rewriter, inner: Node, **cut: Any) -> int | None:
    """(4 H) -> (4, H) -> (1, H) is (4 H) -> (H) -> (1, H)."""
    (operand,), axis, wide = inner.operands, cut["axis"], inner.type.shape
    narrow = (*wide[:axis], len(range(cut["start"], cut["stop"], cut["step"])), *wide[axis + 1 :])
    shape = rewriter.type_of(operand).shape
    for old_axis, size in enumerate(shape):
        width, rest = divmod(math.prod(wide[axis + 1 :]), math.prod(shape[old_axis + 1 :]))
        is_same = math.prod(shape[:old_axis]) == math.prod(wide[:axis]) and size == wide[axis] * width
        if is_same and not rest and (width == 1 or cut["step"] == 1):
            span = {"start": cut["start"] * width, "stop": cut["stop"] * width, "step": cut["step"]}
            return rewriter.emit(
                "reshape", rewriter.emit("slice", operand, axis=old_axis, **span), shape=narrow
            )
    return None


def _slice_of_transpose(rewriter: Rewriter, inner: Node, **cut: Any) -> int | None:
    axes: Any = inner.attributes["axes"]
    part = rewriter.emit("slice", *inner.operands, **{**cut, "axis": axes[cut["axis"]]})
    return rewriter.emit("transpose", part, axes=axes)


def _slice_of_broadcast(rewriter: Rewriter, inner: Node, **cut: Any) -> int | None:
    """A part of repeated numbers is fewer of them."""
    (operand,), axis, shape = inner.operands, cut["axis"], list(inner.type.shape)
    old_axis = axis - (len(shape) - len(rewriter.type_of(operand).shape))
    if old_axis >= 0 and rewriter.type_of(operand).shape[old_axis] == shape[axis]:
        operand = rewriter.emit("slice", operand, **{**cut, "axis": old_axis})
    shape[axis] = len(range(cut["start"], cut["stop"], cut["step"]))
    return rewriter.emit("broadcast", operand, shape=tuple(shape), rows=inner.attributes["rows"])


SLICE_OF = {
    "slice": _slice_of_slice,
    "concat": _slice_of_concat,
    "reshape": _slice_of_reshape,
    "transpose": _slice_of_transpose,
    "broadcast": _slice_of_broadcast,
}


def simplify_reshape(rewriter: Rewriter, node: Node) -> int | None:
    """Only the last of several shapes counts."""
    (operand,), shape = node.operands, node.attributes["shape"]
    if rewriter.type_of(operand).shape == shape:
        return operand
    inner = rewriter.node(operand)
    if inner and inner.op == "reshape":
        return rewriter.emit("reshape", *inner.operands, shape=shape)
    if inner and inner.op == "broadcast" and rewriter.type_of(inner.operands[0]).shape == ():
        return rewriter.emit("broadcast", *inner.operands, shape=shape, rows=inner.attributes["rows"])
    return None


def simplify_transpose(rewriter: Rewriter, node: Node) -> int | None:
    """Two orders of the axes are one; the plain order is the operand itself."""
    (operand,) = node.operands
    axes: Any = node.attributes["axes"]
    if axes == tuple(range(len(axes))):
        return operand
    inner = rewriter.node(operand)
    if not inner or inner.op != "transpose":
        return None
    first: Any = inner.attributes["axes"]
    return rewriter.emit("transpose", *inner.operands, axes=tuple(first[axis] for axis in axes))


def simplify_broadcast(rewriter: Rewriter, node: Node) -> int | None:
    """Nothing repeated is the operand itself; repeated twice is repeated once; a constant has any shape."""
    (operand,), shape, rows = node.operands, node.attributes["shape"], node.attributes["rows"]
    old = rewriter.type_of(operand)
    if old.shape == shape and (old.per_row or not rows):
        return operand
    inner = rewriter.node(operand)
    source = rewriter.node(inner.operands[0]) if inner and inner.op == "reshape" else None
    if inner and source and source.op == "constant":
        return rewriter.emit("broadcast", *inner.operands, shape=shape, rows=rows)
    if not inner or inner.op != "broadcast":
        return None
    return rewriter.emit(
        "broadcast", *inner.operands, shape=shape, rows=bool(rows or inner.attributes["rows"])
    )


def simplify_concat(_: Rewriter, node: Node) -> int | None:
    """One part alone is that part."""
    return node.operands[0] if len(node.operands) == 1 else None


def _with_rows(rewriter: Rewriter, value: int, wanted: Type) -> int:
    shape = rewriter.type_of(value).shape
    return rewriter.emit("broadcast", value, shape=shape, rows=True) if wanted.per_row else value


RULES: dict[str, Rule] = {
    "slice": simplify_slice,
    "reshape": simplify_reshape,
    "transpose": simplify_transpose,
    "broadcast": simplify_broadcast,
    "concat": simplify_concat,
}
