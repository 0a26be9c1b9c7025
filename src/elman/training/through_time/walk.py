"""A layer on its way through sequences: it carries the state from part to part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells import map_state
from elman.errors import LengthError, OptionError, ShapeError
from elman.training.through_time.batch import SequenceBatch, Steps, as_steps
from elman.training.through_time.calls import LayerCall, StateRows, has_batch_first
from elman.training.through_time.part import Part


@dataclass
class Past:
    """What a gradient may still reach: the steps from `first` on, and the state before them.

    Args:
        steps: Earlier steps that are not over, followed by those of the batch.
        num_earlier: How many of them belong to earlier batches.
        first: The step that `state` stands before.
        state: Of all sequences; None for the layer's fresh one.
    """

    steps: Steps
    num_earlier: int
    first: int
    state: Any


class Walk:
    """A layer on its way through sequences.

    Args:
        layer: Any layer over sequences.
        length: Steps of a part; None for all of a batch.
        window: Steps that a gradient reaches back from the newest; None for those of the part.
        running: Makes what the layer is called within.
    """

    def __init__(
        self,
        layer: nn.Module,
        length: int | None,
        window: int | None,
        running: Callable[[], AbstractContextManager[object]],
    ) -> None:
        self.layer, self.length, self.window, self.running = layer, length, window, running
        self.rows = StateRows(layer)
        self.state: Any = None
        self.batch_size: int | None = None
        self.past: Past | None = None

    def through(self, batch: SequenceBatch) -> Iterator[Part]:
        """Run over a batch, from the state that the one before has left, and yield its parts."""
        steps = as_steps(batch, has_batch_first(self.layer))
        self._check_rows(steps.input.shape[1])
        length = self.length or len(steps.input)
        self._check_graphs(batch, is_cut=steps.stop > length)
        self._begin(steps, batch.initial_state)
        for start in range(0, steps.stop, length):
            yield self._part(steps, start, min(start + length, len(steps.input)))

    def _begin(self, steps: Steps, initial_state: Any) -> None:
        """Take up the state a batch starts from, and what the window still sees of the batches before."""
        past = self.past if initial_state is None else None
        if initial_state is not None:
            self.state = _as_tuples(initial_state)
        if self.window is None:
            return
        if past is None:
            self.past = Past(steps, 0, 0, self.state)
            return
        earlier = past.steps
        if earlier.lengths is not None and not bool((earlier.lengths == len(earlier.input)).all()):
            raise LengthError(
                "a window that reaches into the batch before needs sequences that run to its end, but "
                f"{int((earlier.lengths < len(earlier.input)).sum())} of {self.batch_size} ended earlier.\n"
                "    Start anew with an `initial_state`, or take TBPTT without `window`."
            )
        self.past = Past(_join(past, steps), len(earlier.input) - past.first, 0, past.state)

    def _part(self, steps: Steps, start: int, stop: int) -> Part:
        call = self._call(steps, start, stop)
        with self.running():
            output, state = call.run()
        output, state = output[start - stop :], map_state(_cut, state)
        batch_size = steps.input.shape[1]
        if call.rows is not None:
            full = output.new_zeros(len(output), batch_size, *output.shape[2:])
            output = full.index_copy(1, call.rows.to(output.device), output)
            state = self.rows.put(self.state, call.rows, state, batch_size)
        self.state = state
        target, mask = None if steps.target is None else steps.target[start:stop], steps.mask(start, stop)
        if has_batch_first(self.layer):
            output, mask = output.transpose(0, 1), mask.transpose(0, 1)
            target = None if target is None else target.transpose(0, 1)
        return Part(output, target, mask, start, stop, state, is_last=stop >= steps.stop, call=call)

    def _call(self, steps: Steps, start: int, stop: int) -> LayerCall:
        rows = steps.live_rows(start)
        if self.past is None or self.window is None:
            return self._call_on(steps, start, stop, self.state, rows)
        past, shift = self.past, self.past.num_earlier
        self._advance(past, max(0, shift + stop - self.window), rows)
        return self._call_on(past.steps, past.first, shift + stop, past.state, rows, shift)

    def _advance(self, past: Past, first: int, rows: Tensor | None) -> None:
        """Let go of steps that the window has passed; the state after them comes from today's weights."""
        if first <= past.first:
            return
        with torch.no_grad():
            _, state = self._call_on(past.steps, past.first, first, past.state, rows).run()
        if rows is not None:
            state = self.rows.put(None, rows, state, past.steps.input.shape[1])
        past.first, past.state = first, map_state(_cut, state)

    def _call_on(
        self, steps: Steps, first: int, stop: int, state: Any, rows: Tensor | None, shift: int = 0
    ) -> LayerCall:
        input, resets, lengths = steps.input[first:stop], steps.resets, steps.lengths
        resets = None if resets is None else resets[first:stop]
        if lengths is not None:
            lengths = (lengths if rows is None else lengths[rows]) - first
            is_ragged = bool((lengths < stop - first).any())
            lengths = lengths.clamp(max=stop - first) if is_ragged else None
        if rows is not None:
            input = input.index_select(1, rows.to(input.device))
            resets = None if resets is None else resets.index_select(1, rows.to(resets.device))
            state = None if state is None else self.rows.select(state, rows)
        return LayerCall(self.layer, input, state, lengths, resets, rows, first - shift)

    def _check_rows(self, batch_size: int) -> None:
        if self.batch_size not in (None, batch_size):
            raise ShapeError(
                f"every batch of a stream must have the {self.batch_size} sequences of the first, whose "
                f"states are carried on, but one has {batch_size}."
            )
        self.batch_size = batch_size

    def _check_graphs(self, batch: SequenceBatch, *, is_cut: bool) -> None:
        """Refuse what was computed with a gradient: the first part's backward would use up its graph."""
        if not is_cut or not torch.is_grad_enabled():
            return
        parts = {"input": batch.input, "initial_state": batch.initial_state if self.window else None}
        for name, value in parts.items():
            tensors = [] if value is None else _tensors(value)
            if any(tensor.grad_fn is not None for tensor in tensors):
                raise OptionError(
                    f"`{name}` was computed with a gradient, whose graph the first of several parts would "
                    "use up.\n"
                    "    Compute it inside of the layer, or give it detached: .detach()."
                )


def _cut(state: Tensor) -> Tensor:
    """Return a state without its graph; it may be a view of a learned one, which the next update moves."""
    return state.detach().clone()


def _as_tuples(state: Any) -> Any:
    """Return a state with tuples for lists, which layers of torch take, too."""
    return tuple([_as_tuples(part) for part in state]) if isinstance(state, list | tuple) else state


def _tensors(state: Any) -> list[Tensor]:
    return [state] if isinstance(state, Tensor) else [one for part in state for one in _tensors(part)]


def _join(past: Past, steps: Steps) -> Steps:
    """Return the steps that the window still sees, followed by those of the next batch."""
    earlier, first = past.steps, past.first
    num_earlier = len(earlier.input) - first
    input = torch.cat([earlier.input[first:].detach(), steps.input])
    lengths = None if steps.lengths is None else steps.lengths + num_earlier
    if earlier.resets is None and steps.resets is None:
        return Steps(input, None, lengths, None)
    resets = [
        one.input.new_zeros(one.input.shape[:2], dtype=torch.bool) if one.resets is None else one.resets
        for one in (earlier, steps)
    ]
    return Steps(input, None, lengths, torch.cat([resets[0][first:], resets[1].to(resets[0].device)]))
