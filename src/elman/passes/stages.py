"""A step graph -> stages: which values are computed in one loop, and which lie in memory."""

import math
from collections import defaultdict

from elman.errors import GraphError
from elman.ir import Accumulator, Buffer, Node, Product, Stage, StagedGraph, StepGraph, Store, View
from elman.passes.levels import Levels, Loop
from elman.passes.strides import contiguous, view_of


def stages(graph: StepGraph, *, has_output: bool = True, owns_states: bool = False) -> StagedGraph:
    """A step -> loops over features, each finished before the next begins, and buffers between them.

        gates of one state: one loop     a product of what a gate lets through: two     layer norm: three

    A loop has its products in accumulators, its pointwise functions on registers, and stores what a later
    loop reads. Views cost nothing but strides. Sums over features and products wait for whole vectors.

    Cost: a few walks. A number that passes from loop to loop is written and read once.

    Args:
        graph: The step; every product a linear map of one vector without bias.
        has_output: Whether the output is wanted.
        owns_states: Whether each new state has a buffer that is no other result's.

    Raises:
        GraphError: A product is of another form.
    """
    return _Planner(graph, has_output, owns_states).run()


class _Planner:
    def __init__(self, graph: StepGraph, has_output: bool, owns_states: bool) -> None:
        self.graph = graph
        self.has_output = has_output
        self.owns_states = owns_states
        self.levels = Levels(graph)
        self.buffers: list[Buffer] = []
        self.views: dict[int, View] = {}
        self.stores: dict[Loop, list[Store]] = defaultdict(list)
        self.results: dict[str, View] = {}

    def run(self) -> StagedGraph:
        for number, argument in enumerate(self.graph.arguments):
            self.views[number] = self._new_view(
                argument.name, argument.type.shape, argument.kind, argument.type.per_row
            )
        sums = {
            value: tuple(map(self._product, self._join(products)))
            for value, products in self.levels.sums.items()
        }
        self._add_results()
        members: dict[Loop, list[int]] = defaultdict(list)
        for value, loop in self.levels.loops.items():
            members[loop].append(value)
            self._read_operands(value, loop)
        made = [
            self._stage(loop, members[loop], sums) for loop in sorted(members.keys() | self.stores.keys())
        ]
        return StagedGraph(self.graph, tuple(self.buffers), self.views, tuple(made), self.results)

    def _stage(self, loop: Loop, members: list[int], sums: dict[int, tuple[Product, ...]]) -> Stage:
        levels = self.levels
        accumulators = tuple(Accumulator(value, sums[value]) for value in members if value in levels.sums)
        reductions = tuple(value for value in members if levels.is_reduction(value))
        skip = {a.value for a in accumulators} | set(reductions)
        stores = tuple(self.stores[loop])
        nodes: list[int] = []
        for value in sorted({*members, *(store.value for store in stores)}):
            if value not in skip:
                self._add_node(value, loop, nodes)
        for value in reductions:
            self._add_node(levels.node(value).operands[0], loop, nodes)  # pyright: ignore[reportOptionalMemberAccess]
        return Stage(loop.shape, accumulators, tuple(nodes), stores, reductions, levels.axes.get(loop, ()))

    def _add_node(self, value: int, loop: Loop, nodes: list[int]) -> None:
        """Add a value, after what is shared and computed wherever it is read."""
        node = self.levels.node(value)
        is_here = self.levels.is_in_register(value, loop) and value not in self.levels.sums
        if node is None or value in nodes or not (is_here or self.levels.is_shared(value)):
            return
        for operand in node.operands:
            if self.levels.is_shared(operand):
                self._add_node(operand, loop, nodes)
        nodes.append(value)

    def _read_operands(self, value: int, loop: Loop) -> None:
        """Give a place in memory to what a value reads and does not find in a register."""
        node = self.levels.node(value)
        if node is None or value in self.levels.sums:
            return
        for operand in node.operands:
            self._read(operand, loop)

    def _read(self, operand: int, loop: Loop) -> None:
        if self.levels.is_shared(operand):
            for inner in self.levels.node(operand).operands:  # pyright: ignore[reportOptionalMemberAccess]
                self._read(inner, loop)
        elif not self.levels.is_in_register(operand, loop):
            self.view(operand)

    def view(self, value: int) -> View:
        """Return where a value lies; it is given a place if it has none."""
        if value not in self.views:
            self.views[value] = self._place(value)
        return self.views[value]

    def _place(self, value: int) -> View:
        node = self.levels.node(value)
        if node is None or self.levels.is_shared(value):
            raise GraphError(f"%{value} is needed in memory, but depends on parameters alone.")
        if self.levels.is_view(value):
            return self._place_view(node)
        view = self._new_view(f"@{value}", node.type.shape)
        if node.op == "concat":
            self._store_parts(node, view)
        elif not self.levels.is_reduction(value):
            self.stores[self.levels.loops[value]].append(Store(value, view))
        return view

    def _place_view(self, node: Node) -> View:
        (operand,) = node.operands
        shape = self.levels.shape(operand)
        view = view_of(node.op, self.view(operand), shape, node.attributes)
        if view is None:
            copy = self._copy(operand)
            view = view_of(node.op, copy, shape, node.attributes)
            assert view is not None
        return view

    def _copy(self, value: int) -> View:
        """Write a value that lies in memory to a place of its own."""
        self.view(value)
        if not self.graph.type_of(value).per_row:
            raise GraphError(f"%{value} is needed in another order, but depends on parameters alone.")
        view = self._new_view(f"copy@{value}", self.levels.shape(value))
        self._store(value, view)
        return view

    def _store_parts(self, node: Node, whole: View) -> None:
        axis, begin = node.attributes["axis"], 0
        for part in node.operands:
            self._store(part, whole._replace(offset=whole.offset + begin * whole.strides[axis]))  # pyright: ignore
            begin += self.levels.shape(part)[axis]  # pyright: ignore[reportArgumentType, reportCallIssue]

    def _store(self, value: int, view: View) -> None:
        loop = self.levels.loops.get(value)
        if loop is None or self.levels.is_reduction(value):
            if not self.levels.is_shared(value):
                self.view(value)
            loop = Loop(self.levels.ready(value), False, self.levels.shape(value))
        self.stores[loop].append(Store(value, view))

    def _join(self, products: list[int]) -> list[int]:
        """Order the terms of a sum like their weights in memory, and put their vectors side by side.

        A kernel then takes neighbours for one product of a longer vector.
        """
        operands = {value: self.graph.nodes[value - len(self.graph.arguments)].operands for value in products}
        ordered = sorted(products, key=lambda value: self._place_of_weight(operands[value][1]))
        vectors = list(dict.fromkeys(operands[value][0] for value in ordered))
        free = [v for v in vectors if v in self.levels.loops and v not in self.views and self._is_plain(v)]
        if len(free) > 1:
            sizes = [self.levels.shape(vector)[0] for vector in free]
            joint = self._new_view(f"joint@{free[0]}", (sum(sizes),))
            for place, vector in enumerate(free):
                view = joint._replace(offset=sum(sizes[:place]))
                self.views[vector] = view
                self.stores[self.levels.loops[vector]].append(Store(vector, view))
        return ordered

    def _place_of_weight(self, weight: int) -> tuple[int, int]:
        view = self.view(weight)
        return view.buffer, view.offset

    def _is_plain(self, value: int) -> bool:
        return len(self.levels.shape(value)) == 1 and not self.levels.is_reduction(value)

    def _product(self, value: int) -> Product:
        vector, weight, *bias = self.graph.nodes[value - len(self.graph.arguments)].operands
        if bias or len(self.levels.shape(vector)) != 1:
            raise GraphError(f"%{value} is a product of a vector of shape {self.levels.shape(vector)}.")
        view = self.view(vector)
        if view.strides != (1,) and self.levels.shape(vector) != (1,):
            view = self._copy(vector)
        return Product(view, self.view(weight), self.levels.shape(vector)[0])

    def _add_results(self) -> None:
        graph = self.graph
        taken: set[int] = set()
        for place, value in enumerate(graph.new_states):
            self.results[f"states.{place}"] = view = self._own(value, taken)
            taken |= {view.buffer} if self.owns_states else set()
        if self.has_output:
            self.results["output"] = self._own(graph.output, taken)
        for name, value in graph.observed:
            self.results[name] = self._side_by_side(value, taken)

    def _own(self, value: int, taken: set[int]) -> View:
        """Return a view of all of one buffer that the step computes and that is not taken."""
        view = self.view(value) if self.graph.type_of(value).per_row else None
        shape = self.levels.shape(value)
        if view and view.buffer not in taken and self._is_whole(view, shape):
            return view
        return self._copy(value)

    def _is_whole(self, view: View, shape: tuple[int, ...]) -> bool:
        buffer = self.buffers[view.buffer]
        is_all = buffer.kind == "value" and buffer.size == math.prod(shape)
        return is_all and view.strides == contiguous(shape)

    def _side_by_side(self, value: int, taken: set[int]) -> View:
        view, shape = self.view(value), self.levels.shape(value)
        is_state = self.buffers[view.buffer].kind == "state" or view.buffer in taken
        is_own = self.buffers[view.buffer].per_row and not is_state
        return view if is_own and view.strides == contiguous(shape) else self._copy(value)

    def _new_view(self, name: str, shape: tuple[int, ...], kind: str = "value", per_row: bool = True) -> View:
        self.buffers.append(Buffer(name, math.prod(shape), kind, per_row))
        return View(len(self.buffers) - 1, 0, contiguous(shape))
