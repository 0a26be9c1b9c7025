"""The text of a step graph: printed, parsed, and the same again.

    input: input real[N, 3]
    weight: parameter real[5, 3]
    %2 = linear(input, weight) : real[N, 5]  # cells.py:12
    %3 = clamp(%2) {"min": -1.0, "max": 1.0} : real[N, 5]  # cells.py:13
    output %3
    states %3
    observed "gate" %2

A value for each row has N as its first axis.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from elman.errors import GraphError
from elman.ir.graph import Argument, Attribute, Node, Source, StepGraph, Type

NAME = r"[^\s(),:]+"
ARGUMENT = re.compile(rf"(?P<name>{NAME}): (?P<kind>\w+) (?P<of>\w+\[.*\])")
NODE = re.compile(
    r"%\d+ = (?P<op>\w+)\((?P<operands>.*?)\)(?: (?P<attributes>\{.*\}))? : (?P<of>\w+\[[^]]*\])"
    r"(?:  # (?P<file>.*):(?P<line>\d+))?"
)
RESULTS = re.compile(r"(?P<what>output|states) ?(?P<values>.*)")
OBSERVED = re.compile(rf'observed (?P<name>".*") (?P<value>{NAME})')


def print_graph(graph: StepGraph) -> str:
    """Return the graph as text, one line for each value.

    Args:
        graph: The graph.
    """
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: StepGraph) -> Iterator[str]:
    names = [argument.name for argument in graph.arguments]
    names += [f"%{number}" for number in range(len(names), graph.num_values)]
    for argument in graph.arguments:
        yield f"{argument.name}: {argument.kind} {print_type(argument.type)}"
    for name, node in zip(names[len(graph.arguments) :], graph.nodes, strict=True):
        operands = ", ".join(names[operand] for operand in node.operands)
        attributes = f" {json.dumps(dict(node.attributes))}" if node.attributes else ""
        source = f"  # {node.source.file}:{node.source.line}" if node.source else ""
        yield f"{name} = {node.op}({operands}){attributes} : {print_type(node.type)}{source}"
    yield f"output {names[graph.output]}"
    yield f"states {', '.join(names[value] for value in graph.new_states)}".rstrip()
    for name, value in graph.observed:
        yield f"observed {json.dumps(name)} {names[value]}"


def print_type(value_type: Type) -> str:
    """Return a type as text.

    Args:
        value_type: The type.

    Example:
        >>> print_type(Type((3, 4), "boolean"))
        'boolean[N, 3, 4]'
    """
    sizes = [*(["N"] if value_type.per_row else []), *map(str, value_type.shape)]
    return f"{value_type.dtype}[{', '.join(sizes)}]"


def parse_graph(text: str) -> StepGraph:
    """Read what `print_graph` wrote. The result is not verified.

    Args:
        text: One line for each value.

    Raises:
        GraphError: A line cannot be read.
    """
    reader = _Reader()
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            reader.read(line.strip(), number)
    return StepGraph(
        tuple(reader.arguments), tuple(reader.nodes), reader.output, reader.new_states, tuple(reader.observed)
    )


class _Reader:
    """What has been read so far."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.arguments: list[Argument] = []
        self.nodes: list[Node] = []
        self.output = -1
        self.new_states: tuple[int, ...] = ()
        self.observed: list[tuple[str, int]] = []

    def read(self, line: str, number: int) -> None:
        kinds = ((NODE, self._node), (OBSERVED, self._observed), (ARGUMENT, self._argument))
        for pattern, take in (*kinds, (RESULTS, self._results)):
            match = pattern.fullmatch(line)
            if match:
                try:
                    return take(**match.groupdict())
                except (KeyError, ValueError) as fault:
                    raise GraphError(f"line {number} cannot be read, {fault}: {line}") from fault
        raise GraphError(f"line {number} is no line of a step graph: {line}")

    def _argument(self, name: str, kind: str, of: str) -> None:
        self.numbers[name] = len(self.numbers)
        self.arguments.append(Argument(name, cast(Any, kind), _parse_type(of)))

    def _node(self, op: str, operands: str, of: str, **found: str | None) -> None:
        attributes = json.loads(found["attributes"] or "{}")
        source = Source(found["file"], int(found["line"] or 0)) if found["file"] else None
        values = self._values(operands)
        self.numbers[f"%{len(self.numbers)}"] = len(self.numbers)
        self.nodes.append(Node(op, values, _parse_type(of), _tuples(attributes), source))

    def _results(self, what: str, values: str) -> None:
        if what == "output":
            (self.output,) = self._values(values)
        else:
            self.new_states = self._values(values)

    def _observed(self, name: str, value: str) -> None:
        self.observed.append((json.loads(name), self.numbers[value]))

    def _values(self, names: str) -> tuple[int, ...]:
        return tuple(self.numbers[name] for name in names.split(", ")) if names else ()


def _tuples(attributes: dict[str, Any]) -> dict[str, Attribute]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in attributes.items()}


def _parse_type(text: str) -> Type:
    dtype, _, sizes = text.removesuffix("]").partition("[")
    axes = sizes.split(", ") if sizes else []
    per_row = axes[:1] == ["N"]
    return Type(tuple(map(int, axes[per_row:])), cast(Any, dtype), per_row)
