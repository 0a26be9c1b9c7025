"""How far the transcendental functions are from the truth, in units in the last place."""

from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import numpy
import pytest
import torch
from lanes_harness import compiled, host_width
from native import CASES, REALS

Array = numpy.ndarray
UNITS = {"float32": 2.0, "float64": 4.0}
NUM_POINTS = {"float32": 1_000_000, "float64": 200_000}
ATTRIBUTES = {"softplus": {"beta": 1.0, "threshold": 20.0}}
# Where the functions are not constant, and half of the points lie; the others are any numbers.
RANGES = {
    "exp": (-104, 89),
    "log": (0, 4),
    "log1p": (-1, 4),
    "expm1": (-18, 89),
    "sigmoid": (-104, 20),
    "tanh": (-10, 10),
    "softplus": (-104, 25),
    "erf": (-4, 4),
    "sin": (-100, 100),
    "cos": (-100, 100),
}
# Next to a multiple of pi / 2: the closest float64 of all, and multiples themselves.
ANGLES = [5.319372648326541e255, *(numpy.pi / 2 * n for n in (1, 2, 3, 11, 573204, 2**29, 2**31))]


def erf(x: Array) -> Array:
    if x.dtype == numpy.float64:
        return torch.erf(torch.from_numpy(x)).numpy()
    return numpy.array([erf_in_longdouble(number) for number in x], dtype=x.dtype)


def erf_in_longdouble(number: numpy.longdouble) -> numpy.longdouble:
    if abs(number) > 20:  # mpmath would take long to find that it is 1
        return numpy.sign(number)
    with mpmath.workprec(120):
        value: Any = mpmath.erf(mpmath.mpf(float(number)))
        high = float(value)
        return numpy.longdouble(high) + numpy.longdouble(float(value - high))


def softplus(x: Array) -> Array:
    return numpy.where(x > 20, x, numpy.log1p(numpy.exp(x)))


TRUTH: dict[str, Callable[..., Array]] = {
    **{name: getattr(numpy, name) for name in ("exp", "log", "log1p", "expm1", "tanh", "sin", "cos")},
    "sigmoid": lambda x: 1 / (1 + numpy.exp(-x)),
    "softplus": softplus,
    "erf": erf,
    "pow": numpy.power,
}


def any_numbers(random: numpy.random.Generator, real: str, size: int) -> Array:
    """Finite numbers whose bits are drawn: all magnitudes, denormals too."""
    unsigned = {"float32": numpy.uint32, "float64": numpy.uint64}[real]
    numbers = random.integers(0, numpy.iinfo(unsigned).max, size, dtype=unsigned).view(real)
    return numbers[numpy.isfinite(numbers)]


@cache
def points(op: str, real: str) -> tuple[Array, Array]:
    """Where an op is tested, and the truth there in more digits."""
    random = numpy.random.default_rng(0)
    size = 2000 if (op, real) == ("erf", "float64") else NUM_POINTS[real] // 2
    low, high = RANGES[op]
    small = high * 10.0 ** random.uniform(-10, 0, size // 4) * random.choice([-1, 1], size // 4)
    drawn = [random.uniform(low, high, size), small, ANGLES if op in ("sin", "cos") else []]
    with numpy.errstate(all="ignore"):
        x = numpy.concatenate([any_numbers(random, real, size), *drawn]).astype(real)
        return x, TRUTH[op](x.astype(wide(real)))


def wide(real: str) -> type:
    return numpy.float64 if real == "float32" else numpy.longdouble


def units_off(actual: Array, truth: Array) -> float:
    """The largest error, in the distance between the truth and the next number."""
    with numpy.errstate(over="ignore"):
        rounded = truth.astype(actual.dtype)
    same = (actual == rounded) | (numpy.isnan(actual) & numpy.isnan(rounded))
    actual, truth, rounded = actual[~same], truth[~same], rounded[~same]
    largest = truth.dtype.type(numpy.finfo(actual.dtype).max)
    spacing = numpy.spacing(numpy.fmin(numpy.abs(rounded), numpy.finfo(actual.dtype).max)).astype(truth.dtype)
    # Beyond the largest number comes what would be one, had the type more exponents.
    actual = numpy.clip(actual.astype(truth.dtype), -largest - spacing, largest + spacing)
    return float(numpy.max(numpy.abs(actual - truth) / spacing, initial=0.0))


skip_without_longdouble = pytest.mark.skipif(
    bool(numpy.finfo(numpy.longdouble).eps > 1e-18), reason="the truth needs more digits than float64"
)


@skip_without_longdouble
@pytest.mark.parametrize(("real", "name"), CASES)
@pytest.mark.parametrize("op", RANGES)
def test_functions_are_accurate(op: str, real: str, name: str):
    x, truth = points(op, real)
    actual = compiled(op, real, name, ATTRIBUTES.get(op))(x)
    assert units_off(actual, truth) <= UNITS[real]


@skip_without_longdouble
@pytest.mark.parametrize(("real", "name"), CASES)
def test_powers_are_accurate(real: str, name: str):
    random = numpy.random.default_rng(0)
    size = NUM_POINTS[real] // 2
    near_one = random.uniform(0.5, 2, size)
    base = numpy.abs(numpy.concatenate([near_one, any_numbers(random, real, size)])).astype(real)
    base = base[(base != 0) & (base != 1)]
    # Exponents that give all numbers of the type, and some that leave its range.
    largest = 1.1 * numpy.log(float(numpy.finfo(real).max))
    exponent = random.uniform(-largest, largest, len(base)) / numpy.log(base.astype(numpy.float64))
    with numpy.errstate(all="ignore"):
        exponent = exponent.astype(real)
        truth = numpy.power(base.astype(wide(real)), exponent.astype(wide(real)))
    assert units_off(compiled("pow", real, name)(base, exponent), truth) <= UNITS[real]


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("op", RANGES)
def test_a_number_gives_the_same_bits_at_any_width_on_any_machine(op: str, real: str):
    x = points(op, real)[0][::50]
    name = CASES[0][1]
    expected = compiled(op, real, name, ATTRIBUTES.get(op))(x)
    for width in {1, 2, 4, 2 * host_width(real, name)}:
        actual = compiled(op, real, name, ATTRIBUTES.get(op), width)(x)
        numpy.testing.assert_array_equal(actual.view(f"u{x.itemsize}"), expected.view(f"u{x.itemsize}"))
