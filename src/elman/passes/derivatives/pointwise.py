"""Derivatives of pointwise ops, written as torch writes them, so that kinks and infinities agree.

A formula takes g, the gradient of the result, the result y, the operands, and the op's attributes.
"""

import math
from typing import Any

from elman.passes.derivatives.row import Row
from elman.passes.derivatives.value import Value


def _silu(g: Value, _: Value, x: Value) -> Value:
    s = x.apply("sigmoid")
    return g * s * (1 + x * (1 - s))


def _gelu(g: Value, _: Value, x: Value, *, approximate: str) -> Value:
    if approximate == "tanh":
        return _gelu_by_tanh(g, x)
    share = 0.5 * (1 + (x * math.sqrt(0.5)).apply("erf"))
    density = (-0.5 * (x * x)).apply("exp") * (1 / math.sqrt(2 * math.pi))
    return g * (share + x * density)


def _gelu_by_tanh(g: Value, x: Value) -> Value:
    scale, cubic = math.sqrt(2 / math.pi), 0.044715
    squashed = (scale * (x + cubic * (x * x * x))).apply("tanh")
    slope = scale * (1 + 3 * cubic * (x * x))
    return g * (0.5 * (1 + squashed) + 0.5 * x * ((1 - squashed * squashed) * slope))


def _softplus(g: Value, _: Value, x: Value, *, beta: float, threshold: float) -> Value:
    scaled = x * beta
    z = scaled.apply("exp")
    return (scaled > threshold).where(g, g * z / (z + 1.0))


def _power(g: Value, _: Value, x: Value, *, exponent: float) -> Value | None:
    # Not by the formula: 0 times the -1st power of 0 is NaN.
    return g * (exponent * x.apply("power", exponent=exponent - 1)) if exponent else None


def _base(g: Value, _: Value, a: Value, b: Value) -> Value:
    return b.equals(0.0).where(0.0, g * (b * a.apply("pow", b - 1.0)))


def _exponent(g: Value, y: Value, a: Value, b: Value) -> Value:
    return g * (a.equals(0.0) & (b >= 0.0)).where(0.0, y * a.apply("log"))


def _larger(g: Value, a: Value, b: Value) -> Value:
    """The gradient of a where the larger of a and b is taken; a tie is halved."""
    return (a < b).where(0.0, a.equals(b).where(g / 2.0, g))


def _smaller(g: Value, a: Value, b: Value) -> Value:
    return (a > b).where(0.0, a.equals(b).where(g / 2.0, g))


UNARY: dict[str, Row] = {
    "sigmoid": lambda g, y, x: g * (1 - y) * y,
    "tanh": lambda g, y, x: g * (1 - y * y),
    "relu": lambda g, y, x: (y <= 0.0).where(0.0, g),
    "silu": _silu,
    "exp": lambda g, y, x: g * y,
    "log": lambda g, y, x: g / x,
    "log1p": lambda g, y, x: g / (x + 1.0),
    "expm1": lambda g, y, x: g * (y + 1.0),
    "sqrt": lambda g, y, x: g / (2.0 * y),
    "rsqrt": lambda g, y, x: -0.5 * g * (y * y * y),
    "abs": lambda g, y, x: g * x.apply("sign"),
    "neg": lambda g, y, x: -g,
    "reciprocal": lambda g, y, x: -g * (y * y),
    "sin": lambda g, y, x: g * x.apply("cos"),
    "cos": lambda g, y, x: g * -x.apply("sin"),
    "erf": lambda g, y, x: 2 / math.sqrt(math.pi) * (-(x * x)).apply("exp") * g,
    "leaky_relu": lambda g, y, x, negative_slope: (x > 0.0).where(g, g * negative_slope),
    "elu": lambda g, y, x, alpha: (x <= 0.0).where(g * (alpha * x.apply("exp")), g),
    "gelu": _gelu,
    "softplus": _softplus,
    "clamp": lambda g, y, x, **bounds: ((x >= bounds["min"]) & (x <= bounds["max"])).where(g, 0.0),
    "power": _power,
}


def _where_first(g: Value, _: Value, condition: Value, *__: Any) -> Value:
    return condition.where(g, 0.0)


def _where_second(g: Value, _: Value, condition: Value, *__: Any) -> Value:
    return condition.where(0.0, g)


# One formula for each operand.
SEVERAL: dict[str, tuple[Row | None, ...]] = {
    "add": (lambda g, y, a, b: g, lambda g, y, a, b: g),
    "sub": (lambda g, y, a, b: g, lambda g, y, a, b: -g),
    "mul": (lambda g, y, a, b: g * b, lambda g, y, a, b: g * a),
    "div": (lambda g, y, a, b: g / b, lambda g, y, a, b: -g * (a / b / b)),
    "pow": (_base, _exponent),
    "maximum": (lambda g, y, a, b: _larger(g, a, b), lambda g, y, a, b: _larger(g, b, a)),
    "minimum": (lambda g, y, a, b: _smaller(g, a, b), lambda g, y, a, b: _smaller(g, b, a)),
    "where": (None, _where_first, _where_second),
}
