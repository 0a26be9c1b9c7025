"""When each value of a step can be computed: how many complete vectors it waits for."""

from collections import Counter, defaultdict
from typing import NamedTuple

from elman.ir import OPS, Node, StepGraph
from elman.passes.rewriting import results
from elman.passes.strides import VIEWS


class Loop(NamedTuple):
    """The loop a value is computed in; loops run in this order.

    Attributes:
        level: How many loops have to be finished before.
        has_products: Whether it fills accumulators; those that do not run first.
        shape: The features it runs over.
        axes: What its reductions reduce; None without any.
    """

    level: int
    has_products: bool
    shape: tuple[int, ...]


class Levels:
    """Assigns every value that is computed to a loop.

    Values of one loop hand each other numbers in registers. A value that is needed whole (by a product, a
    reduction, a view) is complete once its loop is.

    Args:
        graph: The step; every product a linear map of one vector without bias.

    Attributes:
        loops: Value -> its loop.
        sums: Value that is a sum of products -> the products.
        axes: Loop -> the axes that are reduced in it.
    """

    def __init__(self, graph: StepGraph) -> None:
        self.graph = graph
        self.num_arguments = len(graph.arguments)
        self.users: dict[int, list[int]] = defaultdict(list)
        for number, node in enumerate(graph.nodes, start=self.num_arguments):
            for operand in node.operands:
                self.users[operand].append(number)
        self.results = Counter(results(graph))
        self.loops: dict[int, Loop] = {}
        self.axes: dict[Loop, tuple[int, ...]] = {}
        self.sums: dict[int, list[int]] = {}
        self._find_sums()
        for number, node in enumerate(graph.nodes, start=self.num_arguments):
            if self.is_computed(number):
                self.loops[number] = self._place(number, node)
        self._sink()

    def node(self, value: int) -> Node | None:
        """Return what computes a value; None for an argument."""
        place = value - self.num_arguments
        return self.graph.nodes[place] if place >= 0 else None

    def is_view(self, value: int) -> bool:
        """Whether a value is another one's numbers, read in another order."""
        node = self.node(value)
        return bool(node and node.op in VIEWS and not self.is_fill(value))

    def is_fill(self, value: int) -> bool:
        """Whether a value is a number repeated that stands nowhere in memory."""
        node = self.node(value)
        return bool(node and node.op == "broadcast" and self.is_shared(node.operands[0]))

    def is_shared(self, value: int) -> bool:
        """Whether a value is computed from constants and parameters alone, wherever it is read."""
        node = self.node(value)
        return bool(node and not node.type.per_row and not self.is_view(value))

    def is_computed(self, value: int) -> bool:
        """Whether a value belongs to a loop."""
        node = self.node(value)
        return bool(
            node
            and node.op != "concat"
            and node.type.per_row
            and not self.is_view(value)
            and value not in self.inner
        )

    def is_reduction(self, value: int) -> bool:
        """Whether a value is a sum, a mean or an extreme over features."""
        node = self.node(value)
        return bool(node and OPS[node.op].category == "reduction")

    def shape(self, value: int) -> tuple[int, ...]:
        """Return the features of a value."""
        return self.graph.type_of(value).shape

    def is_in_register(self, operand: int, loop: Loop) -> bool:
        """Whether a value of that loop finds an operand in a register."""
        return self.loops.get(operand) == loop and not self.is_reduction(operand)

    def ready(self, value: int) -> int:
        """Return the first level at which all numbers of a value are in memory."""
        node = self.node(value)
        if node is None or self.is_shared(value):
            return 0
        if self.is_view(value):
            (operand,) = node.operands
            copy = 1 if node.op == "reshape" and self.node(operand) and self.is_view(operand) else 0
            return self.ready(operand) + copy
        if node.op == "concat":
            return max(self._level_of_part(operand) for operand in node.operands) + 1
        return self.loops[value].level + 1

    def _level_of_part(self, value: int) -> int:
        return self.loops[value].level if value in self.loops else self.ready(value)

    def _find_sums(self) -> None:
        """A sum whose terms are all products read nowhere else is one accumulator."""
        self.inner: set[int] = set()
        for number, node in enumerate(self.graph.nodes, start=self.num_arguments):
            if node.op == "linear":
                self.sums[number] = [number]
            elif node.op == "add" and all(self._is_own(operand) for operand in node.operands):
                self.sums[number] = [p for operand in node.operands for p in self.sums.pop(operand)]
                self.inner.update(node.operands)

    def _is_own(self, value: int) -> bool:
        return value in self.sums and len(self.users[value]) == 1 and value not in self.results

    def _place(self, number: int, node: Node) -> Loop:
        if number in self.sums:
            products = [self.graph.nodes[p - self.num_arguments] for p in self.sums[number]]
            return Loop(max(self.ready(p.operands[0]) for p in products), True, node.type.shape)
        if self.is_reduction(number):
            return self._place_reduction(node)
        level = max([self._wait(operand, node) for operand in node.operands], default=0)
        products = [o for o in node.operands if self._is_register_like(o, node)]
        has_products = any(self.loops[o].has_products and self.loops[o].level == level for o in products)
        return Loop(level, has_products, node.type.shape)

    def _wait(self, operand: int, node: Node) -> int:
        return self.loops[operand].level if self._is_register_like(operand, node) else self.ready(operand)

    def _is_register_like(self, operand: int, node: Node) -> bool:
        is_same = operand in self.loops and self.shape(operand) == node.type.shape
        return is_same and not self.is_reduction(operand)

    def _place_reduction(self, node: Node) -> Loop:
        (operand,), axes = node.operands, node.attributes["axes"]
        shape = self.shape(operand)
        loop = self.loops.get(operand)
        if loop is None or self.is_reduction(operand) or loop.has_products:
            loop = Loop(self.ready(operand), False, shape)
        while self.axes.get(loop, axes) != axes:
            loop = loop._replace(level=loop.level + 1)
        self.axes[loop] = axes  # pyright: ignore[reportArgumentType]
        return loop

    def _sink(self) -> None:
        """Move what only one later loop reads into it, if that takes no more memory."""
        for number in reversed(self.loops):
            users = self.users[number]
            loops = {self.loops.get(user) for user in users}
            if number in self.sums or self.is_reduction(number) or number in self.results or len(loops) != 1:
                continue
            (loop,) = loops
            node = self.node(number)
            is_open = loop and loop > self.loops[number] and loop.shape == self.loops[number].shape
            is_read_whole = any(user in self.sums for user in users)  # by a product
            if (
                is_open
                and not is_read_whole
                and node
                and all(self._is_at_hand(o, number) for o in node.operands)
            ):
                self.loops[number] = loop  # pyright: ignore[reportArgumentType]

    def _is_at_hand(self, operand: int, reader: int) -> bool:
        """Whether reading an operand later takes no store that is not made anyway."""
        if operand not in self.loops or self.is_reduction(operand) or operand in self.results:
            return True
        return operand not in self.sums and self.users[operand] == [reader]
