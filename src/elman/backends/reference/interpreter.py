"""Runs a step graph node by node."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from elman.backends.reference.functions import FUNCTIONS
from elman.ir import OPS, Node, StepGraph, Type
from elman.ir.rules import same_shape


class StepResult(NamedTuple):
    """What one time step gives.

    Attributes:
        output: The output, (N, ...).
        new_states: The states, in the order of the graph.
        observed: The values that have a name.
    """

    output: Tensor
    new_states: tuple[Tensor, ...]
    observed: Mapping[str, Tensor]


def run(graph: StepGraph, arguments: Sequence[Tensor]) -> StepResult:
    """Compute one time step; autograd goes through it.

    Args:
        graph: A graph that `elman.ir.verify` accepts.
        arguments: One tensor for each of its arguments, (N, *shape) where it has a value for each row.
    """
    values = list(arguments)
    like = values[graph.of_kind("input")[0]]
    for node in graph.nodes:
        values.append(_compute(node, [graph.type_of(operand) for operand in node.operands], values, like))
    return StepResult(
        values[graph.output],
        tuple(values[value] for value in graph.new_states),
        {name: values[value] for name, value in graph.observed},
    )


def make_step(
    graph: StepGraph, parameters: Sequence[Tensor]
) -> Callable[..., tuple[Tensor, tuple[Tensor, ...]]]:
    """Return `step(input, states, **step_inputs) -> (output, new_states)`, which a loop over time can call.

    Args:
        graph: A graph that `elman.ir.verify` accepts.
        parameters: One tensor for each of its parameter arguments.
    """

    def step(
        input: Tensor, states: tuple[Tensor, ...], **step_inputs: Tensor
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        queues = {"input": [input], "state": [*states], "parameter": [*parameters]}
        arguments = [
            step_inputs[argument.name] if argument.kind == "step_input" else queues[argument.kind].pop(0)
            for argument in graph.arguments
        ]
        result = run(graph, arguments)
        return result.output, result.new_states

    return step


def _compute(node: Node, types: Sequence[Type], values: Sequence[Tensor], like: Tensor) -> Tensor:
    operands = [
        _beside_rows(values[operand], operand_type, node, len(like))
        for operand, operand_type in zip(node.operands, types, strict=True)
    ]
    attributes: dict[str, Any] = {name: value for name, value in node.attributes.items() if name != "rows"}
    if node.type.per_row:
        attributes = {name: _with_rows(node.op, name, attributes[name], len(like)) for name in attributes}
    if node.op in ("constant", "to_real"):
        attributes["like"] = like
    return FUNCTIONS[node.op](*operands, **attributes)


def _beside_rows(value: Tensor, value_type: Type, node: Node, num_rows: int) -> Tensor:
    """Give an operand the axes without which torch would take its rows for features, or the reverse."""
    rank = len(node.type.shape)
    if node.op == "concat" and node.type.per_row and not value_type.per_row:
        return value.expand(num_rows, *value.shape)
    is_spread = OPS[node.op].shape_rule is same_shape or node.op == "broadcast"
    if is_spread and value_type.per_row and len(value_type.shape) < rank:
        return value.reshape(num_rows, *[1] * (rank - len(value_type.shape)), *value_type.shape)
    return value


def _with_rows(op: str, name: str, value: Any, num_rows: int) -> Any:
    """Count the row axis in, where an attribute names feature axes or a feature shape."""
    if name == "axis":
        return value + 1
    if name == "axes":
        axes = tuple(axis + 1 for axis in value)
        return (0, *axes) if op == "transpose" else axes
    return (num_rows, *value) if name == "shape" else value
