"""One run of a cell under the recorder."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman.cells import Cell
from elman.cells.buffers import keep_buffers
from elman.cells.state import State, map_state, state_tensors
from elman.trace.bindings import named_slots
from elman.trace.fingerprint import changed_names, fingerprint
from elman.trace.recording import same_structure
from elman.trace.refusals import Refusal, foreign_tensor
from elman.trace.sources import source_of_error
from elman.trace.tape import Recorder, Ref, Tape

NUM_STEPS_BEYOND_ROWS = 5


@dataclass(frozen=True)
class Run:
    """A tape, and which of its tensors are what."""

    tape: Tape
    dtype: torch.dtype
    slots: Mapping[int, str]
    input: Ref
    states: tuple[Ref, ...]
    step_inputs: Mapping[str, Ref]
    output: Ref
    new_states: tuple[Ref, ...]


def run_cell(cell: Cell, num_rows: int) -> Run:
    """Run one time step on random numbers and write it down.

    Args:
        cell: The cell; it is as it was afterwards.
        num_rows: Number of rows.

    Raises:
        Refusal: The cell does something that cannot be recorded.
    """
    example = next(filter(Tensor.is_floating_point, named_slots(cell).values()), torch.zeros(()))
    input, state = _sample(cell, num_rows, example)
    step_inputs = _step_inputs(cell, num_rows)
    tape = Tape()
    input_ref = tape.add(input)
    states = tuple(map(tape.add, state_tensors(state)))
    step_input_refs = {name: tape.add(tensor) for name, tensor in step_inputs.items()}
    slots = _add_slots(tape, cell)
    output, new_state = _call(cell, tape, input, state, step_inputs)
    results = [_result(tape, tensor) for tensor in (output, *state_tensors(new_state))]
    return Run(tape, example.dtype, slots, input_ref, states, step_input_refs, results[0], tuple(results[1:]))


def _sample(cell: Cell, num_rows: int, like: Tensor) -> tuple[Tensor, State]:
    generator = torch.Generator().manual_seed(0)

    def sample(shape: torch.Size) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(like)

    state = map_state(lambda part: sample(part.shape), cell.initial_state(num_rows))
    return sample(torch.Size((num_rows, cell.input_size))), state


def _add_slots(tape: Tape, cell: Cell) -> dict[int, str]:
    slots: dict[int, str] = {}
    for name, tensor in named_slots(cell).items():
        slots.setdefault(tape.add(tensor).number, name)
    return slots


def _step_inputs(cell: Cell, num_rows: int) -> dict[str, Tensor]:
    """Return what the first time step gets: without the time axis, where there is one."""
    num_steps = num_rows + NUM_STEPS_BEYOND_ROWS
    with torch.random.fork_rng(devices=[]), keep_buffers(cell):
        given = cell.step_inputs(num_steps, num_rows)
    return {
        name: tensor[0].clone() if tensor.shape[:1] == (num_steps,) else tensor
        for name, tensor in given.items()
    }


def _call(cell: Cell, tape: Tape, input: Tensor, state: State, step_inputs: dict[str, Tensor]) -> Any:
    before = fingerprint(cell)
    tensors = {name: id(tensor) for name, tensor in named_slots(cell).items()}
    result = _guarded_call(cell, tape, input, state, step_inputs)
    changed = changed_names(before, fingerprint(cell))
    changed += [name for name, tensor in named_slots(cell).items() if tensors.get(name) != id(tensor)]
    if changed:
        raise Refusal(
            f"changes its own attribute `{changed[0]}`; a recorded step would not.",
            "Make it part of the state, or return it from `step_inputs`",
        )
    return _checked_result(result, state)


def _guarded_call(cell: Cell, tape: Tape, input: Tensor, state: State, step_inputs: dict[str, Tensor]) -> Any:
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices=[]))
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(torch.autocast(input.device.type, enabled=False))
        stack.enter_context(Recorder(tape))
        try:
            return cell.forward(input, state, **step_inputs)
        except Refusal:
            raise
        except Exception as error:
            raise Refusal(
                f"raised {type(error).__name__} on {len(input)} rows: {error}",
                "It must run on any number of rows: mend it",
                source_of_error(error),
            ) from error


def _checked_result(result: Any, state: State) -> Any:
    if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[0], Tensor):
        raise Refusal(
            "does not return a pair of an output tensor and a new state.", "Return output, new_state"
        )
    if not same_structure(result[1], state):
        raise Refusal(
            "returns a state of another structure than initial_state.", "Return a state nested like it"
        )
    return result


def _result(tape: Tape, tensor: Tensor) -> Ref:
    if not tape.knows(tensor):
        raise foreign_tensor("return")
    return tape.add(tensor)
