"""The interpreter: every op has its function, and scalars of a row stand beside vectors of that row."""

import pytest
import torch

from elman.backends.reference import FUNCTIONS, make_step, run
from elman.ir import OPS, GraphBuilder, StepGraph, Type, parse_graph, verify


def test_every_op_has_its_function_and_none_is_left_over():
    assert FUNCTIONS.keys() == OPS.keys()


def graph_of(op: str, *operands: Type, **attributes) -> StepGraph:
    builder = GraphBuilder()
    kinds = ["input", *["step_input"] * (len(operands) - 1)]
    values = [
        builder.add_argument(f"x{place}", kind, operand)  # pyright: ignore[reportArgumentType]
        for place, (kind, operand) in enumerate(zip(kinds, operands, strict=True))
    ]
    return builder.finish(builder.add(op, *values, **attributes), ())


VECTOR, SCALAR, MATRIX = Type((4,)), Type(()), Type((3, 4))
SHARED, ONE = Type((4,), per_row=False), Type((), per_row=False)


@pytest.mark.parametrize("first", [VECTOR, SCALAR, MATRIX])
@pytest.mark.parametrize("second", [SCALAR, ONE])
def test_a_scalar_stands_beside_every_feature(first: Type, second: Type):
    graph = graph_of("sub", first, second)
    verify(graph)
    a, b = torch.randn(2, *first.shape), torch.randn(2) if second.per_row else torch.randn(())
    expected = torch.stack([a[n] - (b[n] if second.per_row else b) for n in range(2)])
    torch.testing.assert_close(run(graph, [a, b]).output, expected, rtol=0, atol=0)


CASES = [
    ("slice", (MATRIX,), {"axis": 1, "start": 0, "stop": 4, "step": 2}, lambda x: x[:, ::2]),
    ("concat", (VECTOR, VECTOR), {"axis": 0}, lambda x, y: torch.cat([x, y])),
    ("concat", (VECTOR, SHARED), {"axis": 0}, lambda x, y: torch.cat([x, y])),
    ("reshape", (MATRIX,), {"shape": (2, 6)}, lambda x: x.reshape(2, 6)),
    ("transpose", (MATRIX,), {"axes": (1, 0)}, lambda x: x.T),
    ("broadcast", (VECTOR,), {"shape": (3, 4), "rows": False}, lambda x: x.expand(3, 4)),
    ("broadcast", (SCALAR,), {"shape": (3,), "rows": False}, lambda x: x.expand(3)),
    ("sum", (MATRIX,), {"axes": (0,)}, lambda x: x.sum(0)),
    ("mean", (MATRIX,), {"axes": (0, 1)}, lambda x: x.mean()),
    ("amax", (MATRIX,), {"axes": (1,)}, lambda x: x.amax(1)),
    ("min", (MATRIX,), {"axes": (0,)}, lambda x: x.min(0).values),
]


@pytest.mark.parametrize(("op", "operands", "attributes", "of_row"), CASES)
def test_an_op_does_to_each_row_what_torch_does(op: str, operands: tuple[Type, ...], attributes, of_row):
    graph = graph_of(op, *operands, **attributes)
    verify(graph)
    tensors = [torch.randn(*([2] if operand.per_row else []), *operand.shape) for operand in operands]
    pairs = list(zip(tensors, operands, strict=True))
    rows = [
        of_row(*(tensor[n] if operand.per_row else tensor for tensor, operand in pairs)) for n in range(2)
    ]
    torch.testing.assert_close(run(graph, tensors).output, torch.stack(rows))


def test_constants_have_the_dtype_of_the_input():
    graph = parse_graph(
        "input: input real[N, 2]\n"
        '%1 = constant() {"value": 0.1} : real[]\n'
        '%2 = broadcast(%1) {"shape": [2], "rows": true} : real[N, 2]\n'
        "%3 = gt(input, %2) : boolean[N, 2]\n"
        "%4 = to_real(%3) : real[N, 2]\n"
        "%5 = add(%4, %2) : real[N, 2]\n"
        "output %5\nstates\n"
    )
    verify(graph)
    input = torch.tensor([[0.0, 1.0]], dtype=torch.float64)
    assert run(graph, [input]).output.tolist() == [[0.1, 1.1]]


def test_a_step_takes_its_step_inputs_by_name():
    graph = parse_graph(
        "input: input real[N, 2]\nstate: state real[N, 2]\nweight: parameter real[2]\n"
        "mask: step_input real[N, 2]\n"
        "%4 = mul(state, mask) : real[N, 2]\n"
        "%5 = mul(input, weight) : real[N, 2]\n"
        "%6 = add(%4, %5) : real[N, 2]\n"
        'output %6\nstates %6\nobserved "masked" %4\n'
    )
    verify(graph)
    input, state, weight, mask = torch.randn(4, 2, 2).unbind()
    output, states = make_step(graph, [weight[0]])(input, (state,), mask=mask)
    torch.testing.assert_close(output, state * mask + input * weight[0])
    assert states[0] is output
    observed = run(graph, [input, state, weight[0], mask]).observed
    torch.testing.assert_close(observed, {"masked": state * mask})
