"""Activation functions, as torch.nn.functional spells them; all work on one tensor."""
# Signatures are those of torch, whatever of them is needed.
# ruff: noqa: ARG001

from elman.trace.context import Context, Operand
from elman.trace.functions.axes import feature_axis
from elman.trace.functions.table import lowers
from elman.trace.refusals import unknown_function

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


@lowers("relu")
def relu(context: Context, input: Operand, inplace: bool = False) -> int:
    """max(0, x)."""
    return context.add("relu", input.value)


@lowers("silu")
def silu(context: Context, input: Operand, inplace: bool = False) -> int:
    """X sigmoid(x)."""
    return context.add("silu", input.value)


@lowers("leaky_relu")
def leaky_relu(context: Context, input: Operand, negative_slope: float = 0.01, inplace: bool = False) -> int:
    """max(0, x) + slope min(0, x)."""
    return context.add("leaky_relu", input.value, negative_slope=float(negative_slope))


@lowers("elu")
def elu(context: Context, input: Operand, alpha: float = 1.0, inplace: bool = False) -> int:
    """X above 0, alpha (exp(x) - 1) below."""
    return context.add("elu", input.value, alpha=float(alpha))


@lowers("celu", is_exact=False)
def celu(context: Context, input: Operand, alpha: float = 1.0, inplace: bool = False) -> int:
    """X above 0, alpha (exp(x / alpha) - 1) below."""
    scale = context.constant(alpha)
    inner = context.add("elu", context.add("div", input.value, scale), alpha=1.0)
    return context.add("mul", inner, scale)


@lowers("prelu")
def prelu(context: Context, input: Operand, weight: Operand) -> int:
    """X above 0, weight times x elsewhere; the weight is one number, or one for each feature."""
    if weight.shape != (1,) and weight.shape != input.shape:
        raise unknown_function("prelu with a weight for each channel")
    slope = context.reshape(weight.value, ()) if weight.shape == (1,) else weight.value
    is_above = context.add("gt", input.value, context.constant(0.0))
    return context.add("where", is_above, input.value, context.add("mul", slope, input.value))


@lowers("selu", is_exact=False)
def selu(context: Context, input: Operand, inplace: bool = False) -> int:
    """The self-normalising elu."""
    inner = context.add("elu", input.value, alpha=SELU_ALPHA)
    return context.add("mul", inner, context.constant(SELU_SCALE))


@lowers("gelu")
def gelu(context: Context, input: Operand, *, approximate: str = "none") -> int:
    """X times the normal distribution function of x."""
    return context.add("gelu", input.value, approximate=approximate)


@lowers("softplus")
def softplus(context: Context, input: Operand, beta: float = 1, threshold: float = 20) -> int:
    """log(1 + exp(beta x)) / beta; x where beta x is above the threshold."""
    return context.add("softplus", input.value, beta=float(beta), threshold=float(threshold))


@lowers("log_sigmoid", "logsigmoid", is_exact=False)
def log_sigmoid(context: Context, input: Operand) -> int:
    """min(x, 0) - log(1 + exp(-|x|))."""
    below = context.add("minimum", input.value, context.constant(0.0))
    small = context.add("exp", context.add("neg", context.add("abs", input.value)))
    return context.add("sub", below, context.add("log1p", small))


@lowers("softsign", is_exact=False)
def softsign(context: Context, input: Operand) -> int:
    """X / (1 + |x|)."""
    scale = context.add("add", context.add("abs", input.value), context.constant(1.0))
    return context.add("div", input.value, scale)


@lowers("tanhshrink", is_exact=False)
def tanhshrink(context: Context, input: Operand) -> int:
    """X - tanh(x)."""
    return context.add("sub", input.value, context.add("tanh", input.value))


@lowers("mish", is_exact=False)
def mish(context: Context, input: Operand, inplace: bool = False) -> int:
    """X tanh(softplus(x))."""
    return context.add("mul", input.value, context.add("tanh", softplus(context, input)))


@lowers("hardtanh")
def hardtanh(
    context: Context, input: Operand, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> int:
    """X between the bounds; unlike that of clamp, its gradient is 0 at a bound."""
    low, high = context.constant(min_val), context.constant(max_val)
    below = context.add("where", context.add("le", input.value, low), low, input.value)
    return context.add("where", context.add("ge", input.value, high), high, below)


@lowers("relu6")
def relu6(context: Context, input: Operand, inplace: bool = False) -> int:
    """X between 0 and 6."""
    return hardtanh(context, input, 0.0, 6.0)


@lowers("_threshold", "threshold")
def threshold(context: Context, input: Operand, threshold: float, value: float, inplace: bool = False) -> int:
    """X above the threshold, the value elsewhere."""
    is_low = context.add("le", input.value, context.constant(threshold))
    return context.add("where", is_low, context.constant(value), input.value)


@lowers("glu", is_exact=False)
def glu(context: Context, input: Operand, dim: int = -1) -> int:
    """The first half, times the sigmoid of the second."""
    axis = feature_axis(input, dim, "glu")
    half = input.shape[axis] // 2
    first, second = (
        context.add("slice", input.value, axis=axis, start=start, stop=start + half, step=1)
        for start in (0, half)
    )
    return context.add("mul", first, context.add("sigmoid", second))
