"""Reductions over feature axes, and what is made of them: variance, norms, softmax."""
# Signatures are those of torch, whatever of them is needed.
# ruff: noqa: A002, ARG001

from typing import Any

from elman.trace.functions.axes import feature_axes, feature_axis
from elman.trace.functions.pointwise import numbers
from elman.trace.functions.table import lowers
from elman.trace.lowering import Lowering, Operand
from elman.trace.refusals import unknown_function

Axes = tuple[int, ...]


def reduce(lowering: Lowering, op: str, value: int, axes: Axes, keepdim: bool = False) -> int:
    """Reduce feature axes; with `keepdim` they stay, of size 1."""
    shape = lowering.shape_of(value)
    reduced = lowering.add(op, value, axes=axes) if axes else value
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return lowering.reshape(reduced, kept) if keepdim else reduced


def spread(lowering: Lowering, op: str, value: int, axes: Axes) -> int:
    """Reduce feature axes, and repeat the result over them."""
    return lowering.broadcast(reduce(lowering, op, value, axes, keepdim=True), lowering.shape_of(value))


def _enter(op: str) -> None:
    @lowers(op)
    def lower(lowering: Lowering, input: Operand, dim: Any = None, keepdim: bool = False) -> int:
        axes = feature_axes(input, dim, op)
        return reduce(lowering, op, lowering.real(input.value), axes, keepdim)


for op in ("sum", "mean", "amax", "amin"):
    _enter(op)


def _enter_extreme(op: str, of_two: str) -> None:
    @lowers(op)
    def lower(
        lowering: Lowering, input: Operand, dim: Any = None, keepdim: bool = False, *, other: Any = None
    ) -> Any:
        second = dim if isinstance(dim, Operand) else other
        if second is not None:
            return lowering.add(of_two, *numbers(lowering, op, input, second))
        axes = feature_axes(input, dim, op)
        if dim is None or len(axes) != 1:
            raise unknown_function(f"{op} over all axes")
        return [reduce(lowering, op, input.value, axes, keepdim), None]  # the indices are integers


_enter_extreme("max", "maximum")
_enter_extreme("min", "minimum")


@lowers("var", is_exact=False)
def variance(
    lowering: Lowering,
    input: Operand,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> int:
    """The mean of the squares around the mean, times n / (n - correction)."""
    axes = feature_axes(input, dim, "var")
    centred = lowering.add("sub", input.value, spread(lowering, "mean", input.value, axes))
    count = 1
    for axis in axes:
        count *= input.shape[axis]
    lost = (0.0 if unbiased is False else 1.0) if correction is None else float(correction)
    total = reduce(lowering, "sum", lowering.add("mul", centred, centred), axes, keepdim)
    return lowering.add("div", total, lowering.constant(max(count - lost, 0.0)))


@lowers("std", is_exact=False)
def standard_deviation(lowering: Lowering, input: Operand, *args: Any, **kwargs: Any) -> int:
    """The square root of the variance."""
    return root(lowering, variance(lowering, input, *args, **kwargs))


def root(lowering: Lowering, value: int) -> int:
    """The square root with the gradient 0 at 0, as torch's norm and std have it."""
    zero = lowering.constant(0.0)
    is_zero = lowering.add("eq", value, zero)
    safe = lowering.add("where", is_zero, lowering.constant(1.0), value)
    return lowering.add("where", is_zero, zero, lowering.add("sqrt", safe))


@lowers("linalg_vector_norm", "linalg_norm", is_exact=False)
def vector_norm(lowering: Lowering, x: Operand, ord: Any = 2, dim: Any = None, keepdim: bool = False) -> int:
    """The Euclidean norm, or with ord=1 the sum of absolute values."""
    axes = feature_axes(x, dim, "norm")
    if ord not in (None, 1, 2, "fro") or (len(axes) > 1 and isinstance(dim, tuple) and ord == 1):
        raise unknown_function(f"norm with ord={ord!r}")
    if ord == 1:
        return reduce(lowering, "sum", lowering.add("abs", x.value), axes, keepdim)
    squares = lowering.add("mul", x.value, x.value)
    return root(lowering, reduce(lowering, "sum", squares, axes, keepdim))


@lowers("norm", is_exact=False)
def norm(
    lowering: Lowering,
    input: Operand,
    p: Any = "fro",
    dim: Any = None,
    keepdim: bool = False,
    dtype: None = None,
) -> int:
    """The norm, as the method spells it."""
    return vector_norm(lowering, input, p, dim, keepdim)


@lowers("normalize", is_exact=False)
def normalize(
    lowering: Lowering, input: Operand, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: None = None
) -> int:
    """Input over its norm, or over eps where that is larger."""
    length = vector_norm(lowering, input, p, dim, keepdim=True)
    floor = lowering.add("clamp", length, min=float(eps), max=float("inf"))
    return lowering.add("div", input.value, lowering.broadcast(floor, input.shape))


@lowers("softmax", "special_softmax", is_exact=False)
def softmax(lowering: Lowering, input: Operand, dim: int, _stacklevel: int = 3, dtype: None = None) -> int:
    """exp(x) over its sum."""
    axes = (feature_axis(input, dim, "softmax"),)
    exponentials = lowering.add("exp", _below_largest(lowering, input.value, axes))
    return lowering.add("div", exponentials, spread(lowering, "sum", exponentials, axes))


@lowers("log_softmax", "special_log_softmax", is_exact=False)
def log_softmax(
    lowering: Lowering, input: Operand, dim: int, _stacklevel: int = 3, dtype: None = None
) -> int:
    """X less the logarithm of the sum of exp(x)."""
    axes = (feature_axis(input, dim, "log_softmax"),)
    below = _below_largest(lowering, input.value, axes)
    total = spread(lowering, "sum", lowering.add("exp", below), axes)
    return lowering.add("sub", below, lowering.add("log", total))


@lowers("logsumexp", "special_logsumexp", is_exact=False)
def log_sum_exp(lowering: Lowering, input: Operand, dim: Any, keepdim: bool = False) -> int:
    """The logarithm of the sum of exp(x)."""
    axes = feature_axes(input, dim, "logsumexp")
    exponentials = lowering.add("exp", _below_largest(lowering, input.value, axes))
    total = lowering.add("log", reduce(lowering, "sum", exponentials, axes, keepdim))
    largest = lowering.add("stop_gradient", reduce(lowering, "amax", input.value, axes, keepdim))
    return lowering.add("add", total, largest)


def _below_largest(lowering: Lowering, value: int, axes: Axes) -> int:
    largest = lowering.add("stop_gradient", spread(lowering, "amax", value, axes))
    return lowering.add("sub", value, largest)
