"""The graph's rules, each broken once, and its text."""

from dataclasses import replace

import pytest

from elman.errors import GraphError
from elman.ir import (
    OPS,
    Argument,
    GraphBuilder,
    Node,
    Source,
    StepGraph,
    Type,
    parse_graph,
    print_graph,
    verify,
)
from elman.ir.verify import RULES

TEXT = """\
input: input real[N, 3]
state: state real[N, 5]
weight: parameter real[5, 3]
mask: step_input boolean[N, 5]
rate: step_input real[]
%5 = linear(input, weight) : real[N, 5]  # my cells.py:12
%6 = where(mask, %5, state) : real[N, 5]
%7 = clamp(%6) {"min": -1.0, "max": Infinity} : real[N, 5]  # cells.py:13
%8 = mul(%7, rate) : real[N, 5]
%9 = sum(%8) {"axes": [0]} : real[N]
output %8
states %7
observed "a \\"gate\\"" %6
"""
GRAPH = parse_graph(TEXT)
VECTOR = Type((5,))


def with_argument(place: int, **changes) -> StepGraph:
    arguments = list(GRAPH.arguments)
    arguments[place] = replace(arguments[place], **changes)
    return replace(GRAPH, arguments=tuple(arguments))


def with_node(place: int, **changes) -> StepGraph:
    nodes = list(GRAPH.nodes)
    nodes[place] = replace(nodes[place], **changes)
    return replace(GRAPH, nodes=tuple(nodes))


BROKEN = {
    "names of arguments are distinct": [with_argument(0, name="state")],
    "arguments are of a known kind and dtype": [
        with_argument(0, kind="hidden"),
        with_argument(0, type=Type((3,), "integer")),  # pyright: ignore[reportArgumentType]
    ],
    "input and states have rows, parameters have none": [
        with_argument(1, type=Type((5,), per_row=False)),
        with_argument(2, type=Type((5, 3))),
    ],
    "there is one input": [with_argument(1, kind="input"), with_argument(0, kind="state")],
    "operands stand before their use": [with_node(0, operands=(0, 5)), with_node(0, operands=(-1, 2))],
    "ops are in the table": [with_node(0, op="conv")],
    "operands are as many as the op takes": [with_node(0, operands=(0,)), with_node(3, operands=(7, 7, 7))],
    "attributes are those of the op": [
        with_node(2, attributes={"min": -1.0}),
        with_node(2, attributes={"min": -1, "max": 1.0}),
        with_node(4, attributes={"axes": ("0",)}),
        with_node(3, attributes={"alpha": 1.0}),
    ],
    "types follow from the operands": [
        with_node(0, type=Type((6,))),
        with_node(0, operands=(1, 2)),
        with_node(0, type=Type((5,), per_row=False)),
        with_node(1, operands=(5, 5, 1)),
    ],
    "results are values of the graph": [
        replace(GRAPH, output=10),
        replace(GRAPH, new_states=(-1,)),
        replace(GRAPH, observed=(("gate", 99),)),
    ],
    "the output is real and has rows": [replace(GRAPH, output=2), replace(GRAPH, output=3)],
    "new states are like the states": [
        replace(GRAPH, new_states=(0,)),
        replace(GRAPH, new_states=()),
        replace(GRAPH, new_states=(3,)),
    ],
    "observed names are distinct": [replace(GRAPH, observed=(("gate", 5), ("gate", 6)))],
}


def test_a_sound_graph_passes():
    verify(GRAPH)


def test_every_rule_is_broken_once():
    assert BROKEN.keys() == RULES.keys()


@pytest.mark.parametrize(("rule", "graph"), [(rule, graph) for rule in BROKEN for graph in BROKEN[rule]])
def test_a_broken_rule_is_named(rule: str, graph: StepGraph):
    with pytest.raises(GraphError, match=f"^step graph breaks the rule '{rule}': .*\\.$"):
        verify(graph)


def test_text_is_printed_as_it_was_parsed():
    assert print_graph(GRAPH) == TEXT
    assert parse_graph(print_graph(GRAPH)) == GRAPH
    assert GRAPH.nodes[0].source == Source("my cells.py", 12)
    assert GRAPH.nodes[4].attributes == {"axes": (0,)}
    assert GRAPH.observed == (('a "gate"', 6),)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%1 = tanh(inputs) : real[N, 3]", "line 2 cannot be read, 'inputs': %1 = tanh(inputs) : real[N, 3]"),
        ("output", "line 2 cannot be read, not enough values to unpack (expected 1, got 0): output"),
        ("tanh input", "line 2 is no line of a step graph: tanh input"),
    ],
)
def test_a_line_that_cannot_be_read_is_shown(line: str, message: str):
    with pytest.raises(GraphError) as caught:
        parse_graph(f"input: input real[N, 3]\n{line}\n")
    assert str(caught.value) == message


