"""Weight drop: single recurrent weights are left out, the same ones for a whole call."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from elman.cells.base import Cell
from elman.cells.options import brief
from elman.cells.wrappers.wrapper import Wrapper, check_probability
from elman.errors import OptionError


class WeightDrop(Wrapper):
    """Leaves out single weights of the cell's recurrent products, drawn once for each call of a layer.

    Use it against overfitting in any cell with a recurrent matrix; a language model's is where it is known
    from. No state is touched and the step costs nothing more.

    Equations:
        M ~ Bernoulli(1 - p) / (1 - p), one draw for each weight and call
        (1) U = M * weight_hh    in training
        (1) U = weight_hh    in evaluation

    Args:
        cell: What is wrapped.
        p: The probability that a weight is left out.
        weights: Names of parameters of the cell; None for all that are called `weight_hh`.

    Shape:
        input: (N, I). state: as of the cell. steps: a time step's part of `step_inputs`.
        output: (N, output_size).

    Raises:
        OptionError: The probability is not within 0..1, or the cell has no such parameter.
        DtypeError: `cell` is not a `Cell`.

    Reference:
        S. Merity, N. S. Keskar, R. Socher (2018), "Regularizing and optimizing LSTM language models", ICLR.

    Differs from the paper:
        Nothing. The masks are buffers that are not saved; `step_inputs` replaces them, so they stay the same
        for a whole call, its gradient, and the gradient of that.

    Example:
        >>> from elman.cells import LSTMCell
        >>> WeightDrop(LSTMCell(3, 5), p=0.5).weights
        ('weight_hh',)
    """

    def __init__(self, cell: Cell, p: float = 0.5, *, weights: Sequence[str] | None = None):
        super().__init__(cell)
        check_probability("p", p)
        self.p = p
        self.weights = _names_of(cell, weights)
        for name in self.weights:
            mask = torch.ones_like(self._weight(name), requires_grad=False)
            self.register_buffer(_mask_of(name), mask, persistent=False)

    def forward(self, input: Tensor, state: Any, **steps: Tensor) -> tuple[Tensor, Any]:
        """Compute one time step."""
        if not self.training or not self.p:
            return self.cell(input, state, **self.inner(steps))
        dropped = {name: self._weight(name) * getattr(self, _mask_of(name)) for name in self.weights}
        return functional_call(self.cell, dropped, (input, state), self.inner(steps))

    def draw(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:  # noqa: ARG002 - as in the base class
        """Draw the masks of a call in training; no step input, since they are the same for all rows.

        Args:
            num_steps: Number of time steps, T.
            batch_size: Number of sequences, N.
        """
        if self.training and self.p:
            for name in self.weights:
                # A new tensor: autograd still holds the old one for calls whose gradient is to come.
                mask = torch.empty_like(self._weight(name), requires_grad=False)
                setattr(self, _mask_of(name), mask.bernoulli_(1 - self.p).div_(1 - self.p))
        return {}

    def _weight(self, name: str) -> Tensor:
        path, _, leaf = name.rpartition(".")
        return getattr(self.cell.get_submodule(path), leaf)


def _mask_of(name: str) -> str:
    return f"mask_{name.replace('.', '_')}"


def _names_of(cell: Cell, weights: Sequence[str] | None) -> tuple[str, ...]:
    names = [name for name, _ in cell.named_parameters()]
    if weights is None:
        found = tuple(name for name in names if name.rpartition(".")[2] == "weight_hh")
        if not found:
            raise OptionError(
                f"`weights` must name parameters of the cell, because none is called weight_hh.\n"
                f"    It has {', '.join(names)}."
            )
        return found
    for name in weights:
        if name not in names:
            raise OptionError(
                f"`weights` must be names of parameters of the cell, but one is {brief(name)}.\n"
                f"    It has {', '.join(names)}."
            )
    return tuple(weights)
