"""A cell -> a recording: two runs, laid over each other, lowered, checked."""

from torch import nn

from elman.cells import Cell
from elman.ir import StepGraph, verify
from elman.trace.bindings import bind
from elman.trace.fingerprint import check_no_hooks, fingerprint
from elman.trace.functions import FUNCTIONS
from elman.trace.lowering import Lowering
from elman.trace.merge import ROW_COUNTS, MergedTape, merge
from elman.trace.recording import Recording
from elman.trace.refusals import Refusal
from elman.trace.running import Run, run_cell
from elman.trace.tape import Ref


def record(cell: Cell) -> Recording:
    """Record one time step of a cell.

    `forward` runs twice, on random tensors of 2 and of 3 rows; random number generators are left as they
    were. The recording holds for one `training` flag and one set of plain attributes: see `Recording.fits`.

    Args:
        cell: What one time step computes.

    Raises:
        TraceError: The cell does something that a graph cannot say; the message has the user's line.

    Example:
        >>> from elman.ir import print_graph
        >>> class LeakySum(Cell):
        ...     def forward(self, input, state):
        ...         state = 0.5 * state + input
        ...         return state, state
        >>> print(print_graph(record(LeakySum(1, 1)).graph))
        input: input real[N, 1]
        state: state real[N, 1]
        %2 = constant() {"value": 0.5} : real[]  # ...
        %3 = mul(state, %2) : real[N, 1]  # ...
        %4 = add(%3, input) : real[N, 1]  # ...
        output %4
        states %4
    """
    try:
        return _record(cell)
    except Refusal as refusal:
        raise refusal.as_error(type(cell).__name__) from refusal.__cause__


def _record(cell: Cell) -> Recording:
    check_no_hooks(cell)
    runs = [run_cell(cell, num_rows) for num_rows in ROW_COUNTS]
    run = runs[0]
    tape = merge(runs[0].tape, runs[1].tape)
    lowering = Lowering(tape, run.dtype, run.slots)
    _add_arguments(lowering, run)
    lowering.run(FUNCTIONS)
    graph = _finish(lowering, run, tape, cell)
    verify(graph)
    bindings = bind(run.slots, lowering.parameter_calls, lowering.bound)
    return Recording(graph, bindings, run.dtype, lowering.context.is_exact, fingerprint(cell))


def _add_arguments(lowering: Lowering, run: Run) -> None:
    lowering.add_argument(run.input.number, "input", "input")
    names = ["state"] if len(run.states) == 1 else [f"state.{place}" for place in range(len(run.states))]
    for name, ref in zip(names, run.states, strict=True):
        lowering.add_argument(ref.number, name, "state")
    for name, ref in run.step_inputs.items():
        lowering.add_argument(ref.number, name, "step_input")


def _finish(lowering: Lowering, run: Run, tape: MergedTape, cell: nn.Module) -> StepGraph:
    _check_result(tape, run.output, (cell.output_size,), "an output")  # pyright: ignore[reportArgumentType]
    for new, old in zip(run.new_states, run.states, strict=True):
        _check_result(tape, new, tape.specs[old.number].shape, "a state")
    lowering.context.builder.source = None
    output, *states = (lowering.value_of(ref, "forward") for ref in (run.output, *run.new_states))
    return lowering.context.builder.finish(output, tuple(states), tuple(lowering.context.observed.items()))


def _check_result(tape: MergedTape, ref: Ref, shape: tuple[int, ...], what: str) -> None:
    spec = tape.specs[ref.number]
    if (spec.row, spec.shape) != (0, shape):
        sizes = ["N"] * (spec.row == 0) + [str(size) for size in spec.shape]
        expected = ", ".join(["N", *map(str, shape)])
        raise Refusal(
            f"returns {what} of shape ({', '.join(sizes)}), but ({expected}) is declared.",
            "Set output_size and initial_state to what forward returns",
        )
