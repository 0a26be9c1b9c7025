"""Fresh tensors of the shape of another, conversions, and functions that change no number."""
# Signatures are those of torch, whatever of them is needed.
# ruff: noqa: ARG001

from typing import Any

from elman.trace.functions.axes import as_value
from elman.trace.functions.pointwise import condition
from elman.trace.functions.table import lowers
from elman.trace.lowering import Lowering, Operand
from elman.trace.refusals import Refusal, unknown_function


def fill(lowering: Lowering, number: Any, name: str) -> int:
    """Return a number repeated to the shape of the result."""
    (result,) = lowering.results
    value = as_value(lowering, number, name)
    value = lowering.real(value) if result.dtype.is_floating_point else condition(lowering, value)
    return lowering.add("broadcast", value, shape=result.shape, rows=result.row is not None)


@lowers("zeros", "zeros_like", "new_zeros", makes_new=True)
def zeros(lowering: Lowering, *args: Any, **kwargs: Any) -> int:
    """Zeros."""
    return fill(lowering, 0.0, "zeros")


@lowers("ones", "ones_like", "new_ones", makes_new=True)
def ones(lowering: Lowering, *args: Any, **kwargs: Any) -> int:
    """Ones."""
    return fill(lowering, 1.0, "ones")


@lowers("full", "full_like", makes_new=True)
def full(lowering: Lowering, like: Any, fill_value: Any, **kwargs: Any) -> int:
    """One number."""
    return fill(lowering, fill_value, "full")


@lowers("new_full", makes_new=True)
def new_full(lowering: Lowering, input: Operand, size: Any, fill_value: Any, **kwargs: Any) -> int:
    """One number."""
    return fill(lowering, fill_value, "new_full")


@lowers("clone", "contiguous", "positive", "__pos__", "alias", "identity")
def unchanged(lowering: Lowering, input: Operand, **kwargs: Any) -> int:
    """The input."""
    return input.value


@lowers("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")
def dropout(lowering: Lowering, input: Operand, *args: Any, **kwargs: Any) -> int:
    """The input: while it drops something, dropout is refused as random."""
    return input.value


@lowers("detach", "data")
def detach(lowering: Lowering, input: Operand) -> int:
    """The input, without its gradient."""
    return lowering.add("stop_gradient", input.value)


@lowers("to", "float", "double", "half", "bfloat16", "bool", "type_as", "type")
def convert(lowering: Lowering, input: Operand, *args: Any, **kwargs: Any) -> int:
    """A condition as 0 and 1, a number as whether it is not 0."""
    (result,) = lowering.results
    if result.dtype.is_floating_point:
        return lowering.real(input.value)
    if result.dtype.is_signed:
        raise unknown_function(f"conversion to {result.dtype}")
    return condition(lowering, input.value)


@lowers("observe")
def observe(lowering: Lowering, name: str, value: Operand) -> int:
    """The value, under a name."""
    if name in lowering.observed:
        raise Refusal(
            f"observes two values under the name {name!r}; diagnostics ask for one by its name.",
            "Give each a name of its own",
        )
    marked = lowering.add("observe", value.value, name=name)
    lowering.observed[name] = marked
    return marked


@lowers("clip_gradient")
def clip_gradient(lowering: Lowering, value: Operand, limit: float) -> int:
    """The value, with a bound on its gradient."""
    return lowering.add("clip_gradient", value.value, limit=float(limit))
