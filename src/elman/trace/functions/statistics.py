"""What is made of reductions: variance, norms, softmax."""
# Signatures are those of torch, whatever of them is needed.
# ruff: noqa: A002, ARG001

import math
from typing import Any

from elman.trace.context import Context, Operand
from elman.trace.functions.axes import feature_axes, feature_axis
from elman.trace.functions.reductions import Axes, reduce, spread
from elman.trace.functions.table import lowers
from elman.trace.refusals import unknown_function


@lowers("var", is_exact=False)
def variance(
    context: Context,
    input: Operand,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> int:
    """The mean of the squares around the mean, times n / (n - correction)."""
    axes = feature_axes(input, dim, "var")
    centred = context.add("sub", input.value, spread(context, "mean", input.value, axes))
    count = math.prod(input.shape[axis] for axis in axes)
    lost = (0.0 if unbiased is False else 1.0) if correction is None else float(correction)
    total = reduce(context, "sum", context.add("mul", centred, centred), axes, keepdim)
    return context.add("div", total, context.constant(max(count - lost, 0.0)))


@lowers("std", is_exact=False)
def standard_deviation(context: Context, input: Operand, *args: Any, **kwargs: Any) -> int:
    """The square root of the variance."""
    return root(context, variance(context, input, *args, **kwargs))


def root(context: Context, value: int) -> int:
    """The square root with the gradient 0 at 0, as torch's norm and std have it."""
    zero = context.constant(0.0)
    is_zero = context.add("eq", value, zero)
    safe = context.add("where", is_zero, context.constant(1.0), value)
    return context.add("where", is_zero, zero, context.add("sqrt", safe))


@lowers("linalg_vector_norm", "linalg_norm", is_exact=False)
def vector_norm(context: Context, x: Operand, ord: Any = 2, dim: Any = None, keepdim: bool = False) -> int:
    """The Euclidean norm, or with ord=1 the sum of absolute values."""
    axes = feature_axes(x, dim, "norm")
    if ord not in (None, 1, 2, "fro") or (len(axes) > 1 and isinstance(dim, tuple) and ord == 1):
        raise unknown_function(f"norm with ord={ord!r}")
    if ord == 1:
        return reduce(context, "sum", context.add("abs", x.value), axes, keepdim)
    squares = context.add("mul", x.value, x.value)
    return root(context, reduce(context, "sum", squares, axes, keepdim))


@lowers("norm", is_exact=False)
def norm(
    context: Context,
    input: Operand,
    p: Any = "fro",
    dim: Any = None,
    keepdim: bool = False,
    dtype: None = None,
) -> int:
    """The norm, as the method spells it."""
    return vector_norm(context, input, p, dim, keepdim)


@lowers("normalize", is_exact=False)
def normalize(
    context: Context, input: Operand, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: None = None
) -> int:
    """Input over its norm, or over eps where that is larger."""
    length = vector_norm(context, input, p, dim, keepdim=True)
    floor = context.add("clamp", length, min=float(eps), max=float("inf"))
    return context.add("div", input.value, context.broadcast(floor, input.shape))


@lowers("softmax", "special_softmax", is_exact=False)
def softmax(context: Context, input: Operand, dim: int, _stacklevel: int = 3, dtype: None = None) -> int:
    """exp(x) over its sum."""
    axes = (feature_axis(input, dim, "softmax"),)
    exponentials = context.add("exp", _below_largest(context, input.value, axes))
    return context.add("div", exponentials, spread(context, "sum", exponentials, axes))


@lowers("log_softmax", "special_log_softmax", is_exact=False)
def log_softmax(context: Context, input: Operand, dim: int, _stacklevel: int = 3, dtype: None = None) -> int:
    """X less the logarithm of the sum of exp(x)."""
    axes = (feature_axis(input, dim, "log_softmax"),)
    below = _below_largest(context, input.value, axes)
    total = spread(context, "sum", context.add("exp", below), axes)
    return context.add("sub", below, context.add("log", total))


@lowers("logsumexp", "special_logsumexp", is_exact=False)
def log_sum_exp(context: Context, input: Operand, dim: Any, keepdim: bool = False) -> int:
    """The logarithm of the sum of exp(x)."""
    axes = feature_axes(input, dim, "logsumexp")
    exponentials = context.add("exp", _below_largest(context, input.value, axes))
    total = context.add("log", reduce(context, "sum", exponentials, axes, keepdim))
    largest = context.add("stop_gradient", reduce(context, "amax", input.value, axes, keepdim))
    return context.add("add", total, largest)


def _below_largest(context: Context, value: int, axes: Axes) -> int:
    largest = context.add("stop_gradient", spread(context, "amax", value, axes))
    return context.add("sub", value, largest)
