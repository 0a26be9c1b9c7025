"""What must hold for every step graph: one table of rules."""

from collections.abc import Callable, Iterator

from elman.errors import GraphError
from elman.ir.graph import DTYPES, KINDS, Node, StepGraph, Type
from elman.ir.ops import OPS

Faults = Iterator[str]


def verify(graph: StepGraph) -> None:
    """Refuse a graph that breaks a rule.

    Args:
        graph: The graph; later rules rely on the earlier ones, so the first that is broken is reported.

    Raises:
        GraphError: A rule is broken; the message names the rule and where.
    """
    for rule, check in RULES.items():
        for fault in check(graph):
            raise GraphError(f"step graph breaks the rule {rule!r}: {fault}.")


def _arguments_are_distinct(graph: StepGraph) -> Faults:
    names = [argument.name for argument in graph.arguments]
    yield from (f"{name!r} is there twice" for name in set(names) if names.count(name) > 1)


def _arguments_are_of_a_kind(graph: StepGraph) -> Faults:
    for argument in graph.arguments:
        if argument.kind not in KINDS:
            yield f"{argument.name!r} is of kind {argument.kind!r}"
        if argument.type.dtype not in DTYPES:
            yield f"{argument.name!r} is {argument.type.dtype!r}"


def _rows_are_where_they_belong(graph: StepGraph) -> Faults:
    by_kind = {"input": True, "state": True, "parameter": False}
    for argument in graph.arguments:
        if by_kind.get(argument.kind, argument.type.per_row) != argument.type.per_row:
            has = "has" if argument.type.per_row else "has no"
            yield f"{argument.kind} {argument.name!r} {has} value for each row"


def _there_is_one_input(graph: StepGraph) -> Faults:
    count = len(graph.of_kind("input"))
    if count != 1:
        yield f"there are {count}"


def _operands_stand_before_their_use(graph: StepGraph) -> Faults:
    for number, node in enumerate(graph.nodes, start=len(graph.arguments)):
        for operand in node.operands:
            if not 0 <= operand < number:
                yield f"{node.op} at %{number} reads %{operand}"


def _ops_are_in_the_table(graph: StepGraph) -> Faults:
    yield from (f"there is no op {node.op!r}" for node in graph.nodes if node.op not in OPS)


def _operands_are_as_many_as_the_op_takes(graph: StepGraph) -> Faults:
    for node in graph.nodes:
        fewest, most = OPS[node.op].arity
        if not fewest <= len(node.operands) <= most:
            yield f"{node.op} has {len(node.operands)} operands"


def _attributes_are_those_of_the_op(graph: StepGraph) -> Faults:
    for node in graph.nodes:
        wanted = OPS[node.op].attributes
        if wanted.keys() != node.attributes.keys():
            yield f"{node.op} needs the attributes {sorted(wanted)}, but has {sorted(node.attributes)}"
        else:
            yield from _wrong_types(node)


def _wrong_types(node: Node) -> Faults:
    for name, types in OPS[node.op].attributes.items():
        value = node.attributes[name]
        integers = not isinstance(value, tuple) or all(type(item) is int for item in value)
        if type(value) not in types or not integers:
            yield f"{node.op} has {name}={value!r}"


def _types_follow_from_the_operands(graph: StepGraph) -> Faults:
    for number, node in enumerate(graph.nodes, start=len(graph.arguments)):
        try:
            inferred = OPS[node.op].infer(
                [graph.type_of(operand) for operand in node.operands], node.attributes
            )
        except ValueError as fault:
            yield f"{node.op} at %{number}: {fault}"
        else:
            if inferred != node.type:
                yield f"{node.op} at %{number} is {node.type}, but gives {inferred}"


def _results_are_values(graph: StepGraph) -> Faults:
    named = [graph.output, *graph.new_states, *(value for _, value in graph.observed)]
    yield from (f"there is no %{value}" for value in named if not 0 <= value < graph.num_values)


def _output_is_real_and_has_rows(graph: StepGraph) -> Faults:
    output = graph.type_of(graph.output)
    if output != Type(output.shape):
        yield f"it is {output}"


def _new_states_are_like_the_states(graph: StepGraph) -> Faults:
    old = [graph.type_of(value) for value in graph.of_kind("state")]
    new = [graph.type_of(value) for value in graph.new_states]
    if old != new:
        yield f"states {old} become {new}"


def _observed_names_are_distinct(graph: StepGraph) -> Faults:
    names = [name for name, _ in graph.observed]
    yield from (f"{name!r} is there twice" for name in set(names) if names.count(name) > 1)


RULES: dict[str, Callable[[StepGraph], Faults]] = {
    "names of arguments are distinct": _arguments_are_distinct,
    "arguments are of a known kind and dtype": _arguments_are_of_a_kind,
    "input and states have rows, parameters have none": _rows_are_where_they_belong,
    "there is one input": _there_is_one_input,
    "operands stand before their use": _operands_stand_before_their_use,
    "ops are in the table": _ops_are_in_the_table,
    "operands are as many as the op takes": _operands_are_as_many_as_the_op_takes,
    "attributes are those of the op": _attributes_are_those_of_the_op,
    "types follow from the operands": _types_follow_from_the_operands,
    "results are values of the graph": _results_are_values,
    "the output is real and has rows": _output_is_real_and_has_rows,
    "new states are like the states": _new_states_are_like_the_states,
    "observed names are distinct": _observed_names_are_distinct,
}