def test_two_graphs_that_differ_in_their_sources_are_equal():
    assert with_node(0, source=Source("other.py", 1)) == GRAPH


def test_the_builder_puts_late_arguments_first():
    builder = GraphBuilder()
    input = builder.add_argument("input", "input", VECTOR)
    squashed = builder.add("tanh", input)
    scale = builder.add_argument("scale", "parameter", Type((5,), per_row=False))
    builder.source = Source("cells.py", 7)
    graph = builder.finish(builder.add("mul", squashed, scale), ())
    verify(graph)
    assert [argument.name for argument in graph.arguments] == ["input", "scale"]
    assert graph.nodes == (Node("tanh", (0,), VECTOR), Node("mul", (2, 1), VECTOR))
    assert graph.nodes[1].source == Source("cells.py", 7)
    assert graph.arguments[1] == Argument("scale", "parameter", Type((5,), per_row=False))


def test_the_builder_leaves_out_what_no_result_needs():
    builder = GraphBuilder()
    input = builder.add_argument("input", "input", VECTOR)
    builder.add("exp", builder.add("sin", input))
    seen = builder.add("observe", input, name="seen")
    graph = builder.finish(builder.add("tanh", input), (), (("seen", seen),))
    verify(graph)
    assert [node.op for node in graph.nodes] == ["observe", "tanh"]
    assert graph.observed == (("seen", 1),)


MISFITS = [
    ("add", [Type((5,)), Type((3,))], {}, "operands must have one shape"),
    ("add", [Type((5,)), Type((5,), "boolean")], {}, "operands must be real"),
    ("eq", [Type((5,)), Type((5,), "boolean")], {}, "operands must have one dtype"),
    ("logical_and", [Type((5,)), Type((5,))], {}, "operands must be boolean"),
    ("where", [Type((5,)), Type((5,)), Type((5,))], {}, "the condition must be boolean"),
    ("to_real", [Type((5,))], {}, "the operand must be boolean"),
    ("linear", [Type((5,)), Type((4, 5))], {}, "operand 1 must be the same for every row"),
    ("linear", [Type((3,)), Type((4, 5), per_row=False)], {}, "vector must end in 5, but has shape"),
    ("linear", [Type((5,)), Type((5,), per_row=False)], {}, r"weight must have shape \(M, K\)"),
    ("block_linear", [Type((2, 3)), Type((2, 4, 5), per_row=False)], {}, r"vector must end in \(2, 5\)"),
    ("block_linear", [Type((3,)), Type((4, 3), per_row=False)], {}, r"weight must have shape \(G, M, K\)"),
    ("sum", [Type((5,))], {"axes": (1,)}, r"axes \(1,\) are not axes of \(5,\)"),
    ("sum", [Type((5,))], {"axes": ()}, "there must be an axis to reduce"),
    ("sum", [Type((5, 5))], {"axes": (1, 0)}, "axes must be ascending"),
    ("slice", [Type((5,))], {"axis": 0, "start": 2, "stop": 6, "step": 1}, "2:6 is not within 0:5"),
    ("slice", [Type((5,))], {"axis": 1, "start": 2, "stop": 3, "step": 1}, "axis 1 is not an axis"),
    ("slice", [Type((5,))], {"axis": 0, "start": 2, "stop": 3, "step": 0}, "step must be positive"),
    ("concat", [Type((5,)), Type((5, 5))], {"axis": 0}, "sizes away from axis 0 must agree"),
    ("concat", [Type((5,))], {"axis": 1}, "axis 1 is not an axis"),
    ("reshape", [Type((5,))], {"shape": (2, 2)}, "differ in their number of elements"),
    ("broadcast", [Type((5,))], {"shape": (5, 3), "rows": False}, "cannot be repeated"),
    ("transpose", [Type((5, 3))], {"axes": (0, 0)}, "is no order of the axes"),
]


@pytest.mark.parametrize(("op", "operands", "attributes", "message"), MISFITS)
def test_operands_that_do_not_fit_are_refused(op: str, operands: list[Type], attributes: dict, message: str):
    with pytest.raises(ValueError, match=message):
        OPS[op].infer(operands, attributes)
