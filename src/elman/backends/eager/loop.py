"""A recurrence run step by step."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from elman.backends.eager.results import check_result, stack_outputs
from elman.backends.eager.step_inputs import StepInputs
from elman.cells.state import State, map_state

Step = Callable[..., tuple[Tensor, Any]]


class Resets(NamedTuple):
    """Where a state starts anew, and from what.

    Attributes:
        steps: True where the state becomes the fresh one before the step, in the order of running, (T, N).
        fresh_state: The state that is put in place; gradients reach it.
    """

    steps: Tensor
    fresh_state: State


def run_loop(
    step: Step,
    input: Tensor,
    state: Any,
    *,
    lengths: Tensor | None = None,
    resets: Resets | None = None,
    reverse: bool = False,
    step_inputs: StepInputs | None = None,
) -> tuple[Tensor, Any]:
    """Call `step` at each time step and return its outputs and the last state of each sequence.

    Shapes, dtypes and lengths are taken as correct. A step past a sequence's end is never computed, so
    whatever stands in the padding, NaN too, reaches no number and no gradient.

    Args:
        step: A cell, or any function of one time step.
        input: The sequences; at least one time step.
        state: The state before the first step that runs.
        lengths: Number of time steps of each sequence, integers on the CPU; all T without it. Outputs past
            a sequence's end are zero, and its final state is the one after its own last step.
        resets: Where the state starts anew; nowhere without it.
        reverse: Whether each sequence runs from its own last step to its first. Outputs stay at their t.
        step_inputs: What `step` gets by name besides input and state; nothing without it.

    Shape:
        input: (T, N, ...). state: (N, ...) each tensor. lengths: (N,). output: (T, N, ...).

    Raises:
        DtypeError: `step` does not return a pair of a tensor and a state, or changes the state's dtype.
        ShapeError: `step` does not return a state like the one it was given, or an output of its own shape
            at each step.
        DeviceError: `step` moves the state.
    """
    live_rows: list[Tensor | None] = [None] * len(input)
    if lengths is not None:
        alive = torch.arange(len(input))[:, None] < lengths
        live_rows = [_indices(row, input.device) for row in alive]
        resets = resets and resets._replace(steps=resets.steps & alive.to(input.device))
    inputs = input.unbind(0)  # indexing would write a gradient of the whole input at every step
    outputs = list(inputs)
    for t in reversed(range(len(input))) if reverse else range(len(input)):
        if resets is not None:
            state = _reset(state, resets.fresh_state, resets.steps[t])
        more = {} if step_inputs is None else step_inputs.at(t, live_rows[t])
        outputs[t], state = _step_rows(step, inputs[t], state, live_rows[t], more)
    return stack_outputs(step, outputs), state


def _indices(alive: Tensor, device: torch.device) -> Tensor | None:
    return None if alive.all() else alive.nonzero().squeeze(1).to(device)


def _reset(state: State, fresh_state: State, reset: Tensor) -> State:
    def choose(fresh: Tensor, old: Tensor) -> Tensor:
        return torch.where(reset.view(-1, *[1] * (old.dim() - 1)), fresh, old)

    return map_state(choose, fresh_state, state)


def _step_rows(
    step: Step, input: Tensor, state: State, rows: Tensor | None, more: Mapping[str, Tensor]
) -> tuple[Tensor, State]:
    """Run some rows, or all; the others have a zero output and keep their state."""
    if rows is None:
        return _checked_step(step, input, state, more)
    live_state = map_state(lambda part: part.index_select(0, rows), state)
    output, live_state = _checked_step(step, input.index_select(0, rows), live_state, more)
    output = output.new_zeros(len(input), *output.shape[1:]).index_copy(0, rows, output)
    return output, map_state(lambda old, new: old.index_copy(0, rows, new.to(old.dtype)), state, live_state)


def _checked_step(
    step: Step, input: Tensor, state: State, more: Mapping[str, Tensor]
) -> tuple[Tensor, State]:
    result = step(input, state, **more)
    check_result(step, result, len(input), state)
    return result
