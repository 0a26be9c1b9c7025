"""One part of a schedule: some steps that were run, on which a loss is to be computed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from elman.errors import DtypeError, ShapeError
from elman.training.through_time.calls import LayerCall


@dataclass(frozen=True, eq=False)
class Part:
    """Some time steps of a batch that a layer was run over; the loss on them is the user's.

    The layout is that of the layer: with `batch_first`, N and S change places.

    Args:
        output: What the layer returned for these steps; zero where a sequence has ended.
        target: The targets of these steps, or None.
        mask: True where a step belongs to its sequence.
        start: The first time step, counted within its batch.
        stop: The time step after the last.
        state: The state after the last of these steps, cut from its gradient; for a sequence that has ended,
            the state after its own last step.
        is_last: Whether no sequence of the batch goes on after it.
        call: What the layer was called with.

    Shape:
        output: (S, N, output_size). target: (S, N, ...). mask: (S, N) of bool.
    """

    output: Tensor
    target: Tensor | None
    mask: Tensor
    start: int
    stop: int
    state: Any
    is_last: bool
    call: LayerCall = field(repr=False)

    @property
    def final_state(self) -> Any:
        """The state of each sequence after its own last step; None before the last part of a batch."""
        return self.state if self.is_last else None

    def backward(self, loss: Tensor) -> None:
        """Add the gradient of the loss to `.grad` of the parameters, as far back as the schedule lets it go.

        Nothing is cleared before: call `optimizer.zero_grad()` for each part, as everywhere in PyTorch.

        Args:
            loss: A scalar computed from `output`.

        Shape:
            loss: ().

        Raises:
            DtypeError: `loss` is not a tensor.
            ShapeError: It is not a scalar.
        """
        if not isinstance(loss, Tensor):
            raise DtypeError(f"`loss` must be a tensor, but it is a {type(loss).__name__}.")
        if loss.numel() != 1:
            raise ShapeError(
                f"`loss` must be a scalar, but it has shape {tuple(loss.shape)}.\n"
                "    Take its mean over the real steps: loss[part.mask].mean()."
            )
        loss.backward()
