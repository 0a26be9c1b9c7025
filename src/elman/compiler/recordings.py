"""The recording of each cell, kept as long as the cell lives and says the same."""

from collections.abc import Callable
from functools import cache, cached_property
from weakref import WeakKeyDictionary

from torch import Tensor

from elman.cells import Cell
from elman.compiler.check import check_recording
from elman.errors import TraceError
from elman.ir import StepGraph, parse_graph, print_graph
from elman.trace import Recording, record
from elman.trace.fingerprint import Fingerprint, fingerprint
from elman.trace.watch import Watch


class Step:
    """One step as a graph, and what the compiler derives from that alone.

    Args:
        graph: The step.
    """

    def __init__(self, graph: StepGraph) -> None:
        self.graph = graph

    @cached_property
    def text(self) -> str:
        """The step as text: equal texts are compiled once."""
        return "\n".join(line.split("  # ")[0] for line in print_graph(self.graph).splitlines())

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """Names of the arguments, by kind."""
        kinds = ("state", "step_input", "parameter")
        arguments = self.graph.arguments
        return {kind: [arguments[number].name for number in self.graph.of_kind(kind)] for kind in kinds}  # pyright: ignore[reportArgumentType]

    @cached_property
    def arrays(self) -> dict[str, list[str]]:
        """What kernels call the arguments, by kind."""
        names = self.names
        places = range(len(names["state"]))
        return {
            "input": ["input"],
            "state": [f"initial.{place}" for place in places],
            "fresh": [f"fresh.{place}" for place in places],
            "step_input": [f"step.{name}" for name in names["step_input"]],
            "parameter": [f"parameter.{name}" for name in names["parameter"]],
        }


@cache
def step_of(text: str) -> Step:
    """Return the step of a text.

    Args:
        text: As `Step.text`.
    """
    return Step(parse_graph(text))


class Recorded(Step):
    """A cell's recording, checked.

    Args:
        recording: The recording.

    Attributes:
        watch: Tells in a moment that the cell has not changed.
    """

    def __init__(self, recording: Recording) -> None:
        super().__init__(recording.graph)
        self.recording = recording
        self.watch: Watch | None = None

    def parameters(self, cell: Cell, find: Callable[[str], Tensor] | None = None) -> tuple[Tensor, ...]:
        """Return the tensors of the parameter arguments, as they are now.

        Args:
            cell: The cell.
            find: Returns the parameter of a name; the cell's own without it.
        """
        return self.recording.bindings.evaluate(cell, find)


_known: WeakKeyDictionary[Cell, Recorded | tuple[Fingerprint, TraceError]] = WeakKeyDictionary()


def recorded(cell: Cell) -> Recorded:
    """Return the recording of a cell, made anew if the cell has changed.

    Args:
        cell: The cell.

    Raises:
        TraceError: It cannot be recorded.
    """
    known = _known.get(cell)
    if isinstance(known, Recorded):
        if known.watch is not None and known.watch.sees_no_change():
            return known
        if known.recording.fits(cell):
            known.watch = Watch(cell)
            return known
    if isinstance(known, tuple) and known[0] == fingerprint(cell):
        raise known[1]
    try:
        _known[cell] = made = _record(cell)
    except TraceError as error:
        _known[cell] = fingerprint(cell), error
        raise
    return made


def _record(cell: Cell) -> Recorded:
    try:
        made = Recorded(record(cell))
        check_recording(cell, made.recording)
    except TraceError:
        raise
    except Exception as error:
        name = type(cell).__name__
        raise TraceError(
            f"{name}.forward raised {type(error).__name__} when it was recorded: {error}"
        ) from error
    return made
