"""Sums of products and other terms -> the products first, so that they share an accumulator."""

from collections import Counter

from elman.ir import GraphBuilder, Node, StepGraph
from elman.passes.rewriting import results


def gather_products(graph: StepGraph) -> StepGraph:
    """(W x + b) + U h -> (W x + U h) + b, where nobody reads what is between.

    A sum that begins with its products needs one accumulator for all of them. The order of the other terms is
    kept, and so is every sum with fewer than two products.

    Cost: one walk. Numbers change by rounding.

    Args:
        graph: The step, its products without bias.
    """
    return _Gathering(graph).run()


class _Gathering:
    def __init__(self, graph: StepGraph) -> None:
        self.graph = graph
        self.uses = Counter(operand for node in graph.nodes for operand in node.operands)
        self.uses.update(results(graph))
        self.inner = self._inner_sums()
        self.builder = GraphBuilder()

    def run(self) -> StepGraph:
        graph, builder = self.graph, self.builder
        new = {
            number: builder.add_argument(argument.name, argument.kind, argument.type)
            for number, argument in enumerate(graph.arguments)
        }
        for number, node in enumerate(graph.nodes, start=len(new)):
            builder.source = node.source
            if number not in self.inner:
                new[number] = self._emit(number, node, new)
        observed = tuple((name, new[value]) for name, value in graph.observed)
        return builder.finish(new[graph.output], tuple(new[value] for value in graph.new_states), observed)

    def _inner_sums(self) -> set[int]:
        """List the sums that are one term of one larger sum."""
        inner = set()
        for node in self.graph.nodes:
            for operand in node.operands if node.op == "add" else ():
                term = self._node(operand)
                if term and term.op == "add" and self.uses[operand] == 1 and term.type == node.type:
                    inner.add(operand)
        return inner

    def _emit(self, number: int, node: Node, new: dict[int, int]) -> int:
        terms = self._terms(number)
        products = [term for term in terms if self._is_own_product(term)]
        others = [term for term in terms if term not in products]
        ordered = [*products, *others] if len(products) > 1 else terms
        if len(terms) <= 2:
            return self.builder.add(node.op, *(new[operand] for operand in node.operands), **node.attributes)
        total = new[ordered[0]]
        for term in ordered[1:]:
            total = self.builder.add("add", total, new[term])
        return total

    def _terms(self, number: int) -> list[int]:
        node = self._node(number)
        if node is None or node.op != "add":
            return [number]
        parts = [self._terms(o) if o in self.inner else [o] for o in node.operands]
        return [term for part in parts for term in part]

    def _is_own_product(self, value: int) -> bool:
        node = self._node(value)
        return bool(node and node.op == "linear" and self.uses[value] == 1)

    def _node(self, value: int) -> Node | None:
        place = value - len(self.graph.arguments)
        return self.graph.nodes[place] if place >= 0 else None
