"""Every op alone: its gradient is torch's, at kinks, ties, infinities and NaN too."""

import itertools
import math

import pytest
import torch
from gradients import assert_same, by_autograd, by_passes
from torch import Tensor

from elman.ir import OPS, GraphBuilder, StepGraph, Type, verify
from elman.passes.derivatives import DERIVATIVES, NO_GRADIENT, derivative

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 1e-310, 1e200, -1e200, math.inf, -math.inf, math.nan]


def test_every_op_has_a_row():
    assert DERIVATIVES.keys() | {"concat"} == OPS.keys()
    assert all(derivative(op, 0) is None for op in NO_GRADIENT)


def graph_of(op: str, *operands: Type, **attributes) -> StepGraph:
    builder = GraphBuilder()
    builder.add_argument("input", "input", Type((1,)))
    values = [
        builder.add_argument(f"x{place}", "step_input" if of.per_row else "parameter", of)
        for place, of in enumerate(operands)
    ]
    graph = builder.finish(builder.add(op, *values, **attributes), ())
    verify(graph)
    return graph


def check(graph: StepGraph, tensors: list[Tensor], tolerance: float = 1e-13) -> None:
    pairs = list(zip(tensors, graph.arguments[1:], strict=True))
    num_rows = next(len(tensor) for tensor, of in pairs if of.type.per_row)
    shape = graph.type_of(graph.output).shape
    steps = [x[None] if of.type.per_row else x for x, of in pairs]
    arguments = [torch.zeros(1, num_rows, 1, dtype=torch.float64), *steps]
    choice = torch.tensor(SPECIAL, dtype=torch.float64)
    special = choice[torch.randint(0, len(SPECIAL), (1, num_rows, *shape))]
    for cotangent in (torch.randn_like(special), torch.zeros_like(special), special):
        expected = by_autograd(graph, arguments, [cotangent], 1)
        ours = by_passes(graph, arguments, [cotangent], 1)
        assert_same(ours, expected, tolerance)


POINTWISE: list[tuple[str, dict]] = [
    *((name, {}) for name, op in OPS.items() if op.category == "pointwise" and not op.attributes),
    ("leaky_relu", {"negative_slope": 0.01}),
    ("elu", {"alpha": 1.5}),
    ("gelu", {"approximate": "none"}),
    ("gelu", {"approximate": "tanh"}),
    ("softplus", {"beta": 1.0, "threshold": 20.0}),
    ("softplus", {"beta": 2.0, "threshold": 1.0}),
    ("clamp", {"min": -1.0, "max": 0.5}),
    ("clamp", {"min": 0.0, "max": math.inf}),
    *(("power", {"exponent": exponent}) for exponent in (0.0, 1.0, 2.0, 3.0, -1.0, 0.5, -0.5, 1.7)),
]
DIFFERENTIABLE = [(op, attributes) for op, attributes in POINTWISE if op not in NO_GRADIENT]


@pytest.mark.parametrize(("op", "attributes"), DIFFERENTIABLE)
def test_a_pointwise_op_has_the_gradient_of_torch(op: str, attributes: dict):
    count = OPS[op].arity[0] - (op == "where")
    table = torch.tensor([*itertools.product(SPECIAL, repeat=count)], dtype=torch.float64)
    for values in (table.T, torch.randn(count, 50, dtype=torch.float64)):
        tensors = [row[None] for row in values]
        operands = [Type((values.shape[1],))] * count
        if op == "where":
            tensors.insert(0, torch.rand(tensors[0].shape) < 0.5)
            operands.insert(0, Type((values.shape[1],), "boolean"))
        check(graph_of(op, *operands, **attributes), tensors)


