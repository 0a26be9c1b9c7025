"""Shape rules and dtype rules, which the table of ops is made of.

A rule takes what the operands are and returns what the result is; it raises ValueError where they do not fit.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from elman.ir.graph import Dtype

Shape: TypeAlias = tuple[int, ...]
Shapes: TypeAlias = Sequence[Shape]
Attributes: TypeAlias = Mapping[str, Any]


def _require(fits: bool, complaint: str) -> None:
    if not fits:
        raise ValueError(complaint)


def same_shape(shapes: Shapes, _attributes: Attributes) -> Shape:
    """Operands have one shape; a scalar stands for any."""
    wanted = {shape for shape in shapes if shape != ()}
    _require(len(wanted) <= 1, f"operands must have one shape, but have {sorted(wanted)}")
    return wanted.pop() if wanted else ()


def linear(shapes: Shapes, _attributes: Attributes) -> Shape:
    """(..., K), (M, K) and perhaps (M) -> (..., M)."""
    vector, weight, *bias = shapes
    _require(len(weight) == 2, f"weight must have shape (M, K), but has {weight}")
    _require(vector[-1:] == weight[1:], f"vector must end in {weight[1]}, but has shape {vector}")
    _require(all(shape == weight[:1] for shape in bias), f"bias must have shape {weight[:1]}, but has {bias}")
    return (*vector[:-1], weight[0])


def block_linear(shapes: Shapes, _attributes: Attributes) -> Shape:
    """(..., G, K) and (G, M, K) -> (..., G, M): block g of the vector meets block g of the weight."""
    vector, weight = shapes
    _require(len(weight) == 3, f"weight must have shape (G, M, K), but has {weight}")
    groups, rows, columns = weight
    _require(vector[-2:] == (groups, columns), f"vector must end in {(groups, columns)}, but is {vector}")
    return (*vector[:-1], rows)


def reduced(shapes: Shapes, attributes: Attributes) -> Shape:
    """The axes that are reduced are gone."""
    (shape,), axes = shapes, attributes["axes"]
    _require(bool(axes), "there must be an axis to reduce")
    _require(list(axes) == sorted(set(axes)), f"axes must be ascending, but are {axes}")
    _require(set(axes) <= set(range(len(shape))), f"axes {axes} are not axes of {shape}")
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def sliced(shapes: Shapes, attributes: Attributes) -> Shape:
    """Along one axis: start, start + step, ... below stop."""
    (shape,) = shapes
    axis, start, stop, step = (attributes[name] for name in ("axis", "start", "stop", "step"))
    _require(0 <= axis < len(shape), f"axis {axis} is not an axis of {shape}")
    _require(0 <= start < stop <= shape[axis], f"{start}:{stop} is not within 0:{shape[axis]}")
    _require(step > 0, f"step must be positive, but is {step}")
    return (*shape[:axis], len(range(start, stop, step)), *shape[axis + 1 :])


def concatenated(shapes: Shapes, attributes: Attributes) -> Shape:
    """Along one axis; all other sizes agree."""
    axis, first = attributes["axis"], shapes[0]
    _require(0 <= axis < len(first), f"axis {axis} is not an axis of {first}")
    frames = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
    ranks = {len(shape) for shape in shapes}
    _require(
        len(frames) == len(ranks) == 1, f"sizes away from axis {axis} must agree, but are {list(shapes)}"
    )
    return (*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])


def reshaped(shapes: Shapes, attributes: Attributes) -> Shape:
    """As many elements, in the same order."""
    (shape,), wanted = shapes, attributes["shape"]
    _require(
        math.prod(shape) == math.prod(wanted), f"{shape} and {wanted} differ in their number of elements"
    )
    return wanted


def broadcast(shapes: Shapes, attributes: Attributes) -> Shape:
    """Sizes of 1 and absent leading axes are repeated."""
    (shape,), wanted = shapes, attributes["shape"]
    tail = wanted[len(wanted) - len(shape) :]
    fits = len(shape) <= len(wanted) and all(a in (1, b) for a, b in zip(shape, tail, strict=True))
    _require(fits, f"{shape} cannot be repeated to {wanted}")
    return wanted


def transposed(shapes: Shapes, attributes: Attributes) -> Shape:
    """Axis k of the result is axis axes[k] of the operand."""
    (shape,), axes = shapes, attributes["axes"]
    _require(sorted(axes) == list(range(len(shape))), f"{axes} is no order of the axes of {shape}")
    return tuple(shape[axis] for axis in axes)


def real(dtypes: Sequence[Dtype]) -> Dtype:
    """Real to real."""
    _require(set(dtypes) <= {"real"}, "operands must be real")
    return "real"


def compared(dtypes: Sequence[Dtype]) -> Dtype:
    """Two of one dtype to boolean."""
    _require(len(set(dtypes)) == 1, "operands must have one dtype")
    return "boolean"


def boolean(dtypes: Sequence[Dtype]) -> Dtype:
    """Boolean to boolean."""
    _require(set(dtypes) == {"boolean"}, "operands must be boolean")
    return "boolean"


def chosen(dtypes: Sequence[Dtype]) -> Dtype:
    """Boolean, and two of one dtype, to that dtype."""
    _require(dtypes[0] == "boolean", "the condition must be boolean")
    return unchanged(dtypes[1:])


def unchanged(dtypes: Sequence[Dtype]) -> Dtype:
    """Operands of one dtype to that dtype."""
    _require(len(set(dtypes)) == 1, "operands must have one dtype")
    return dtypes[0]


def as_number(dtypes: Sequence[Dtype]) -> Dtype:
    """Boolean to real."""
    _require(set(dtypes) == {"boolean"}, "the operand must be boolean")
    return "real"
