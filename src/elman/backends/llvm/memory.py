"""Where every buffer of a planned recurrence lies while it runs."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from elman.backends.llvm.driver import Role
from elman.ir import SequencePlan, StagedGraph

OUTPUT_GRADIENT = "dL/doutput"


class Source(NamedTuple):
    """What a table of rows points to.

    Attributes:
        array: Name of the array.
        role: Which step's numbers, and from where at the first or last.
        first: Array that stands in at a sequence's first step, or its last for `GRADIENT_IN`.
        fresh: Array that stands in where the state starts anew.
        offset: Of the first number, within the array's row.
    """

    array: str
    role: Role = Role.NOW
    first: str = ""
    fresh: str = ""
    offset: int = 0


class Array(NamedTuple):
    """Numbers of each sequence, at some of the steps.

    Attributes:
        size: How many a sequence has at one step.
        span: At how many steps: "all", a "block" of time, two in turn ("pair"), or one ("step").
        home: "given" by the caller, "saved" from forward to backward, or in the "work" space of a call.
    """

    size: int
    span: Literal["all", "block", "pair", "step"]
    home: Literal["given", "saved", "work"]


@dataclass(frozen=True)
class Memory:
    """The arrays of a plan, and what each buffer of its programs is.

    Args:
        arrays: By name.
        sources: For each program, its buffers.
        values: For each value that passes from one program to another, where it is.
        arguments: For input, states and step inputs, where they are.
    """

    arrays: dict[str, Array]
    sources: dict[str, list[Source]]
    values: dict[str, Source]
    arguments: dict[str, Source]


def place(plan: SequencePlan) -> Memory:
    """Give every buffer of a plan an array.

    Args:
        plan: The plan.
    """
    placing = _Placing(plan)
    if plan.before:
        placing.place("before", plan.before)
    placing.place("loop", plan.loop)
    if plan.gradient:
        placing.place("back", plan.gradient.loop)
        if plan.gradient.after:
            placing.place("after", plan.gradient.after)
    graph = plan.graph
    names = [argument.name for argument in graph.arguments if argument.kind != "parameter"]
    sizes = {argument.name: math.prod(argument.type.shape) for argument in graph.arguments}
    arguments = {name: placing.argument(name, "", sizes[name], "") for name in names}
    return Memory(placing.arrays, placing.sources, placing.values, arguments)


class _Placing:
    def __init__(self, plan: SequencePlan) -> None:
        self.plan = plan
        self.arrays: dict[str, Array] = {}
        self.sources: dict[str, list[Source]] = {}
        self.values: dict[str, Source] = {}
        self.step_gradients = self._step_gradients()
        graph = plan.graph
        self.states = {graph.arguments[n].name: k for k, n in enumerate(graph.of_kind("state"))}
        self.step_inputs = {graph.arguments[n].name for n in graph.of_kind("step_input")}

    def place(self, program: str, staged: StagedGraph) -> None:
        """Give the buffers of one program their arrays."""
        made = self._results(program, staged)
        sources = []
        for number, buffer in enumerate(staged.buffers):
            if number in made:
                sources.append(made[number])
            elif buffer.kind == "value":
                span = "step" if program in ("loop", "back") else "block"
                sources.append(self._new(f"{program}.{number}", Array(buffer.size, span, "work")))
            else:
                sources.append(self.argument(buffer.name, buffer.kind, buffer.size, program))
        self.sources[program] = sources
        for name, view in staged.results.items():
            source = sources[view.buffer]
            self.values.setdefault(name, source._replace(offset=source.offset + view.offset))
        if program == "loop":
            for place in range(len(self.states)):
                self.values[f"states.{place}"] = sources[staged.results[f"states.{place}"].buffer]

    def _results(self, program: str, staged: StagedGraph) -> dict[int, Source]:
        """Name the arrays of the buffers that hold results; the first name counts."""
        made: dict[int, Source] = {}
        ordered = sorted(staged.results.items(), key=lambda item: item[0] != "output")
        for name, view in ordered:
            buffer = staged.buffers[view.buffer]
            if buffer.kind != "value":
                continue
            if view.buffer not in made:
                made[view.buffer] = self._result(program, name, buffer.size)
            elif name in self.plan.saved and self.arrays[made[view.buffer].array].home == "work":
                array = made[view.buffer].array
                self.arrays[array] = self.arrays[array]._replace(span="all", home="saved")
        return made

    def _result(self, program: str, name: str, size: int) -> Source:
        if name == "output":
            return self._new("output" if program == "loop" else "gradient.input", Array(size, "all", "given"))
        if name.startswith("states.") and program == "loop":
            kept = Array(size, "all", "saved") if self.plan.gradient else Array(size, "pair", "work")
            return self._new(name, kept)
        if name.startswith("states."):
            place = name.removeprefix("states.")
            self._new(f"back.{name}", Array(size, "pair", "work"))
            return Source(f"back.{name}", Role.GRADIENT_OUT, f"gradient.initial.{place}")
        if name in self.plan.saved:
            return self._new(name, Array(size, "all", "saved"))
        if name in self.step_gradients:
            return self._new(self.step_gradients[name], Array(size, "all", "given"))
        return self._new(name, Array(size, "block", "work"))

    def _step_gradients(self) -> dict[str, str]:
        """Map the results that are gradients of step inputs to the arrays of those."""
        gradient, names = self.plan.gradient, {}
        for part in gradient.sums if gradient else ():
            argument = self.plan.graph.arguments[part.argument]
            if argument.kind == "step_input":
                result = gradient.observed[part.gradient]  # pyright: ignore[reportOptionalMemberAccess]
                names[result] = f"gradient.{result}"
        return names

    def argument(self, name: str, kind: str, size: int, program: str) -> Source:
        """Return where an argument of a program is."""
        if kind == "parameter":
            return Source(f"parameter.{name}")
        if kind == "state" and program == "back":
            place = name.removeprefix("dL/d")
            place = self.states[place]
            return Source(f"back.states.{place}", Role.GRADIENT_IN, f"gradient.final.{place}")
        if name in self.states:
            place = self.states[name]
            kept = self.values.get(f"states.{place}") or self._state_to_come(place)
            return kept._replace(role=Role.BEFORE, first=f"initial.{place}", fresh=f"fresh.{place}")
        if name in self.step_inputs:
            return self._new(f"step.{name}", Array(size, "all", "given"))
        if name in self.values:
            return self.values[name]
        if name == OUTPUT_GRADIENT:
            return self._new("gradient.output", Array(size, "all", "given"))
        return self._new("input", Array(size, "all", "given"))

    def _state_to_come(self, place: int) -> Source:
        """Return where the loop itself will put a state; its results are named before its arguments."""
        staged = self.plan.loop
        view = staged.results[f"states.{place}"]
        names = [name for name, other in staged.results.items() if other.buffer == view.buffer]
        first = "output" if "output" in names else next(name for name in staged.results if name in names)
        return Source(first)

    def _new(self, name: str, array: Array) -> Source:
        self.arrays.setdefault(name, array)
        return Source(name)
