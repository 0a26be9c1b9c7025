"""The words of a call's programs, and of the weights that are packed for them."""

from elman.backends.llvm.driver import Call
from elman.backends.llvm.frame.layout import Layout
from elman.backends.llvm.lower import Panel, PanelPart, Program


def add_programs(layout: Layout) -> None:
    """Write both programs, and what to pack for them.

    Args:
        layout: The call.
    """
    panels = _place_panels(layout)
    for which, name in zip((Call.STEP, Call.WIDE), layout.programs, strict=True):
        layout.words.point(which, _add_program(layout, name, panels.get(name, [])))
    _add_packs(layout, panels)


def _place_panels(layout: Layout) -> dict[str, list[int]]:
    """Give packed weights their places in the work space."""
    programs, lanes = layout.kernel.programs, layout.kernel.tiles.num_lanes
    return {
        name: [layout.space.take(panel.size(lanes) * layout.size) for panel in programs[name].panels]
        for name in layout.programs
        if name in programs
    }


def _add_program(layout: Layout, name: str, panels: list[int]) -> int:
    words, kernel = layout.words, layout.kernel
    program = kernel.programs.get(name)
    if program is None:
        return words.extend([0, 0, 0, 0, 1])
    sources, tables, capacity = kernel.sources(name), layout.begin, layout.capacity(name)
    for source in sources:
        layout.add_table(source)
    context = _add_context(layout, program, panels, capacity)
    begin = words.extend([kernel.library.address(name), 0, 0, len(sources), capacity])
    words.point(begin // 8 + 1, context)
    words.point(begin // 8 + 2, tables)
    return begin


def _add_context(layout: Layout, program: Program, panels: list[int], capacity: int) -> int:
    words = layout.words
    sizes = words.extend(program.sizes)
    parameters = layout.begin
    buffers = layout.kernel.memory.sources[program.name]
    for buffer in program.parameters:
        words.append(0, buffers[buffer].array)
    packed = layout.begin
    for panel in panels:
        words.append(panel, "work")
    context = words.extend([layout.kernel.tiles.product_table, 0, 0, 0, capacity])
    for place, at in enumerate((sizes, parameters, packed), start=1):
        words.point(context // 8 + place, at)
    return context


def _add_packs(layout: Layout, panels: dict[str, list[int]]) -> None:
    count, begin = 0, layout.begin
    for name, places in panels.items():
        program, buffers = layout.kernel.programs[name], layout.kernel.memory.sources[name]
        for panel, place in zip(program.panels, places, strict=True):
            for part in panel.parts:
                _add_pack(layout, panel, part, buffers[program.parameters[part.parameter]].array, place)
                count += 1
    layout.words.point(Call.PACKS, begin)
    layout.words.set(Call.NUM_PACKS, count)


def _add_pack(layout: Layout, panel: Panel, part: PanelPart, array: str, place: int) -> None:
    words, lanes = layout.words, layout.kernel.tiles.num_lanes
    width = panel.num_vectors * panel.num_weights
    words.append(part.offset * layout.size, array)
    words.extend([part.stride_m, part.stride_k, panel.num_rows, part.num_columns])
    begin = (part.first_column * width + part.place * panel.num_vectors) * lanes
    words.append(place + begin * layout.size, "work")
    words.extend([panel.num_vectors, width, panel.num_columns])
