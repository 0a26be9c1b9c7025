"""One time step of a cell as a graph: arguments, nodes, and which values leave it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias, get_args

Dtype: TypeAlias = Literal["real", "boolean"]
Kind: TypeAlias = Literal["input", "state", "step_input", "parameter"]
Attribute: TypeAlias = bool | int | float | str | tuple[int, ...]

DTYPES: tuple[str, ...] = get_args(Dtype)
KINDS: tuple[str, ...] = get_args(Kind)


class Source(NamedTuple):
    """A line of the user's own code."""

    file: str
    line: int


class Type(NamedTuple):
    """What a value is, for one row of the batch.

    Attributes:
        shape: Sizes of the feature axes. The row axis is implied and never stored.
        dtype: "real", at whatever precision the graph is run, or "boolean".
        per_row: Whether each row of the batch has a value of its own; parameters and constants have not.
    """

    shape: tuple[int, ...]
    dtype: Dtype = "real"
    per_row: bool = True


@dataclass(frozen=True)
class Argument:
    """A value that enters the step.

    Args:
        name: Unique among the arguments.
        kind: "input", "state", "step_input" or "parameter".
        type: What it is.
    """

    name: str
    kind: Kind
    type: Type


@dataclass(frozen=True)
class Node:
    """One operation.

    Args:
        op: A name in the table of ops.
        operands: The values it reads: arguments are numbered first, then nodes, in their order.
        type: What its result is.
        attributes: What the op's row in the table asks for.
        source: The user's line it was recorded from. Two nodes that differ in nothing else are equal.
    """

    op: str
    operands: tuple[int, ...]
    type: Type
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True)
class StepGraph:
    """One time step: values in the order in which they can be computed.

    Args:
        arguments: What enters. The states stand in the order of `new_states`.
        nodes: What is computed; each reads only what stands before it.
        output: The value that is the output of the step.
        new_states: The values that replace the states.
        observed: Names that diagnostics may ask for, each with its value.
    """

    arguments: tuple[Argument, ...]
    nodes: tuple[Node, ...]
    output: int
    new_states: tuple[int, ...]
    observed: tuple[tuple[str, int], ...] = ()

    def type_of(self, value: int) -> Type:
        """Return what the value of that number is."""
        num_arguments = len(self.arguments)
        return self.arguments[value].type if value < num_arguments else self.nodes[value - num_arguments].type

    def of_kind(self, kind: Kind) -> list[int]:
        """List the arguments of one kind."""
        return [number for number, argument in enumerate(self.arguments) if argument.kind == kind]

    @property
    def num_values(self) -> int:
        """How many values there are: arguments and nodes."""
        return len(self.arguments) + len(self.nodes)
