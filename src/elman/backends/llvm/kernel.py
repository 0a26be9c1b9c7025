"""The machine code of one planned recurrence, and all that is known of it before a call."""

import ctypes
import math
from dataclasses import dataclass
from functools import cached_property, partial

from llvmlite import ir

from elman.backends.llvm.build import Library, build
from elman.backends.llvm.driver import MAX_PIECES, Driver, load_driver
from elman.backends.llvm.jobs import Job, list_jobs
from elman.backends.llvm.lower import Program, lower
from elman.backends.llvm.memory import Memory, Source, place
from elman.backends.llvm.target import Target, target
from elman.backends.llvm.tiles import Tiles, load_tiles
from elman.ir import SequencePlan, StagedGraph, View

MIN_PIECE_ROWS = 16
MAX_PIECED_NUMBERS = 1 << 18  # of all pieces; with more, clearing and adding them costs what they spare
HEAD = ("saved", "work", "order", "lengths", "resets", "begin", "end")  # the first of the arrays of a call
SAVED, WORK, ORDER, LENGTHS, RESETS, BEGIN, END = range(len(HEAD))
PROGRAMS = ("before", "loop", "back", "after")


@dataclass(frozen=True)
class Kernel:
    """A planned recurrence as machine code.

    Args:
        plan: What it was made from.
        real: "float32" or "float64".
        target: The processor.
        programs: The lowered steps.
        memory: Where their buffers are.
        jobs: Sums over rows and steps.
        text: Their LLVM text.
        library: Their machine code.
        tiles: The micro-kernels.
        driver: What runs them.
    """

    plan: SequencePlan
    real: str
    target: Target
    programs: dict[str, Program]
    memory: Memory
    jobs: list[Job]
    text: str
    library: Library
    tiles: Tiles
    driver: Driver

    @property
    def num_bytes(self) -> int:
        """Size of a number."""
        return {"float32": 4, "float64": 8}[self.real]

    def num_pieces(self, batch_size: int) -> int:
        """Return into how many pieces of a batch gradients of weights are summed, each by one thread.

        It depends on sizes alone, and so do the bits. One piece: all threads share its sums.
        """
        pieces = min(batch_size // MIN_PIECE_ROWS, MAX_PIECES, MAX_PIECED_NUMBERS // max(self.num_weights, 1))
        return -(-batch_size // self.piece_rows(batch_size, pieces)) if pieces > 1 else 1

    @staticmethod
    def piece_rows(batch_size: int, num_pieces: int) -> int:
        """Return the rows of a piece; the last may have fewer."""
        return -(-batch_size // num_pieces)

    @cached_property
    def weights(self) -> dict[str, tuple[int, tuple[int, ...]]]:
        """Where each parameter's gradient begins among all of them, and its shape; in order."""
        found, begin, wanted = {}, 0, {job.parameter for job in self.jobs}
        for argument in self.plan.graph.arguments:
            if argument.name in wanted and argument.kind == "parameter":
                found[argument.name] = begin, argument.type.shape
                begin += math.prod(argument.type.shape)
        return found

    @cached_property
    def weight_sizes(self) -> list[int]:
        """How many numbers each of these gradients has."""
        return [math.prod(shape) for _, shape in self.weights.values()]

    @cached_property
    def num_weights(self) -> int:
        """How many they have together."""
        return sum(self.weight_sizes)

    @cached_property
    def step_gradients(self) -> list[str]:
        """Names of the arrays of the gradients of step inputs, "" where there is none."""
        arguments, gradient = self.plan.graph.arguments, self.plan.gradient
        arrays = {
            part.argument: self.memory.values[gradient.observed[part.gradient]].array  # pyright: ignore[reportOptionalMemberAccess]
            for part in (gradient.sums if gradient else ())
            if arguments[part.argument].kind == "step_input"
        }
        return [arrays.get(number, "") for number in self.plan.graph.of_kind("step_input")]

    @cached_property
    def given(self) -> tuple[str, ...]:
        """Names of the arrays that a call is given, in one order, whichever way it goes."""
        graph = self.plan.graph
        names = {
            kind: [graph.arguments[number].name for number in graph.of_kind(kind)]
            for kind in ("step_input", "parameter")
        }

        def states(kind: str) -> list[str]:
            return [f"{kind}.{place}" for place in range(len(graph.new_states))]

        return (
            *(*HEAD, "input", *states("initial"), *states("fresh")),
            *(f"step.{name}" for name in names["step_input"]),
            *(f"parameter.{name}" for name in names["parameter"]),
            *("output", *states("final"), "gradient.output", *states("gradient.final")),
            *("gradient.input", *states("gradient.initial"), *states("gradient.fresh")),
            *(*self.step_gradients, "gradient.parameters"),
        )

    def sources(self, program: str) -> list[Source]:
        """List what each table of rows of a program points to."""
        buffers = self.memory.sources[program]
        found = []
        for table in self.programs[program].tables:
            source = buffers[table.buffer]
            found.append(source._replace(offset=source.offset + table.offset))
        return found

    @cached_property
    def state_sources(self) -> list[Source]:
        """List where the loop puts the new states."""
        count = len(self.plan.graph.new_states)
        return [self.memory.values[f"states.{place}"] for place in range(count)]

    def num_tiles(self, job: Job) -> int:
        """Return in how many tiles a weight's gradient is made."""
        count = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(self.tiles.outer_num_tiles)
        return count(job.num_left, job.num_right)


def compile_plan(plan: SequencePlan, real: str, cpu: str | None = None) -> Kernel:
    """Lower and build a plan.

    Args:
        plan: The plan.
        real: "float32" or "float64".
        cpu: LLVM's name of an older processor; the one at hand without it.

    Raises:
        GraphError: It has something that cannot be lowered.
    """
    processor = target(cpu)
    tiles = load_tiles(real, processor)
    memory = place(plan)
    jobs = list_jobs(plan, memory)
    module, programs = _lower(plan, real, tiles, memory)
    text = str(module)
    library = build(text, processor)
    return Kernel(plan, real, processor, programs, memory, jobs, text, library, tiles, load_driver(real, cpu))


def staged_graphs(plan: SequencePlan) -> dict[str, StagedGraph]:
    """Return the programs of a plan that there are, by name."""
    gradient = plan.gradient
    parts = (plan.before, plan.loop, gradient and gradient.loop, gradient and gradient.after)
    return {name: part for name, part in zip(PROGRAMS, parts, strict=True) if part}


def _lower(
    plan: SequencePlan, real: str, tiles: Tiles, memory: Memory
) -> tuple[ir.Module, dict[str, Program]]:
    module = ir.Module(name="recurrence")
    programs = {
        name: lower(staged, name, module, real, tiles.num_lanes, tiles.rows, partial(_locate, memory, name))
        for name, staged in staged_graphs(plan).items()
    }
    return module, programs


def _locate(memory: Memory, program: str, view: View) -> tuple[Source, int]:
    """Return the row of an array that a vector lies in, and its place there."""
    source = memory.sources[program][view.buffer]
    return source._replace(offset=0), source.offset + view.offset
