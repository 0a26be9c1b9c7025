"""A step graph that grows node by node; types are inferred from the table of ops."""

from elman.ir.graph import Argument, Attribute, Kind, Node, Source, StepGraph, Type
from elman.ir.ops import OPS


class GraphBuilder:
    """Collects arguments and nodes, numbers them, and makes the graph.

    Values are numbered in the order in which they are added; `finish` renumbers them so that arguments, which
    may be added late, come first.

    Example:
        >>> builder = GraphBuilder()
        >>> input = builder.add_argument("input", "input", Type((3,)))
        >>> output = builder.add("tanh", input)
        >>> builder.finish(output, new_states=()).nodes[0].type
        Type(shape=(3,), dtype='real', per_row=True)
    """

    def __init__(self) -> None:
        self._values: list[Argument | Node] = []
        self.source: Source | None = None

    def add_argument(self, name: str, kind: Kind, value_type: Type) -> int:
        """Add an argument and return its number."""
        return self._append(Argument(name, kind, value_type))

    def add(self, op: str, *operands: int, **attributes: Attribute) -> int:
        """Add a node at the current `source` and return its number.

        Args:
            op: A name in the table of ops.
            operands: Numbers of values.
            attributes: What the op asks for.

        Raises:
            ValueError: The operands do not fit.
        """
        result = OPS[op].infer([self.type_of(operand) for operand in operands], attributes)
        return self._append(Node(op, operands, result, attributes, self.source))

    def type_of(self, value: int) -> Type:
        """Return what the value of that number is."""
        return self._values[value].type

    def finish(
        self, output: int, new_states: tuple[int, ...], observed: tuple[tuple[str, int], ...] = ()
    ) -> StepGraph:
        """Return the graph of what the results need; arguments stand in the order in which they were added.

        Args:
            output: The value that is the output of the step.
            new_states: The values that replace the states.
            observed: Names that diagnostics may ask for, each with its value.
        """
        needed = self._needed({output, *new_states, *(value for _, value in observed)})
        order = sorted(needed, key=lambda value: (isinstance(self._values[value], Node), value))
        numbers = {old: new for new, old in enumerate(order)}
        values = [self._values[old] for old in order]
        return StepGraph(
            tuple(value for value in values if isinstance(value, Argument)),
            tuple(_renumber(value, numbers) for value in values if isinstance(value, Node)),
            numbers[output],
            tuple(numbers[value] for value in new_states),
            tuple((name, numbers[value]) for name, value in observed),
        )

    def _needed(self, results: set[int]) -> set[int]:
        """Every argument, and the nodes that the results depend on."""
        needed = set(results)
        for number in reversed(range(len(self._values))):
            value = self._values[number]
            if isinstance(value, Argument):
                needed.add(number)
            elif number in needed:
                needed.update(value.operands)
        return needed

    def _append(self, value: Argument | Node) -> int:
        self._values.append(value)
        return len(self._values) - 1


def _renumber(node: Node, numbers: dict[int, int]) -> Node:
    operands = tuple(numbers[operand] for operand in node.operands)
    return Node(node.op, operands, node.type, node.attributes, node.source)