@pytest.mark.parametrize("op", ["add", "sub", "mul", "div", "pow", "maximum", "minimum"])
@pytest.mark.parametrize("scalar", [0, 1])
@pytest.mark.parametrize("per_row", [True, False])
def test_a_scalar_gets_the_sum_over_the_features_it_stood_for(op: str, scalar: int, per_row: bool):
    operands = [Type((2, 3)), Type((2, 3))]
    operands[scalar] = Type((), per_row=per_row)
    tensors = [torch.rand(2, 2, 3).double() + 0.5] * 2
    tensors[scalar] = torch.rand(2).double() + 0.5 if per_row else torch.tensor(0.7).double()
    check(graph_of(op, *operands), tensors)


@pytest.mark.parametrize("op", [name for name, op in OPS.items() if op.category == "reduction"])
@pytest.mark.parametrize("axes", [(0,), (1,), (0, 2), (0, 1, 2)])
def test_a_reduction_has_the_gradient_of_torch(op: str, axes: tuple[int, ...]):
    if op in ("max", "min") and len(axes) > 1:
        return
    graph = graph_of(op, Type((7, 3, 2)), axes=axes)
    check(graph, [torch.randn(3, 7, 3, 2).double()])
    check(graph, [torch.randint(0, 2, (3, 7, 3, 2)).double()])
    choice = torch.tensor([0.0, -0.0, 1.0, math.inf, -math.inf, math.nan], dtype=torch.float64)
    check(graph, [choice[torch.randint(0, 6, (20, 7, 3, 2))]])


CUBE = Type((4, 3, 2))
STRUCTURAL: list[tuple[str, list[Type], dict]] = [
    *(
        ("slice", [Type((7, 2))], {"axis": 0, "start": start, "stop": stop, "step": step})
        for start, stop, step in ((0, 7, 1), (2, 5, 1), (0, 7, 2), (1, 6, 2), (1, 7, 4), (0, 7, 3), (6, 7, 3))
    ),
    ("slice", [CUBE], {"axis": 2, "start": 1, "stop": 2, "step": 1}),
    ("reshape", [CUBE], {"shape": (6, 4)}),
    ("transpose", [CUBE], {"axes": (2, 0, 1)}),
    ("broadcast", [Type((3, 1))], {"shape": (2, 3, 4), "rows": False}),
    ("broadcast", [Type(())], {"shape": (2, 3), "rows": False}),
    ("broadcast", [Type((1,))], {"shape": (1, 1), "rows": False}),
    ("concat", [CUBE, Type((4, 1, 2)), CUBE], {"axis": 1}),
    ("concat", [CUBE, Type((4, 1, 2), per_row=False)], {"axis": 1}),
    ("linear", [Type((3,)), Type((5, 3), per_row=False)], {}),
    ("linear", [Type((2, 3)), Type((5, 3), per_row=False), Type((5,), per_row=False)], {}),
    ("block_linear", [Type((4, 2, 3)), Type((2, 5, 3), per_row=False)], {}),
    ("observe", [CUBE], {"name": "a"}),
    ("clip_gradient", [CUBE], {"limit": 0.3}),
]


@pytest.mark.parametrize(("op", "operands", "attributes"), STRUCTURAL)
def test_a_structural_op_has_the_gradient_of_torch(op: str, operands: list[Type], attributes: dict):
    tensors = [torch.randn(*([3] if of.per_row else []), *of.shape).double() for of in operands]
    check(graph_of(op, *operands, **attributes), tensors)


def test_a_shared_value_is_repeated_for_the_rows():
    builder = GraphBuilder()
    input = builder.add_argument("input", "input", Type((3,)))
    bias = builder.add_argument("bias", "parameter", Type((3,), per_row=False))
    rows = builder.add("broadcast", bias, shape=(3,), rows=True)
    graph = builder.finish(builder.add("mul", rows, builder.add("tanh", input)), ())
    arguments = [torch.randn(2, 4, 3).double(), torch.randn(3).double()]
    cotangents = [torch.randn(2, 4, 3).double()]
    ours = by_passes(graph, arguments, cotangents, 2)
    assert_same(ours, by_autograd(graph, arguments, cotangents, 2), 1e-13)
