"""Recurrent dropout: the same units of the state are left out at every step of a sequence."""

from typing import Any

import torch
from torch import Tensor

from elman.cells.base import Cell
from elman.cells.options import brief
from elman.cells.state import map_state, state_tensors
from elman.cells.wrappers.wrapper import Wrapper, check_probability
from elman.errors import OptionError


class RecurrentDropout(Wrapper):
    """Hides some units of the old state from the cell, the same ones at all steps of a sequence.

    Use it against overfitting in cells that read their state through products alone, such as h of an Elman
    cell or an LSTM. What a cell carries over as it is, such as c of an LSTM or the state of a GRU, would be
    erased at each step; `Zoneout` and `WeightDrop` leave it alone.

    Equations:
        m ~ Bernoulli(1 - p) / (1 - p), one draw for each unit and sequence
        (1) s_t = cell(x_t, m * s_{t-1})    in training
        (1) s_t = cell(x_t, s_{t-1})    in evaluation

    Args:
        cell: What is wrapped.
        p: The probability that a unit is hidden.
        states: Which tensors of the state, counted from 0; the first is h in an LSTM.

    Shape:
        input: (N, I). state: as of the cell. steps: a time step's part of `step_inputs`.
        output: (N, output_size).

    Raises:
        OptionError: The probability is not within 0..1, or there is no such state.
        DtypeError: `cell` is not a `Cell`.

    Reference:
        Y. Gal, Z. Ghahramani (2016), "A theoretically grounded application of dropout in recurrent neural
        networks", NIPS.

    Differs from the paper:
        One mask serves all gates, the paper's "tied" form. Its dropout of the inputs is one of the layer.

    Example:
        >>> from elman.cells import LSTMCell
        >>> cell = RecurrentDropout(LSTMCell(3, 5), p=0.25)
        >>> cell.step_inputs(num_steps=7, batch_size=2)["dropout.0"].shape
        torch.Size([2, 5])
    """

    def __init__(self, cell: Cell, p: float = 0.25, *, states: tuple[int, ...] = (0,)):
        super().__init__(cell)
        check_probability("p", p)
        self.p = p
        self.states = tuple(states)
        num_states = len(state_tensors(cell.initial_state(1)))
        for place in self.states:
            if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < num_states:
                raise OptionError(
                    f"`states` must be numbers of tensors of the state, 0 to {num_states - 1}, "
                    f"but one is {brief(place)}."
                )

    def forward(self, input: Tensor, state: Any, **steps: Tensor) -> tuple[Tensor, Any]:
        """Compute one time step."""
        if self.training and self.p:
            places = iter(range(len(state_tensors(state))))
            state = map_state(lambda part: self._hide(next(places), part, steps), state)
        return self.cell(input, state, **self.inner(steps))

    def _hide(self, place: int, part: Tensor, steps: dict[str, Tensor]) -> Tensor:
        return steps[f"dropout.{place}"] * part if place in self.states else part

    def draw(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:  # noqa: ARG002 - as in the base class
        """Return in training one factor for each unit and sequence: 0 or 1 / (1 - p).

        Args:
            num_steps: Number of time steps, T.
            batch_size: Number of sequences, N.
        """
        if not self.training or not self.p:
            return {}
        parts = state_tensors(self.cell.initial_state(batch_size))
        return {
            f"dropout.{place}": torch.empty_like(parts[place]).bernoulli_(1 - self.p).div_(1 - self.p)
            for place in self.states
        }
