"""A staged step -> a function that runs it on some rows, stage by stage."""

from contextlib import ExitStack

from llvmlite import ir

from elman.backends.llvm.lanes import Lanes
from elman.backends.llvm.lower.code import I64, POINTER, Code, Value, constant
from elman.backends.llvm.lower.layout import Layout, Program
from elman.backends.llvm.lower.products import Call, Locate, Plan, plan_products
from elman.backends.llvm.lower.reductions import Reductions
from elman.backends.llvm.lower.values import Place, Row, Values
from elman.ir import Stage, StagedGraph

KERNEL = ir.FunctionType(ir.VoidType(), [POINTER, I64, POINTER, POINTER, I64, POINTER])
REALS = {"float32": ir.FloatType(), "float64": ir.DoubleType()}


def lower(
    staged: StagedGraph,
    name: str,
    module: ir.Module,
    real: str,
    width: int,
    rows: dict[int, int],
    locate: Locate,
) -> Program:
    """Write a function that runs a step on some rows.

    Args:
        staged: The step.
        name: Of the function.
        module: Where it goes.
        real: "float32" or "float64".
        width: Numbers in a vector.
        rows: By the number of vectors of a tile, how many rows it takes.
        locate: Says where a vector lies.
    """
    signature = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64, POINTER])
    function = ir.Function(module, signature, name)
    code, layout = Code(function), Layout()
    lanes = Lanes(code.builder, REALS[real], width)
    writer = _Writer(code, staged, layout, lanes, rows, locate)
    for stage in staged.stages:
        writer.write(stage)
    code.finish()
    return layout.finish(name)


