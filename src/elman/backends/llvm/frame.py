"""A call of the driver for one shape of a batch, all but the addresses."""

from collections.abc import Mapping
from typing import NamedTuple

from elman.backends.llvm.driver import (
    CALL_WORDS,
    COLUMNS_OF_UNIT,
    Call,
    Role,
)
from elman.backends.llvm.kernel import Kernel
from elman.backends.llvm.lower import Panel, PanelPart, Program
from elman.backends.llvm.lower.products import MAX_VECTORS
from elman.backends.llvm.memory import Source
from elman.backends.llvm.words import Filled, Words

LINE = 64  # bytes of a line of the cache
MIN_WIDE_ROWS = 48  # rows that fill tiles well, and read packed weights often enough
MIN_BLOCK_ROWS = 512  # rows over which a gradient is summed at a time


class Shape(NamedTuple):
    """What a frame depends on, besides the kernel.

    Attributes:
        num_steps: T.
        batch_size: N.
        num_threads: How many threads may run.
        parallel: Address of GOMP_parallel, or 0.
        is_reverse: Whether each sequence runs from its end.
        is_ragged: Whether there are lengths.
        has_resets: Whether states start anew.
        span: At how many steps, in turn, there is room for what is saved: a power of two, or T. The call then
            runs from the step at the address "begin" to the one before "end".
        strides: Of the arrays that are given: in time and from sequence to sequence, in numbers.
    """

    num_steps: int
    batch_size: int
    num_threads: int
    parallel: int
    is_reverse: bool
    is_ragged: bool
    has_resets: bool
    span: int
    strides: Mapping[str, tuple[int, int]]


class Frame(NamedTuple):
    """A call, ready but for addresses.

    Attributes:
        words: What waits for them.
        names: The arrays whose addresses are wanted, in order.
        work_bytes: Size of the work space.
    """

    words: Filled
    names: tuple[str, ...]
    work_bytes: int


def make_frame(kernel: Kernel, shape: Shape, *, is_backward: bool) -> Frame:
    """Lay out a call.

    Args:
        kernel: The machine code.
        shape: The batch.
        is_backward: Which way it goes.
    """
    return _Framing(kernel, shape, is_backward).run()


