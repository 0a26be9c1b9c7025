"""Activation functions, as torch.nn.functional spells them; all work on one tensor."""
# Signatures are those of torch, whatever of them is needed.
# ruff: noqa: ARG001

from elman.trace.functions.axes import feature_axis
from elman.trace.functions.table import lowers
from elman.trace.lowering import Lowering, Operand

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


@lowers("relu")
def relu(lowering: Lowering, input: Operand, inplace: bool = False) -> int:
    """max(0, x)."""
    return lowering.add("relu", input.value)


@lowers("silu")
def silu(lowering: Lowering, input: Operand, inplace: bool = False) -> int:
    """X sigmoid(x)."""
    return lowering.add("silu", input.value)


@lowers("leaky_relu")
def leaky_relu(
    lowering: Lowering, input: Operand, negative_slope: float = 0.01, inplace: bool = False
) -> int:
    """max(0, x) + slope min(0, x)."""
    return lowering.add("leaky_relu", input.value, negative_slope=float(negative_slope))


@lowers("elu")
def elu(lowering: Lowering, input: Operand, alpha: float = 1.0, inplace: bool = False) -> int:
    """X above 0, alpha (exp(x) - 1) below."""
    return lowering.add("elu", input.value, alpha=float(alpha))


@lowers("celu", is_exact=False)
def celu(lowering: Lowering, input: Operand, alpha: float = 1.0, inplace: bool = False) -> int:
    """X above 0, alpha (exp(x / alpha) - 1) below."""
    scale = lowering.constant(alpha)
    inner = lowering.add("elu", lowering.add("div", input.value, scale), alpha=1.0)
    return lowering.add("mul", inner, scale)


@lowers("selu", is_exact=False)
def selu(lowering: Lowering, input: Operand, inplace: bool = False) -> int:
    """The self-normalising elu."""
    inner = lowering.add("elu", input.value, alpha=SELU_ALPHA)
    return lowering.add("mul", inner, lowering.constant(SELU_SCALE))


@lowers("gelu")
def gelu(lowering: Lowering, input: Operand, *, approximate: str = "none") -> int:
    """X times the normal distribution function of x."""
    return lowering.add("gelu", input.value, approximate=approximate)


@lowers("softplus")
def softplus(lowering: Lowering, input: Operand, beta: float = 1, threshold: float = 20) -> int:
    """log(1 + exp(beta x)) / beta; x where beta x is above the threshold."""
    return lowering.add("softplus", input.value, beta=float(beta), threshold=float(threshold))


@lowers("log_sigmoid", "logsigmoid", is_exact=False)
def log_sigmoid(lowering: Lowering, input: Operand) -> int:
    """min(x, 0) - log(1 + exp(-|x|))."""
    below = lowering.add("minimum", input.value, lowering.constant(0.0))
    small = lowering.add("exp", lowering.add("neg", lowering.add("abs", input.value)))
    return lowering.add("sub", below, lowering.add("log1p", small))


@lowers("softsign", is_exact=False)
def softsign(lowering: Lowering, input: Operand) -> int:
    """X / (1 + |x|)."""
    scale = lowering.add("add", lowering.add("abs", input.value), lowering.constant(1.0))
    return lowering.add("div", input.value, scale)


@lowers("tanhshrink", is_exact=False)
def tanhshrink(lowering: Lowering, input: Operand) -> int:
    """X - tanh(x)."""
    return lowering.add("sub", input.value, lowering.add("tanh", input.value))


@lowers("mish", is_exact=False)
def mish(lowering: Lowering, input: Operand, inplace: bool = False) -> int:
    """X tanh(softplus(x))."""
    return lowering.add("mul", input.value, lowering.add("tanh", softplus(lowering, input)))


@lowers("hardtanh")
def hardtanh(
    lowering: Lowering, input: Operand, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> int:
    """X between the bounds; unlike that of clamp, its gradient is 0 at a bound."""
    low, high = lowering.constant(min_val), lowering.constant(max_val)
    below = lowering.add("where", lowering.add("le", input.value, low), low, input.value)
    return lowering.add("where", lowering.add("ge", input.value, high), high, below)


@lowers("relu6")
def relu6(lowering: Lowering, input: Operand, inplace: bool = False) -> int:
    """X between 0 and 6."""
    return hardtanh(lowering, input, 0.0, 6.0)


@lowers("_threshold", "threshold")
def threshold(
    lowering: Lowering, input: Operand, threshold: float, value: float, inplace: bool = False
) -> int:
    """X above the threshold, the value elsewhere."""
    is_low = lowering.add("le", input.value, lowering.constant(threshold))
    return lowering.add("where", is_low, lowering.constant(value), input.value)


@lowers("glu", is_exact=False)
def glu(lowering: Lowering, input: Operand, dim: int = -1) -> int:
    """The first half, times the sigmoid of the second."""
    axis = feature_axis(input, dim, "glu")
    half = input.shape[axis] // 2
    first, second = (
        lowering.add("slice", input.value, axis=axis, start=start, stop=start + half, step=1)
        for start in (0, half)
    )
    return lowering.add("mul", first, lowering.add("sigmoid", second))