class _Writer:
    def __init__(
        self,
        code: Code,
        staged: StagedGraph,
        layout: Layout,
        lanes: Lanes,
        rows: dict[int, int],
        locate: Locate,
    ) -> None:
        self.locate = locate
        self.code, self.layout, self.rows, self.lanes = code, layout, rows, lanes
        context, tables, self.num_rows, self.sums = code.function.args
        self.values = Values(code, staged, layout, lanes, context, tables)
        self.kernels, self.panels = (code.load_at_entry(context, k, POINTER) for k in (0, 3))
        self.staged = staged

    def write(self, stage: Stage) -> None:
        """Write one stage."""
        if stage.accumulators:
            self._write_products(stage)
            return
        with self.code.loop(self.num_rows) as number, self.code.part() as builder:
            row = Row(number, builder)
            if stage.reductions:
                Reductions(self.code, self.values, stage).write(row, self._body)
            else:
                self._write_features(stage, row)

    def _write_features(self, stage: Stage, row: Row) -> None:
        """Write the loops over features, the last axis in vectors."""
        *outer, last = stage.shape or (1,)
        with ExitStack() as loops:
            axes = [loops.enter_context(self.code.loop(self.values.size(size))) for size in outer]
            j = loops.enter_context(self.code.loop(self.values.size(last), constant(self.lanes.width)))
            self._body(stage, Place(row, [*axes, j], self.values.mask(j, self.values.size(last))))

    def _body(self, stage: Stage, place: Place) -> None:
        self._load_first(stage, place)
        for node in stage.nodes:
            self.values.compute(node, place)
        for store in stage.stores:
            self.values.store(store.value, store.view, place)

    def _load_first(self, stage: Stage, place: Place) -> None:
        """Load all that is read before anything is stored: stores may not be passed by loads."""
        known = {*stage.nodes, *place.values}
        graph = self.staged.graph
        for number in stage.nodes:
            for operand in graph.nodes[number - len(graph.arguments)].operands:
                if operand not in known:
                    self.values.get(operand, place)

    def _write_products(self, stage: Stage) -> None:
        (size,) = stage.shape
        plan = plan_products(stage.accumulators, size, self.locate, self.layout, self.lanes.width)
        values, code, builder = self.values, self.code, self.code.builder
        vectors = values.size(plan.num_vectors)
        tile = values.size(self.rows[self._widest(plan)])
        block = builder.mul(vectors, constant(self.lanes.width))
        with code.loop(values.size(size), block) as first:
            number = builder.sdiv(first, block)
            with code.loop(self.num_rows, tile) as row:
                count = code.minimum(tile, builder.sub(self.num_rows, row))
                for call in plan.calls:
                    self._call_tile(call, plan, number, row, count)
                with code.loop(count) as local, code.part() as before:
                    whole = Row(before.add(row, local), before)
                    with code.loop(vectors) as vector:
                        self._finish_tile(stage, plan, first, whole, local, vector)

    def _call_tile(self, call: Call, plan: Plan, block: Value, row: Value, count: Value) -> None:
        code, builder, values = self.code, self.code.builder, self.values
        rows = code.address(values.row_pointers(call.vector), row, POINTER)
        columns = values.size(call.num_columns)
        width = builder.mul(values.size(plan.num_vectors), constant(call.num_sums))
        length = builder.mul(builder.mul(columns, width), constant(self.lanes.width))
        panels = code.load_word(self.panels, call.panel, POINTER)
        panel = code.address(panels, builder.mul(block, length), self.lanes.real)
        ahead = code.address(panels, self._ahead(plan, columns, width, length, block, row), self.lanes.real)
        place = self._sum_index(plan, call.first, constant(0), constant(0))
        sums = code.address(self.sums, place, values.real)
        index = builder.add(
            builder.mul(builder.sub(width, constant(1)), constant(max(self.rows.values()))),
            builder.sub(count, constant(1)),
        )
        kernel = code.load_word(self.kernels, index, POINTER)
        arguments = [rows, columns, panel, sums, constant(int(call.adds)), ahead]
        builder.call(Callee(kernel), arguments)

    def _ahead(
        self, plan: Plan, columns: Value, width: Value, length: Value, block: Value, row: Value
    ) -> Value:
        """Return where the weights are that a tile asks for while it computes.

        While the first rows of a block of weights are at work, the next block comes into the second cache, a
        piece with each tile; otherwise they would wait for it, and weights are read at every step.
        """
        builder, values = self.code.builder, self.values
        after = builder.mul(builder.add(block, constant(1)), length)
        size = values.size(plan.num_rows)
        end = builder.mul(builder.sdiv(builder.add(size, self._less(plan)), self._block_rows(plan)), length)
        following = builder.select(builder.icmp_signed("<", after, end), after, constant(0))
        tile = values.size(self.rows[self._widest(plan)])
        piece = self.code.minimum(builder.sdiv(row, tile), builder.sub(width, constant(1)))
        return builder.add(following, builder.mul(piece, builder.mul(columns, constant(self.lanes.width))))

    def _block_rows(self, plan: Plan) -> Value:
        return self.code.builder.mul(self.values.size(plan.num_vectors), constant(self.lanes.width))

    def _less(self, plan: Plan) -> Value:
        return self.code.builder.sub(self._block_rows(plan), constant(1))

    def _widest(self, plan: Plan) -> int:
        return max(call.num_sums for call in plan.calls) * plan.num_vectors

    def _finish_tile(
        self, stage: Stage, plan: Plan, first: Value, row: Row, local: Value, vector: Value
    ) -> None:
        builder, values = self.code.builder, self.values
        j = builder.add(first, builder.mul(vector, constant(self.lanes.width)))
        place = Place(row, [j], values.mask(j, values.size(plan.num_rows)))
        for number, accumulator in enumerate(plan.order):
            address = self.code.address(
                self.sums, self._sum_index(plan, number, vector, local), self.lanes.real
            )
            place.values[accumulator.value] = values.load_lanes(address)
        self._body(stage, place)

    def _sum_index(self, plan: Plan, accumulator: int, vector: Value, row: Value) -> Value:
        """Return where the sums of an accumulator lie: [accumulator][vector][row][lane]."""
        builder, values = self.code.builder, self.values
        slot = builder.add(builder.mul(values.size(plan.num_vectors), constant(accumulator)), vector)
        rows = builder.add(builder.mul(slot, constant(max(self.rows.values()))), row)
        return builder.mul(rows, constant(self.lanes.width))


class Callee:
    """A function known by its address alone, in the form that llvmlite's builder calls."""

    def __init__(self, pointer: Value) -> None:
        self.function_type = KERNEL
        self.type = pointer.type
        self.args = KERNEL.args
        self._pointer = pointer

    def get_reference(self) -> str:
        """Return how the address is spelled."""
        return self._pointer.get_reference()
