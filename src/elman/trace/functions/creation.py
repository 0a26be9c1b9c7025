"""Fresh tensors of the shape of another, conversions, and functions that change no number."""
# Signatures are those of torch, whatever of them is needed.
# ruff: noqa: ARG001

from typing import Any

from elman.trace.context import Context, Operand
from elman.trace.functions.axes import as_value
from elman.trace.functions.pointwise import condition
from elman.trace.functions.table import lowers
from elman.trace.refusals import Refusal, unknown_function


def fill(context: Context, number: Any, name: str) -> int:
    """Return a number repeated to the shape of the result."""
    (result,) = context.results
    value = as_value(context, number, name)
    value = context.real(value) if result.dtype.is_floating_point else condition(context, value)
    return context.add("broadcast", value, shape=result.shape, rows=result.row is not None)


@lowers("zeros", "zeros_like", "new_zeros", makes_new=True)
def zeros(context: Context, *args: Any, **kwargs: Any) -> int:
    """Zeros."""
    return fill(context, 0.0, "zeros")


@lowers("ones", "ones_like", "new_ones", makes_new=True)
def ones(context: Context, *args: Any, **kwargs: Any) -> int:
    """Ones."""
    return fill(context, 1.0, "ones")


@lowers("full", "full_like", makes_new=True)
def full(context: Context, like: Any, fill_value: Any, **kwargs: Any) -> int:
    """One number."""
    return fill(context, fill_value, "full")


@lowers("new_full", makes_new=True)
def new_full(context: Context, input: Operand, size: Any, fill_value: Any, **kwargs: Any) -> int:
    """One number."""
    return fill(context, fill_value, "new_full")


@lowers("new_tensor", "empty", "empty_like", "new_empty", makes_new=True)
def other_creation(context: Context, *args: Any, **kwargs: Any) -> int:
    """Memory that nothing was written to has no meaning; data belong in a buffer."""
    raise unknown_function("new_tensor or empty")


@lowers("clone", "contiguous", "positive", "__pos__", "alias", "identity")
def unchanged(context: Context, input: Operand, **kwargs: Any) -> int:
    """The input."""
    return input.value


@lowers("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")
def dropout(context: Context, input: Operand, *args: Any, **kwargs: Any) -> int:
    """The input: while it drops something, dropout is refused as random."""
    return input.value


@lowers("detach", "data")
def detach(context: Context, input: Operand) -> int:
    """The input, without its gradient."""
    return context.add("stop_gradient", input.value)


@lowers("to", "float", "double", "half", "bfloat16", "bool", "type_as", "type")
def convert(context: Context, input: Operand, *args: Any, **kwargs: Any) -> int:
    """A condition as 0 and 1, a number as whether it is not 0."""
    (result,) = context.results
    if result.dtype.is_floating_point:
        return context.real(input.value)
    if result.dtype.is_signed:
        raise unknown_function(f"conversion to {result.dtype}")
    return condition(context, input.value)


@lowers("observe")
def observe(context: Context, name: str, value: Operand) -> int:
    """The value, under a name."""
    if name in context.observed:
        raise Refusal(
            f"observes two values under the name {name!r}; diagnostics ask for one by its name.",
            "Give each a name of its own",
        )
    marked = context.add("observe", value.value, name=name)
    context.observed[name] = marked
    return marked


@lowers("clip_gradient")
def clip_gradient(context: Context, value: Operand, limit: float) -> int:
    """The value, with a bound on its gradient."""
    return context.add("clip_gradient", value.value, limit=float(limit))
