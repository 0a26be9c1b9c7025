"""The forward step, as the backward step sees it."""

from elman.ir import Node, Range, StepGraph
from elman.passes.derivatives import Value
from elman.passes.rewriting import Rewriter


class ForwardValues:
    """Values of the forward step that the backward step reads; each enters when it is first asked for.

    Args:
        graph: The forward step.
        rewriter: What writes the backward step.

    Attributes:
        entered: Value of the forward step -> the argument it is in the backward step, in order.
    """

    def __init__(self, graph: StepGraph, rewriter: Rewriter) -> None:
        self.entered: dict[int, int] = {}
        self._graph = graph
        self._rewriter = rewriter

    def value(self, value: int) -> Value:
        """Return a value that is read when a formula uses it."""
        return Value(self._rewriter, lambda: self._read(value))

    def name(self, value: int) -> str:
        """Return the name of an argument, or a node's number after an @."""
        arguments = self._graph.arguments
        return arguments[value].name if value < len(arguments) else f"@{value}"

    def part(self, value: int) -> tuple[int, tuple[Range, ...]]:
        """Follow slices down to what is cut; return it and the cuts."""
        ranges: list[Range] = []
        while (node := self._node(value)) and node.op == "slice":
            ranges.insert(0, Range(**node.attributes))  # pyright: ignore[reportArgumentType]
            (value,) = node.operands
        return value, tuple(ranges)

    def is_part_of_parameter(self, value: int) -> bool:
        """Whether it is a parameter, or cut from one."""
        return self.part(value)[0] in self._graph.of_kind("parameter")

    def weight(self, value: int) -> tuple[int, tuple[Range, ...], bool] | None:
        """Follow slices and transpositions down to a parameter; None where there is anything else.

        Args:
            value: What a vector is multiplied with.

        Returns:
            The parameter; the cuts, along its own axes; whether its last two axes are exchanged.
        """
        ranges: list[Range] = []
        is_transposed = False
        while (node := self._node(value)) and node.op in ("slice", "transpose"):
            rank = len(node.type.shape)
            if node.op == "slice":
                ranges.insert(0, Range(**node.attributes))  # pyright: ignore[reportArgumentType]
            elif node.attributes["axes"] == (*range(rank - 2), rank - 1, rank - 2):
                last_two = {rank - 1: rank - 2, rank - 2: rank - 1}
                ranges = [cut._replace(axis=last_two.get(cut.axis, cut.axis)) for cut in ranges]
                is_transposed = not is_transposed
            else:
                return None
            (value,) = node.operands
        return (value, tuple(ranges), is_transposed) if value in self._graph.of_kind("parameter") else None

    def _node(self, value: int) -> Node | None:
        place = value - len(self._graph.arguments)
        return self._graph.nodes[place] if place >= 0 else None

    def _read(self, value: int) -> int:
        node = self._node(value)
        if node and not any(self._graph.type_of(operand).per_row for operand in node.operands):
            # To compute it again takes parameters and constants alone.
            return self._rewriter.emit(node.op, *map(self._read, node.operands), **node.attributes)
        if value not in self.entered:
            kind = "parameter" if value in self._graph.of_kind("parameter") else "step_input"
            of = self._graph.type_of(value)
            self.entered[value] = self._rewriter.builder.add_argument(self.name(value), kind, of)
        return self.entered[value]
