"""How the state depends on the parameters, carried forward through time."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor

from elman.compiler.call import Arguments
from elman.ir import ProductGradient
from elman.training.through_time.tangent import Part, TangentStep

# Rows of the tangent step that are run at a time: many steps of a small cell, one of a large one.
MOST_ROWS = 4096


class Entry(NamedTuple):
    """A part of a parameter that the state depends on.

    Attributes:
        part: The part.
        shape: Of what is kept of it, for each number of the state.
        columns: Where that is kept.
        moves: The directions that show how it enters a step.
    """

    part: Part
    shape: tuple[int, ...]
    columns: slice
    moves: slice


class Sensitivity(ABC):
    """The derivative of the state by the parameters, ds/dtheta, of each sequence; abstract.

    Args:
        step: The recorded step.
        batch_size: Number of sequences, N.
        like: A tensor with the dtype and device of the numbers.

    Attributes:
        directions: What states and probes are moved in to see how a step depends on them, (D, F) each.
        numbers: The derivative, with the parts of the parameters side by side along the last axis.
    """

    def __init__(self, step: TangentStep, batch_size: int, like: Tensor) -> None:
        self.step = step
        self.directions = self._make_directions(like)
        moves = dict(zip(step.places, _spans(self._num_directions()), strict=True))
        shapes = [self._shape_of(part) for part in step.entries]
        columns = _spans(map(math.prod, shapes))
        self._entries = [
            Entry(part, shape, span, moves[value])
            for (part, value), shape, span in zip(step.entries.items(), shapes, columns, strict=True)
        ]
        self.numbers = like.new_zeros(batch_size, *self._axes, sum(map(math.prod, shapes)))
        self._spare: Tensor | None = None
        self._is_lent = False

    def advance(self, arguments: Arguments, lengths: Tensor | None, resets: Tensor | None) -> None:
        """Go through the steps of a part.

        Args:
            arguments: Of the step, for all steps.
            lengths: Steps that each sequence still has, (N,) on the CPU; what has ended keeps its numbers.
            resets: Where states start anew and depend on no parameter, (T, N).
        """
        num_steps, batch_size = arguments.input.shape[:2]
        seen = self.step.watch(arguments, None if lengths is None else lengths.clamp(1, num_steps), resets)
        room = self.steps_at_once(batch_size, num_steps)
        for start in range(0, num_steps, room):
            some = {value: one[start : start + room] for value, one in seen.items()}
            slopes = self.step.slopes(some, arguments.parameters, self.directions)
            for t, moved in enumerate(slopes):
                self._advance(
                    moved,
                    {value: one[t] for value, one in some.items()},
                    None if lengths is None else lengths > start + t,
                    None if resets is None else resets[start + t],
                )

    def steps_at_once(self, batch_size: int, num_steps: int) -> int:
        """Return how many steps of a part the tangent step is run for at a time.

        Args:
            batch_size: Number of sequences, N.
            num_steps: Steps of the part.
        """
        return min(num_steps, max(1, MOST_ROWS // (batch_size * len(self.directions[0]))))

    def keep(self) -> Tensor:
        """Return the numbers of now; later steps leave them as they are."""
        self._is_lent = True
        return self.numbers

    def gradient(self, numbers: Tensor, states: Sequence[Tensor]) -> dict[Part, Tensor]:
        """Return the gradient of each part of a parameter, from that of the states.

        Args:
            numbers: What was kept.
            states: dL/ds of each state, (N, F).
        """
        whole = self._gradient(numbers, states)
        return {entry.part: self._shaped(entry, whole[..., entry.columns]) for entry in self._entries}

    @property
    @abstractmethod
    def _axes(self) -> tuple[int, ...]:
        """The axes of the state in `numbers`."""

    @abstractmethod
    def _make_directions(self, like: Tensor) -> list[Tensor]:
        """Return the directions."""

    @abstractmethod
    def _num_directions(self) -> list[int]:
        """Return how many directions each state and each probe is moved in."""

    @abstractmethod
    def _shape_of(self, part: Part) -> tuple[int, ...]:
        """Return the shape of what is kept of a part of a parameter, beside the axes of the state."""

    @abstractmethod
    def _carry(self, slopes: Tensor, numbers: Tensor, result: Tensor) -> None:
        """Write ds_t/ds_{t-1} P_{t-1} to the result; the slopes are (N, D, S)."""

    @abstractmethod
    def _enter(self, moved: Tensor, entry: Entry, seen: dict[int, Tensor], result: Tensor) -> None:
        """Add what a part does to the new states by this step alone; `moved` are its slopes."""

    @abstractmethod
    def _gradient(self, numbers: Tensor, states: Sequence[Tensor]) -> Tensor:
        """Return the sum over sequences and states, with all parts side by side along the last axis."""

    @abstractmethod
    def _shaped(self, entry: Entry, gradient: Tensor) -> Tensor:
        """Return the gradient of a part as it lies in the parameter."""

    def _advance(
        self, slopes: Tensor, seen: dict[int, Tensor], live: Tensor | None, resets: Tensor | None
    ) -> None:
        before = old = self.numbers
        if resets is not None and bool(resets.any()):
            old = old.masked_fill(_beside(resets, old), 0.0)
        new = torch.empty_like(old) if self._spare is None else self._spare
        self._carry(slopes, old, new)
        for entry in self._entries:
            self._enter(slopes[:, entry.moves], entry, seen, new[..., entry.columns])
        if live is not None and not bool(live.all()):
            new = torch.where(_beside(live, new), new, before)
        self.numbers, self._spare, self._is_lent = new, None if self._is_lent else before, False


def part_of(parameter: Tensor, part: Part) -> Tensor:
    """Return a view of the part of a parameter that enters a step, as it is multiplied there.

    Args:
        parameter: The parameter.
        part: Its part.
    """
    for axis, start, stop, step in part.ranges:
        parameter = parameter[(*[slice(None)] * axis, slice(start, stop, step))]
    return parameter.mT if isinstance(part, ProductGradient) and part.is_transposed else parameter


def _beside(rows: Tensor, numbers: Tensor) -> Tensor:
    """Return a value of each sequence with the axes of numbers (N, ...), on their device."""
    return rows.to(numbers.device).view(-1, *[1] * (numbers.dim() - 1))


def _spans(sizes: Iterable[int]) -> list[slice]:
    """Return where things of these sizes lie, side by side."""
    stops = [*accumulate(sizes)]
    return [slice(start, stop) for start, stop in zip([0, *stops], stops, strict=False)]
