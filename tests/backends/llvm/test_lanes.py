"""Every pointwise op on vectors agrees with torch on special numbers, and calls no library."""

import itertools
import math
import re
from typing import Any

import llvmlite.binding as llvm
import numpy
import pytest
import torch
from lanes_harness import apply_text, compiled, host_width, operand_kinds
from llvmlite import ir
from native import CASES, REALS, TARGETS

from elman.backends.llvm.build import assemble
from elman.backends.llvm.lanes import POINTWISE, Lanes, pointwise
from elman.backends.llvm.symbols import read_symbols
from elman.backends.llvm.target import create_machine, target
from elman.backends.reference import FUNCTIONS
from elman.ir import OPS

INF, NAN = math.inf, math.nan
SPECIAL = [0.0, 1e-40, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 1e30, INF]
SPECIAL = [*SPECIAL, *(-number for number in SPECIAL), NAN]
NAMES = [name for name, op in OPS.items() if op.category == "pointwise"]
ATTRIBUTES: dict[str, list[dict[str, Any]]] = {
    "leaky_relu": [{"negative_slope": slope} for slope in (0.01, -0.5)],
    "elu": [{"alpha": alpha} for alpha in (1.0, 0.5)],
    "gelu": [{"approximate": how} for how in ("none", "tanh")],
    "softplus": [{"beta": 1.0, "threshold": 20.0}, {"beta": 2.0, "threshold": 1.0}],
    "clamp": [
        {"min": a, "max": b} for a, b in ((-1.0, 2.0), (-INF, 0.0), (0.0, INF), (2.0, 1.0), (NAN, 1.0))
    ],
    "power": [{"exponent": number} for number in (0.0, 1.0, 2.0, 3.0, 0.5, -0.5, -1.0, -2.0, -3.0, 1.5, 0.1)],
}
WITH_ATTRIBUTES = [(op, attributes) for op in NAMES for attributes in ATTRIBUTES.get(op, [{}])]
# Torch rounds these in its own way, square roots too; all others agree to the bit.
INEXACT = {"sigmoid", "tanh", "silu", "exp", "log", "log1p", "expm1", "sin", "cos", "erf", "elu", "softplus"}
INEXACT |= {"sqrt", "rsqrt", "pow", "power"}
# Which of 0 and -0 is larger, torch answers in one way for vectors and in another for what is left over.
TIES = ("maximum", "minimum")


def test_every_op_has_its_row_and_none_is_left_over():
    assert set(NAMES) == POINTWISE.keys()


def special_operands(op: str, real: str) -> list[numpy.ndarray]:
    """All pairs of special numbers; a condition before them."""
    pairs = [
        numpy.array(column, dtype=real) for column in zip(*itertools.product(SPECIAL, repeat=2), strict=True)
    ]
    if op == "where":
        return [numpy.resize(numpy.array([1, 0, 1, 1, 0], dtype=real), len(pairs[0])), *pairs]
    return pairs[: OPS[op].arity[0]]


def by_torch(op: str, attributes: dict[str, Any], real: str, arrays: list[numpy.ndarray]) -> numpy.ndarray:
    tensors = [
        torch.from_numpy(array != 0 if kind == "b" else array)
        for array, kind in zip(arrays, operand_kinds(op), strict=True)
    ]
    like = {"like": torch.zeros((), dtype=getattr(torch, real))} if op == "to_real" else {}
    return FUNCTIONS[op](*tensors, **attributes, **like).to(getattr(torch, real)).numpy()


@pytest.mark.parametrize(("real", "name"), CASES)
@pytest.mark.parametrize(("op", "attributes"), WITH_ATTRIBUTES)
def test_special_numbers_are_as_in_torch(op: str, attributes: dict[str, Any], real: str, name: str):
    arrays = special_operands(op, real)
    expected = by_torch(op, attributes, real, arrays)
    actual = compiled(op, real, name, attributes)(*arrays)
    if op == "gelu":  # torch has NaN for infinity, and what it takes from 1 loses digits
        finite = arrays[0] < INF
        actual, expected, x = actual[finite], expected[finite], arrays[0][finite]
        close = numpy.abs(actual - expected) <= 4 * numpy.finfo(real).eps * numpy.abs(x)
        assert (close | (numpy.isnan(actual) & numpy.isnan(expected))).all()
        return
    tolerance = 4 * float(numpy.finfo(real).eps) if op in INEXACT else 0.0
    numpy.testing.assert_allclose(actual, expected, rtol=tolerance, atol=0)
    if op not in TIES:
        number = ~numpy.isnan(expected)
        assert (numpy.signbit(actual) == numpy.signbit(expected))[number].all()


@pytest.mark.parametrize("relation", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_bits_are_compared_as_false_and_true(relation: str):
    module = ir.Module()
    bits = ir.VectorType(ir.IntType(1), 4)
    function = ir.Function(module, ir.FunctionType(bits, [bits, bits]), "compare")
    builder: Any = ir.IRBuilder(function.append_basic_block())
    builder.ret(pointwise(Lanes(builder, ir.FloatType(), 4), relation, function.args, {}))
    signs = {"lt": "ult", "le": "ule", "gt": "ugt", "ge": "uge"}
    assert f"icmp {signs.get(relation, relation)} <4 x i1>" in str(module)


def test_a_module_holds_a_function_once():
    text = apply_text("silu", {}, "float32", 16)
    assert re.findall(r'define internal .*@"([\w.]+)"', text) == ["silu.v16f32", "sigmoid.v16f32"]
    assert "alwaysinline" in text


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize(("op", "attributes"), WITH_ATTRIBUTES)
def test_no_library_is_called_on_other_machines(op: str, attributes: dict[str, Any], real: str):
    neon = target("neoverse-n1", "aarch64-unknown-linux-gnu")
    assembly = assemble(apply_text(op, attributes, real, 4), neon)
    assert set(re.findall(r"\tbl?\t([a-z_]\S*)", assembly)) <= {"reduce.f64"}


@pytest.mark.parametrize(("real", "name"), CASES)
@pytest.mark.parametrize(("op", "attributes"), WITH_ATTRIBUTES)
def test_an_object_leaves_no_name_undefined(op: str, attributes: dict[str, Any], real: str, name: str):
    machine = create_machine(TARGETS[name])
    module = llvm.parse_assembly(apply_text(op, attributes, real, host_width(real, name)))
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    assert read_symbols(machine.emit_object(module)).undefined <= {"memset", "memcpy", "memmove"}