class _Framing:
    def __init__(self, kernel: Kernel, shape: Shape, is_backward: bool) -> None:
        self.kernel, self.shape, self.is_backward = kernel, shape, is_backward
        self.size = kernel.num_bytes
        self.programs = ("back", "after") if is_backward else ("loop", "before")
        self.num_pieces = kernel.num_pieces(shape.batch_size) if is_backward else 1
        self.piece_rows = kernel.piece_rows(shape.batch_size, self.num_pieces)
        self.chunk_rows = self._choose_chunk()
        self.block_steps = self._choose_block()
        self.places: dict[str, tuple[str, int]] = {}
        self._place_saved()
        self.work_bytes = 0
        self._place_work()
        self.names = kernel.given
        self.words = Words(self.names)

    def run(self) -> Frame:
        words, kernel = self.words, self.kernel
        for _ in range(CALL_WORDS):
            words.append(0)
        self._describe_batch()
        panels = self._place_panels()
        for which, name in zip((Call.STEP, Call.WIDE), self.programs, strict=True):
            words.point(which, self._add_program(name, panels.get(name, [])))
        self._add_packs(panels)
        if self.is_backward:
            self._add_jobs()
            self._add_reset_gradients()
        else:
            self._add_finals()
        self._add_thread_memory()
        tiles = kernel.tiles
        for which, address in (
            (Call.PACK, tiles.pack),
            (Call.OUTER, tiles.outer),
            (Call.COLUMN_SUM, tiles.column_sum),
        ):
            words.set(which, address)
        return Frame(words.finish(), self.names, self.work_bytes)

    def _describe_batch(self) -> None:
        shape, words = self.shape, self.words
        numbers = {
            Call.NUM_STEPS: shape.num_steps,
            Call.BATCH_SIZE: shape.batch_size,
            Call.IS_REVERSE: int(shape.is_reverse),
            Call.NUM_THREADS: shape.num_threads,
            Call.PARALLEL: shape.parallel,
            Call.CHUNK_ROWS: self.chunk_rows,
            Call.BLOCK_STEPS: self.block_steps,
            Call.PIECE_ROWS: self.piece_rows,
            Call.IS_BY_PIECE: int(self._is_by_piece()),
        }
        for which, number in numbers.items():
            words.set(which, number)
        words.set(Call.END_STEP, shape.num_steps)
        if shape.span < shape.num_steps:
            words.attach(Call.BEGIN_STEP, "begin")
            words.attach(Call.END_STEP, "end")
        if shape.is_ragged:
            words.attach(Call.ORDER, "order")
            words.attach(Call.LENGTHS, "lengths")
        if shape.has_resets:
            words.attach(Call.RESETS, "resets")
            stride_t, stride_n = shape.strides["resets"]
            words.set(Call.RESETS_STRIDE_T, stride_t)
            words.set(Call.RESETS_STRIDE_N, stride_n)

    def _choose_chunk(self) -> int:
        """Rows are dealt evenly; rows of unequal length in smaller parts, so that no thread waits long."""
        rows, threads = self.shape.batch_size, self._num_shares()
        if self._is_by_piece():
            return self.piece_rows * max(-(-self.num_pieces // threads), 1)
        least = min(self.kernel.tiles.rows[MAX_VECTORS], rows)
        return max(-(-rows // threads), least if self.shape.is_ragged else 1, 1)

    def _is_by_piece(self) -> bool:
        """Whether a thread runs whole pieces: there are several, and no thread waits long for another."""
        return 1 < self.num_pieces >= self._num_shares()

    def _num_shares(self) -> int:
        return self.shape.num_threads * (4 if self.shape.is_ragged else 1)

    def _choose_block(self) -> int:
        """Return a power of two, as places in a block are found by masks."""
        rows, wanted = (
            (self.piece_rows, MIN_BLOCK_ROWS) if self.is_backward else (self.chunk_rows, MIN_WIDE_ROWS)
        )
        steps = 1
        while steps * rows < wanted and steps < self.shape.num_steps:
            steps *= 2
        return steps

    def _place_saved(self) -> None:
        rows, total = self.shape.span * self.shape.batch_size, 0
        for name, array in self.kernel.memory.arrays.items():
            if array.home == "saved":
                self.places[name] = ("saved", total * self.size)
                total += rows * array.size

    def _place_work(self) -> None:
        spans = {"block": self.block_steps, "pair": 2, "step": 1}
        for name, array in self.kernel.memory.arrays.items():
            if array.home == "work":
                slots = spans[array.span]
                self.places[name] = (
                    "work",
                    self._take(slots * self.shape.batch_size * array.size * self.size),
                )

    def _take(self, num_bytes: int) -> int:
        begin = self.work_bytes
        # One more line, lest arrays of a power of two lie at the same place modulo 4096.
        self.work_bytes += -(-num_bytes // LINE) * LINE + LINE
        return begin

    def _table(self, source: Source) -> None:
        """Describe a table of rows."""
        words, offset = self.words, source.offset * self.size
        stride_t, stride_n, mask = self._strides(source.array)
        home, begin = self.places.get(source.array, (source.array, 0))
        words.append(int(source.role))
        words.append(begin + offset, home)
        for number in (stride_t, stride_n, mask):
            words.append(number)
        self._edge(source.first, offset)
        self._edge(source.fresh if self.shape.has_resets else "", offset)

    def _edge(self, name: str, offset: int) -> None:
        self.words.append(offset if name else 0, name)
        self.words.append(self.shape.strides[name][1] * self.size if name else 0)

    def _strides(self, name: str) -> tuple[int, int, int]:
        """Return the strides in time and between sequences, and the mask of places in time."""
        array = self.kernel.memory.arrays[name]
        if array.home == "given":
            stride_t, stride_n = self.shape.strides[name]
            return stride_t * self.size, stride_n * self.size, -1
        everywhere = -1 if self.shape.span == self.shape.num_steps else self.shape.span - 1
        masks = {"all": everywhere, "block": self.block_steps - 1, "pair": 1, "step": 0}
        stride_n = array.size * self.size
        return stride_n * self.shape.batch_size, stride_n, masks[array.span]

    def _add_program(self, name: str, panels: list[int]) -> int:
        words, kernel = self.words, self.kernel
        program = kernel.programs.get(name)
        if program is None:
            return words.extend([0, 0, 0, 0, 1])
        sources = kernel.sources(name)
        tables = 8 * len(words)
        for source in sources:
            self._table(source)
        capacity = self._capacity(name)
        context = self._add_context(program, panels, capacity)
        begin = words.extend([kernel.library.address(name), 0, 0, len(sources), capacity])
        words.point(begin // 8 + 1, context)
        words.point(begin // 8 + 2, tables)
        return begin

    def _capacity(self, name: str) -> int:
        return self.chunk_rows * (self.block_steps if name in ("before", "after") else 1)

    def _add_context(self, program: Program, panels: list[int], capacity: int) -> int:
        words = self.words
        sizes = words.extend(program.sizes)
        parameters = 8 * len(words)
        buffers = self.kernel.memory.sources[program.name]
        for buffer in program.parameters:
            words.append(0, buffers[buffer].array)
        packed = 8 * len(words)
        for panel in panels:
            words.append(panel, "work")
        context = words.extend([self.kernel.tiles.product_table, 0, 0, 0, capacity])
        for place, at in enumerate((sizes, parameters, packed), start=1):
            words.point(context // 8 + place, at)
        return context

    def _place_panels(self) -> dict[str, list[int]]:
        """Give packed weights their places in the work space."""
        lanes = self.kernel.tiles.num_lanes
        return {
            name: [self._take(panel.size(lanes) * self.size) for panel in self.kernel.programs[name].panels]
            for name in self.programs
            if name in self.kernel.programs
        }

    def _add_packs(self, panels: dict[str, list[int]]) -> None:
        words, count, begin = self.words, 0, 8 * len(self.words)
        for name, places in panels.items():
            program = self.kernel.programs[name]
            buffers = self.kernel.memory.sources[name]
            for panel, place in zip(program.panels, places, strict=True):
                for part in panel.parts:
                    self._add_pack(panel, part, buffers[program.parameters[part.parameter]].array, place)
                    count += 1
        words.point(Call.PACKS, begin)
        words.set(Call.NUM_PACKS, count)

    def _add_pack(self, panel: Panel, part: PanelPart, array: str, place: int) -> None:
        words, lanes = self.words, self.kernel.tiles.num_lanes
        width = panel.num_vectors * panel.num_weights
        words.append(part.offset * self.size, array)
        for value in (part.stride_m, part.stride_k, panel.num_rows, part.num_columns):
            words.append(value)
        begin = (part.first_column * width + part.place * panel.num_vectors) * lanes
        words.append(place + begin * self.size, "work")
        for value in (panel.num_vectors, width, panel.num_columns):
            words.append(value)

    def _add_finals(self) -> None:
        words, begin = self.words, 8 * len(self.words)
        sources = self.kernel.state_sources
        for place, source in enumerate(sources):
            stride_t, stride_n, mask = self._strides(source.array)
            home, at = self.places.get(source.array, (source.array, 0))
            words.append(at, home)
            for number in (stride_t, stride_n, mask):
                words.append(number)
            size = self.kernel.memory.arrays[source.array].size * self.size
            words.append(0, f"final.{place}")
            words.append(size)
            words.append(size)
        words.point(Call.FINALS, begin)
        words.set(Call.NUM_FINALS, len(sources))

    def _add_reset_gradients(self) -> None:
        if not self.shape.has_resets:
            return
        words, begin, count = self.words, 8 * len(self.words), 0
        sources = self.kernel.sources("back")
        for table, source in enumerate(sources):
            if source.role == Role.GRADIENT_OUT and not source.offset:
                size = self.kernel.memory.arrays[source.array].size
                words.append(table)
                words.append(0, source.first.replace("initial", "fresh"))
                words.append(size * self.size)
                words.append(size)
                count += 1
        words.point(Call.RESET_GRADIENTS, begin)
        words.set(Call.NUM_RESET_GRADIENTS, count)

    def _add_jobs(self) -> None:
        words, tables = self.words, {}
        for job in self.kernel.jobs:
            for source in (job.left, job.right):
                if source is not None and source not in tables:
                    tables[source] = 8 * len(words)
                    self._table(source)
        begin, num_units = 8 * len(words), 0
        for job in self.kernel.jobs:
            units = self.kernel.num_tiles(job) if job.right else -(-job.num_left // COLUMNS_OF_UNIT)
            at = words.extend([units, int(job.right is not None), 0, 0, job.num_left, job.num_right]) // 8
            words.point(at + 2, tables[job.left])
            if job.right is not None:
                words.point(at + 3, tables[job.right])
            begin_of_weight, _ = self.kernel.weights[job.parameter]
            words.append((begin_of_weight + job.offset) * self.size, "gradient.parameters")
            words.append(job.stride)
            words.append(self.kernel.num_weights * self.size)
            num_units += units
        words.attach(Call.PIECES, "gradient.parameters")
        words.set(Call.NUM_WEIGHTS, self.kernel.num_weights)
        words.point(Call.JOBS, begin)
        words.set(Call.NUM_JOBS, len(self.kernel.jobs))
        words.set(Call.NUM_UNITS, num_units)

    def _add_thread_memory(self) -> None:
        """Each thread has accumulators, two sets of tables of rows, and the work space of a tile."""
        words, tiles = self.words, self.kernel.tiles
        present = [self.kernel.programs[name] for name in self.programs if name in self.kernel.programs]
        sums = max(program.num_sums for program in present) * tiles.max_rows * tiles.num_lanes * self.size
        tables = max(len(p.tables) * self._capacity(p.name) for p in present) * 8
        block = self.block_steps * self.shape.batch_size * 8 if self.is_backward else 0
        parts = [sums, max(tables, block), block, tiles.outer_work_bytes if self.is_backward else 0]
        starts = [0]
        for part in parts:
            starts.append(starts[-1] + -(-part // LINE) * LINE + LINE)
        for which, start in zip(
            (Call.TABLES_AT, Call.OTHER_TABLES_AT, Call.WORK_AT), starts[1:], strict=False
        ):
            words.set(which, start)
        words.set(Call.THREAD_BYTES, starts[-1])
        begin = self._take(starts[-1] * self.shape.num_threads)
        words.attach(Call.MEMORY, "work", begin)
