"""Numbers of one row: vectors loaded from memory, computed, stored."""

from collections.abc import Sequence

from llvmlite import ir

from elman.backends.llvm.lanes import Lanes, pointwise
from elman.backends.llvm.lower.code import POINTER, Builder, Code, Value, constant
from elman.backends.llvm.lower.layout import Layout
from elman.ir import OPS, Node, StagedGraph, Type, View

I32 = ir.IntType(32)


class Row:
    """A row in a loop over rows: what it needs once, before the loops over its features.

    Args:
        number: Which row.
        builder: Writes what comes before those loops.
    """

    def __init__(self, number: Value, builder: Builder) -> None:
        self.number = number
        self.builder = builder
        self.pointers: dict[int, Value] = {}


class Place:
    """Where in a loop over rows and features the code stands.

    Args:
        row: What belongs to the row, wherever in its features.
        axes: Index along each feature axis; of the last one, that of the first lane.
        mask: Which lanes there are.
    """

    def __init__(self, row: "Row", axes: Sequence[Value], mask: Value) -> None:
        self.row = row
        self.axes = tuple(axes)
        self.mask = mask
        self.values: dict[int, Value] = {}


class Values:
    """Writes loads, functions and stores of a staged graph.

    Args:
        code: The function.
        staged: The graph.
        layout: Collects what the function expects of its caller.
        lanes: Real type and width of a vector.
        context: Pointers to sizes, parameters and so on.
        tables: The tables of rows.
    """

    def __init__(
        self,
        code: Code,
        staged: StagedGraph,
        layout: Layout,
        lanes: Lanes,
        context: Value,
        tables: Value,
    ) -> None:
        self.code, self.staged, self.layout, self.lanes = code, staged, layout, lanes
        self.real, self.vector = lanes.real, ir.VectorType(lanes.real, lanes.width)
        self._tables = tables
        self._sizes_at, self._parameters_at = (code.load_at_entry(context, k, POINTER) for k in (1, 2))
        self._capacity = code.load_at_entry(context, 4)
        self._known: dict[tuple[str, int], Value] = {}

    def size(self, number: int) -> Value:
        """Return a size; all but 0 and 1 are read when the code runs, so that one code serves all widths."""
        if number in (0, 1):
            return constant(number)
        place = self.layout.size(number)
        return self._once("size", place, lambda: self.code.load_at_entry(self._sizes_at, place))

    def type_of(self, value: int) -> Type:
        """Return what a value is."""
        return self.staged.graph.type_of(value)

    def mask(self, first: Value, stop: Value) -> Value:
        """Return which lanes, from `first` on, are below `stop`."""
        builder, width = self.code.builder, self.lanes.width
        left = builder.trunc(builder.sub(stop, first), I32)
        numbers = ir.Constant(ir.VectorType(I32, width), list(range(width)))
        return builder.icmp_signed("<", numbers, self._splat(left))

    def get(self, value: int, place: Place) -> Value:
        """Return a value at a place: in a register, a constant, or loaded."""
        if value not in place.values:
            place.values[value] = self._load(value, place)
        return place.values[value]

    def compute(self, value: int, place: Place) -> None:
        """Compute a node from its operands."""
        node = self._node(value)
        if node.op == "constant":
            place.values[value] = self.constant(float(node.attributes["value"]))  # pyright: ignore
            return
        operands = [self.get(operand, place) for operand in node.operands]
        if OPS[node.op].category != "pointwise":  # a number repeated, or a mark
            place.values[value] = operands[0]
            return
        place.values[value] = pointwise(self.lanes_here, node.op, operands, node.attributes)

    def store(self, value: int, view: View, place: Place) -> None:
        """Write a value to where it lies."""
        number = self.get(value, place)
        if self.type_of(value).dtype == "boolean":
            number = self.code.builder.uitofp(number, self.vector)
        address, stride = self._address(view, place)
        if stride == 1 or self.lanes.width == 1:
            return self._call_masked("store", [number, address, self._align(), place.mask])
        return self._call_masked(
            "scatter", [number, self._spread(address, stride), self._align(), place.mask]
        )

    def row_pointers(self, view: View) -> Value:
        """Return the table of rows for a vector of side-by-side numbers."""
        table = self.layout.table(view)
        return self._once("table", table, lambda: self._table_at_entry(table))

    def constant(self, number: float) -> Value:
        """Return a number in all lanes."""
        return ir.Constant(self.vector, [ir.Constant(self.real, number)] * self.lanes.width)

    def load_lanes(self, address: Value) -> Value:
        """Load a whole vector, aligned to its size."""
        size = self.lanes.width * (4 if isinstance(self.real, ir.FloatType) else 8)
        return self.code.builder.load(address, typ=self.vector, align=size)

    @property
    def lanes_here(self) -> Lanes:
        """Where the next function goes."""
        return Lanes(self.code.builder, self.real, self.lanes.width)

    def address_of_scalar(self, view: View, place: Place, axes: Sequence[Value]) -> Value:
        """Return the address of one number."""
        return self._element(view, place, list(zip(axes, view.strides, strict=True)))

    def splat(self, value: Value) -> Value:
        """Copy a number to all lanes."""
        return self._splat(value)

    def _load(self, value: int, place: Place) -> Value:
        address, stride = self._address(self.staged.views[value], place)
        builder = self.code.builder
        if stride == 0:
            number = self._splat(builder.load(address, typ=self.real))
        elif stride == 1:
            number = self._call_masked("load", [address, self._align(), place.mask, self.constant(0.0)])
        else:
            spread = self._spread(address, stride)
            number = self._call_masked("gather", [spread, self._align(), place.mask, self.constant(0.0)])
        if self.type_of(value).dtype == "boolean":
            return builder.fcmp_unordered("!=", number, self.constant(0.0))
        return number

    def _address(self, view: View, place: Place) -> tuple[Value, int]:
        """Return the address of the first lane, and the stride of the lanes."""
        if not view.strides:
            return self._element(view, place, []), 0
        axes = place.axes[len(place.axes) - len(view.strides) :]
        return self._element(view, place, list(zip(axes, view.strides, strict=True))), view.strides[-1]

    def _element(self, view: View, place: Place, terms: list[tuple[Value, int]]) -> Value:
        builder = self.code.builder
        index = self.size(view.offset)
        for axis, stride in terms:
            if stride:
                index = builder.add(index, builder.mul(axis, self.size(stride)))
        return self.code.address(self._base(view.buffer, place), index, self.real)

    def _base(self, buffer: int, place: Place) -> Value:
        if self.staged.buffers[buffer].kind == "parameter":
            number = self.layout.parameter(buffer)
            return self._once(
                "parameter", number, lambda: self.code.load_at_entry(self._parameters_at, number, POINTER)
            )
        rows, row = self.row_pointers(View(buffer, 0, ())), place.row
        if buffer not in row.pointers:
            address = row.builder.gep(rows, [row.number], source_etype=POINTER)
            row.pointers[buffer] = row.builder.load(address, typ=POINTER)
        return row.pointers[buffer]

    def _table_at_entry(self, table: int) -> Value:
        entry = self.code.entry
        index = entry.mul(self._capacity, constant(table))
        return entry.gep(self._tables, [index], source_etype=POINTER)

    def _spread(self, address: Value, stride: int) -> Value:
        """Return the address of each lane."""
        builder, width = self.code.builder, self.lanes.width
        numbers = ir.Constant(ir.VectorType(ir.IntType(64), width), list(range(width)))
        offsets = builder.mul(numbers, self._splat(self.size(stride)))
        spread = builder.gep(address, [offsets], source_etype=self.real)
        spread.type = ir.VectorType(POINTER, width)  # which llvmlite takes for one pointer
        return spread

    def _call_masked(self, kind: str, operands: list[Value]) -> Value:
        suffix = f"v{self.lanes.width}f{32 if isinstance(self.real, ir.FloatType) else 64}"
        pointers = f".v{self.lanes.width}p0" if kind in ("gather", "scatter") else ".p0"
        name = f"llvm.masked.{kind}.{suffix}{pointers}"
        module = self.code.function.module
        result = self.vector if kind in ("load", "gather") else ir.VoidType()
        function = module.globals.get(name) or ir.Function(
            module, ir.FunctionType(result, [operand.type for operand in operands]), name
        )
        return self.code.builder.call(function, operands)

    def _align(self) -> Value:
        return ir.Constant(I32, 4 if isinstance(self.real, ir.FloatType) else 8)

    def _splat(self, value: Value) -> Value:
        builder, width = self.code.builder, self.lanes.width
        empty = ir.Constant(ir.VectorType(value.type, width), ir.Undefined)
        first = builder.insert_element(empty, value, ir.Constant(I32, 0))
        zeros = ir.Constant(ir.VectorType(I32, width), [0] * width)
        return builder.shuffle_vector(first, empty, zeros)

    def _once(self, kind: str, number: int, make) -> Value:
        key = kind, number
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def _node(self, value: int) -> Node:
        return self.staged.graph.nodes[value - len(self.staged.graph.arguments)]
