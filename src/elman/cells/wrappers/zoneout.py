"""Zoneout: numbers of the state that stay as they were, at random."""

from typing import Any

import torch
from torch import Tensor

from elman.cells.base import Cell
from elman.cells.options import brief
from elman.cells.state import map_state, state_tensors
from elman.cells.wrappers.wrapper import Wrapper, check_probability
from elman.errors import OptionError


class Zoneout(Wrapper):
    """Lets each number of the state keep its old value for a step, with a probability p.

    Use it against overfitting where the state is a memory: nothing in it is erased, as dropout would, and
    gradients pass through what is kept.

    Equations:
        d_t ~ Bernoulli(p), one draw for each number, step and sequence
        (1) s_t = d_t * s_{t-1} + (1 - d_t) * cell(x_t, s_{t-1})    in training
        (1) s_t = p * s_{t-1} + (1 - p) * cell(x_t, s_{t-1})    in evaluation

    Args:
        cell: What is wrapped.
        p: The probability; a tuple has one for each tensor of the state, in order, as (p of h, p of c) for
            an LSTM. The paper takes (0.05, 0.5) for it.

    Shape:
        input: (N, I). state: as of the cell. steps: a time step's part of `step_inputs`.
        output: (N, output_size).

    Raises:
        OptionError: A probability is not within 0..1, or their number is not that of the state's tensors.
        DtypeError: `cell` is not a `Cell`.

    Reference:
        D. Krueger et al. (2017), "Zoneout: regularizing RNNs by randomly preserving hidden activations",
        ICLR.

    Differs from the paper:
        Nothing; where the output of the cell is one of its new states, so it is here.

    Example:
        >>> from elman.cells import LSTMCell
        >>> cell = Zoneout(LSTMCell(3, 5), p=(0.05, 0.5))
        >>> sorted(cell.step_inputs(num_steps=7, batch_size=2))
        ['zoneout.0', 'zoneout.1']
    """

    def __init__(self, cell: Cell, p: float | tuple[float, ...] = 0.1):
        super().__init__(cell)
        for one in p if isinstance(p, tuple) else (p,):
            check_probability("p", one)
        num_states = len(state_tensors(cell.initial_state(1)))
        if isinstance(p, tuple) and len(p) != num_states:
            raise OptionError(
                f"`p` must have a number for each of the {num_states} tensors of the state, "
                f"but it is {brief(p)}."
            )
        self.p = p
        self.probabilities = p if isinstance(p, tuple) else (p,) * num_states

    def forward(self, input: Tensor, state: Any, **steps: Tensor) -> tuple[Tensor, Any]:
        """Compute one time step."""
        output, candidate = self.cell(input, state, **self.inner(steps))
        places = iter(range(len(self.probabilities)))
        state = map_state(lambda old, new: self._mix(next(places), old, new, steps), state, candidate)
        for new, kept in zip(state_tensors(candidate), state_tensors(state), strict=True):
            if output is new:
                return kept, state
        return output, state

    def _mix(self, place: int, old: Tensor, new: Tensor, steps: dict[str, Tensor]) -> Tensor:
        p = self.probabilities[place]
        if not p:
            return new
        if self.training:
            return torch.where(steps[f"zoneout.{place}"], old, new)
        return p * old + (1 - p) * new

    def draw(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:
        """Return in training where each tensor of the state keeps its old value.

        Args:
            num_steps: Number of time steps, T.
            batch_size: Number of sequences, N.
        """
        if not self.training:
            return {}
        parts = state_tensors(self.cell.initial_state(batch_size))
        return {
            f"zoneout.{place}": torch.rand(num_steps, *part.shape, device=part.device) < p
            for place, (part, p) in enumerate(zip(parts, self.probabilities, strict=True))
            if p
        }
