"""A graph built anew, node by node, with rules that may put something else in a node's place."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from elman.ir import GraphBuilder, Node, StepGraph, Type

Rule: TypeAlias = Callable[["Rewriter", Node], int | None]

# Two clips of one value are not one: each clamps its own share of the gradient.
UNSHARED = {"clip_gradient"}


class Rewriter:
    """Emits nodes; one that was emitted before is not emitted again.

    Args:
        rules: By op: takes a node whose operands are new values, and returns the value that stands in its
            place, made by `emit`, or None to leave it.

    Attributes:
        read_whole: New values that are read by more than views; a rule may ask.
    """

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self.builder = GraphBuilder()
        self.read_whole: set[int] = set()
        self._rules = rules
        self._nodes: dict[int, Node] = {}
        self._known: dict[tuple[str, tuple[int, ...], str], int] = {}

    def node(self, value: int) -> Node | None:
        """Return what computes a new value; None for an argument."""
        return self._nodes.get(value)

    def type_of(self, value: int) -> Type:
        """Return what a new value is."""
        return self.builder.type_of(value)

    def emit(self, op: str, *operands: int, **attributes: Any) -> int:
        """Return the value of an op, by the rules."""
        # By repr, because 0.0 equals -0.0.
        key = (op, operands, repr(sorted(attributes.items())))
        if op in UNSHARED or key not in self._known:
            self._known[key] = self._emit(op, operands, attributes)
        return self._known[key]

    def _emit(self, op: str, operands: tuple[int, ...], attributes: dict[str, Any]) -> int:
        # The rules look at op, operands and attributes; the builder infers the type.
        rule = self._rules.get(op)
        replacement = rule and rule(self, Node(op, operands, Type(()), attributes))
        if replacement is not None:
            return replacement
        number = self.builder.add(op, *operands, **attributes)
        self._nodes[number] = Node(op, operands, self.type_of(number), attributes)
        return number


def rewrite(graph: StepGraph, rules: Mapping[str, Rule], read_whole: Collection[int] = ()) -> StepGraph:
    """Return the graph with every node put through the rules; arguments keep their numbers.

    Args:
        graph: The graph.
        rules: By op; see `Rewriter`.
        read_whole: Values of the graph that are read by more than views.
    """
    rewriter = Rewriter(rules)
    builder = rewriter.builder
    new = [builder.add_argument(each.name, each.kind, each.type) for each in graph.arguments]
    for number, node in enumerate(graph.nodes, start=len(new)):
        builder.source = node.source
        new.append(rewriter.emit(node.op, *(new[operand] for operand in node.operands), **node.attributes))
        if number in read_whole:
            rewriter.read_whole.add(new[-1])
    observed = tuple((name, new[value]) for name, value in graph.observed)
    return drop_unread(builder.finish(new[graph.output], tuple(new[v] for v in graph.new_states), observed))


def drop_unread(graph: StepGraph) -> StepGraph:
    """Values nobody reads -> gone; arguments stay.

    Cost: one walk back, one walk forth.

    Args:
        graph: The graph.
    """
    read = set(results(graph))
    for number in reversed(range(len(graph.arguments), graph.num_values)):
        if number in read:
            read |= set(graph.nodes[number - len(graph.arguments)].operands)
    builder = GraphBuilder()
    new = {
        number: builder.add_argument(argument.name, argument.kind, argument.type)
        for number, argument in enumerate(graph.arguments)
    }
    for number, node in enumerate(graph.nodes, start=len(new)):
        if number in read:
            builder.source = node.source
            new[number] = builder.add(node.op, *(new[v] for v in node.operands), **node.attributes)
    observed = tuple((name, new[value]) for name, value in graph.observed)
    return builder.finish(new[graph.output], tuple(new[value] for value in graph.new_states), observed)


def results(graph: StepGraph) -> list[int]:
    """List the values that leave the graph."""
    return [graph.output, *graph.new_states, *(value for _, value in graph.observed)]
