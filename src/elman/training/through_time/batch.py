"""What a schedule runs over: sequences, what belongs to each of their steps, and where they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from elman.errors import DtypeError, ShapeError
from elman.layers.lengths import as_lengths


@dataclass(frozen=True, eq=False)
class SequenceBatch:
    """Sequences, and what belongs to each of their time steps.

    The layout is that of the layer they are for; where it has `batch_first`, N and T change places.

    Args:
        input: What the layer reads.
        target: What belongs to each step and is to be cut like the input; nothing without it.
        lengths: Number of time steps of each sequence; all T without it.
        resets: True where the state becomes the layer's fresh state before the step.
        initial_state: The state before the first step; without it the layer's fresh state, or in a
            stream the state after the batch before.

    Shape:
        input: (T, N, I). target: (T, N, ...). lengths: (N,). resets: (T, N).

    Raises:
        DtypeError: A tensor is of another type, such as a PackedSequence.
        ShapeError: `input` has no axes T and N.

    Example:
        >>> batch = SequenceBatch(torch.zeros(7, 2, 3), lengths=[7, 4])
        >>> batch.input.shape
        torch.Size([7, 2, 3])
    """

    input: Tensor
    target: Tensor | None = None
    lengths: Tensor | Sequence[int] | None = None
    resets: Tensor | None = None
    initial_state: Any = None

    def __post_init__(self) -> None:
        """Refuse what has no axis of time."""
        if isinstance(self.input, PackedSequence):
            raise DtypeError(
                "`input` must be a padded tensor with `lengths`, but it is a PackedSequence, which cannot be "
                "cut along time.\n"
                "    Unpack it: input, lengths = torch.nn.utils.rnn.pad_packed_sequence(packed)."
            )
        for name in ("input", "target", "resets"):
            value = getattr(self, name)
            if not isinstance(value, Tensor) and (value is not None or name == "input"):
                raise DtypeError(f"`{name}` must be a tensor, but it is a {type(value).__name__}.")
        if self.input.dim() < 2:
            raise ShapeError(
                f"`input` must have the axes T and N, (T, N, I), but it has shape {tuple(self.input.shape)}."
            )


class Steps(NamedTuple):
    """A batch that was checked, time first.

    Attributes:
        input: (T, N, ...).
        target: (T, N, ...), or None.
        lengths: (N,) on the CPU, or None.
        resets: (T, N) of bool, or None.
    """

    input: Tensor
    target: Tensor | None
    lengths: Tensor | None
    resets: Tensor | None

    @property
    def stop(self) -> int:
        """The number of steps until the last sequence has ended."""
        return len(self.input) if self.lengths is None else int(self.lengths.max())

    def mask(self, start: int, stop: int) -> Tensor:
        """Return (stop - start, N) bool: whether a step belongs to its sequence."""
        if self.lengths is None:
            size = (stop - start, self.input.shape[1])
            return torch.ones(size, dtype=torch.bool, device=self.input.device)
        return (torch.arange(start, stop)[:, None] < self.lengths).to(self.input.device)

    def live_rows(self, step: int) -> Tensor | None:
        """Return the numbers of the sequences that have this step; None if all have it."""
        if self.lengths is None or bool((self.lengths > step).all()):
            return None
        return (self.lengths > step).nonzero().squeeze(1)


def as_steps(batch: SequenceBatch, batch_first: bool) -> Steps:
    """Check what a batch holds besides the input, and put time first.

    Raises:
        DtypeError: `resets` are not of bool, or `lengths` not integers.
        ShapeError: A part does not have the axes T and N of the input, or there is no sequence or step.
        LengthError: A length is not within 1..T.
    """
    axes = "(N, T)" if batch_first else "(T, N)"
    if 0 in batch.input.shape[:2]:
        raise ShapeError(
            f"`input` must have a time step and a sequence, but {axes} = {tuple(batch.input.shape[:2])}."
        )
    for name in ("target", "resets"):
        tensor = getattr(batch, name)
        if tensor is not None and tensor.shape[:2] != batch.input.shape[:2]:
            raise ShapeError(
                f"`{name}` must have the first axes of the input, {axes} = {tuple(batch.input.shape[:2])}, "
                f"but it has shape {tuple(tensor.shape)}."
            )
    if batch.resets is not None and (batch.resets.dtype != torch.bool or batch.resets.dim() != 2):
        raise DtypeError(
            f"`resets` must be {axes} of torch.bool, but they are {batch.resets.dim()} axes of "
            f"{batch.resets.dtype}."
        )
    tensors = [batch.input, batch.target, batch.resets]
    input, target, resets = [
        one if one is None or not batch_first else one.transpose(0, 1) for one in tensors
    ]
    assert input is not None
    lengths = None if batch.lengths is None else as_lengths(batch.lengths, len(input), input.shape[1])
    return Steps(input, target, lengths, resets)
