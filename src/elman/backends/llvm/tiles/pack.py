"""Columns of a weight, wherever they lie, into a panel in which the lanes of one k are neighbours."""

from elman.backends.llvm.tiles.integer import Int
from elman.backends.llvm.tiles.vectors import mask, masked_load, masked_store
from elman.backends.llvm.tiles.writer import Function, Module

PARAMETERS = (
    "ptr source",
    "i64 stride_m",
    "i64 stride_k",
    "i64 num_m",
    "i64 num_k",
    "ptr panel",
    "i64 panel_stride",
)


def write_pack(module: Module) -> None:
    """Write `pack`: panel[k * panel_stride + lane] = source[lane * stride_m + k * stride_k], one vector wide.

    Lanes from num_m on are zero.
    """
    for name, write in {"columns": _copy, "rows": _transpose, "scattered": _gather}.items():
        with module.function(f"pack_{name}", *PARAMETERS, local=True) as f:
            write(f)
    passed = [f"{kind} %{name}" for kind, name in map(str.split, PARAMETERS)]
    with module.function("pack", *PARAMETERS) as f:
        stride_m, stride_k = f.argument("stride_m", "stride_k")
        for stride, name in ((stride_m, "pack_columns"), (stride_k, "pack_rows")):
            with f.when(stride.equals(1)):
                f.call(name, "void", *passed)
                f.leave()
        f.call("pack_scattered", "void", *passed)


def _copy(f: Function) -> None:
    """The lanes are neighbours already."""
    stride_k, num_m, num_k, panel_stride = f.argument("stride_k", "num_m", "num_k", "panel_stride")
    lanes = mask(f, num_m)
    with f.loop(0, num_k) as k:
        source = f.address("%source", k * stride_k)
        f.store(masked_load(f, source, lanes), f.address("%panel", k * panel_stride))


def _gather(f: Function) -> None:
    stride_m, stride_k, num_m, num_k = f.argument("stride_m", "stride_k", "num_m", "num_k")
    (panel_stride,) = f.argument("panel_stride")
    real = f.module.real
    with f.loop(0, num_k) as k:
        panel = f.address("%panel", k * panel_stride)
        f.store("zeroinitializer", panel)
        with f.loop(0, num_m.minimum(f.module.num_lanes)) as m:
            number = f.load(f.address("%source", m * stride_m + k * stride_k), real)
            f.store(number, f.address(panel, m), real)


def _transpose(f: Function) -> None:
    """Squares of lanes x lanes numbers, those over the edge under masks."""
    num_m, num_k = f.argument("num_m", "num_k")
    lanes = f.module.num_lanes
    whole = f.select(num_m < lanes, 0, num_k - num_k % lanes)
    with f.loop(0, whole, lanes) as k:
        _transpose_square(f, k, None)
    with f.loop(whole, num_k, lanes) as k:
        _transpose_square(f, k, num_k - k)


def _transpose_square(f: Function, k: Int, num_left: Int | None) -> None:
    """Transpose the square that begins at k; at the edge `num_left` columns are left."""
    stride_m, num_m, panel_stride = f.argument("stride_m", "num_m", "panel_stride")
    lanes = range(f.module.num_lanes)
    sources = [f.address("%source", f.constant(m) * stride_m + k) for m in lanes]
    panels = [f.address("%panel", (k + j) * panel_stride) for j in lanes]
    if num_left is None:
        for vector, panel in zip(transpose(f, [f.load(source) for source in sources]), panels, strict=True):
            f.store(vector, panel)
        return
    zero = f.constant(0)
    masks = [mask(f, f.select(f.constant(m) < num_m, num_left, zero)) for m in lanes]
    rows = [masked_load(f, source, row) for source, row in zip(sources, masks, strict=True)]
    for j, vector in enumerate(transpose(f, rows)):
        masked_store(
            f, vector, panels[j], mask(f, f.select(f.constant(j) < num_left, f.module.num_lanes, zero))
        )


def transpose(f: Function, rows: list[str]) -> list[str]:
    """Write the transposition of a square in registers: swap blocks of halves, of quarters, ..., of one."""
    lanes, kind = len(rows), f.module.vector()
    size = lanes // 2
    while size:
        swapped = list(rows)
        for row in range(lanes):
            if not row & size:
                pair = f"{kind} {rows[row]}, {kind} {rows[row + size]}"
                for place, shift in ((row, 0), (row + size, size)):
                    # A lane without the bit `size` comes from the upper row, one with it from the lower.
                    picks = [(lane & ~size) + shift + (lanes if lane & size else 0) for lane in range(lanes)]
                    order = ", ".join(f"i32 {pick}" for pick in picks)
                    swapped[place] = f.value(f"shufflevector {pair}, <{lanes} x i32> <{order}>")
        rows, size = swapped, size // 2
    return rows
