"""A penalty on steps that lengthen or shorten the gradient on its way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from elman.backends.eager import Resets, draw_step_inputs, run_loop
from elman.cells import map_state
from elman.cells.options import check_flag
from elman.cells.state import state_tensors
from elman.errors import DtypeError, OptionError
from elman.layers import Recurrent
from elman.layers.lengths import as_lengths


class _Step(NamedTuple):
    """One time step that was run: what the cell was given, and the state it made; a row for each sequence."""

    input: Tensor
    before: Any
    more: dict[str, Tensor]
    after: Any
    counts: Tensor  # where something lies before: not at a fresh state


class GradientFlowPenalty:
    """Penalizes steps through which the gradient grows or shrinks on its way back.

    Use it, with clipped gradients, where a plain recurrent network has to learn a long dependency: it keeps
    the way back open while the weights learn. Call it in the place of the layer, then add `penalty(loss)`
    times a coefficient to the loss.

    Equations:
        g_t = dL/ds_t, a constant; J_t = ds_t/ds_{t-1}
        (10.52) Omega = sum_t (||g_t J_t|| / ||g_t|| - 1)^2
        the mean over the sequences of a batch. A state of several tensors is one vector.

    Steps that start from a fresh state, and those no loss reaches (g_t = 0), are left out.

    Args:
        layer: Runs step by step, as its plain loop does.
        through_states: Whether the derivative of Omega also follows s_{t-1} and x_t back; else they are
            constants like g_t, and only the weights of the step itself count.

    Shape:
        input: (T, N, I), or (N, T, I) with `batch_first`. lengths: (N,). resets: (T, N), or (N, T).
        output, initial_state: as of the layer. loss: (). Returns of `penalty`: ().

    Raises:
        DtypeError: `layer` is not a `Recurrent`.
        OptionError: `through_states` is not a bool.

    Reference:
        R. Pascanu, T. Mikolov, Y. Bengio (2013), "On the difficulty of training recurrent neural networks",
        ICML, section 3.3; equation 10.52 of I. Goodfellow, Y. Bengio, A. Courville (2016), "Deep Learning".

    Differs from the paper:
        The paper differentiates by the recurrent matrix alone, here all weights of the step take part.

    Example:
        >>> from elman.cells import ElmanCell
        >>> layer = Recurrent(ElmanCell(input_size=3, hidden_size=5))
        >>> flow = GradientFlowPenalty(layer)
        >>> output, final_state = flow(torch.randn(20, 2, 3))
        >>> loss = output[-1].square().mean()
        >>> (loss + 0.1 * flow.penalty(loss)).backward()
    """

    def __init__(self, layer: Recurrent, *, through_states: bool = False) -> None:
        if not isinstance(layer, Recurrent):
            raise DtypeError(f"`layer` must be an elman.Recurrent, but it is a {type(layer).__name__}.")
        check_flag("through_states", through_states)
        self.layer, self.through_states = layer, through_states
        self._steps: list[_Step] = []
        self._batch_size = 0

    def __call__(
        self,
        input: Tensor,
        initial_state: Any = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> tuple[Tensor, Any]:
        """Run the layer and remember its steps.

        Args:
            input: The sequences.
            initial_state: The state before the first step; the layer's fresh state without it.
            lengths: Number of time steps of each sequence.
            resets: True where the state becomes the fresh one before the step.
        """
        cell, swap = self.layer.cell, self.layer.batch_first
        steps = input.transpose(0, 1) if swap else input
        num_steps, self._batch_size = steps.shape[:2]
        ends = None if lengths is None else as_lengths(lengths, num_steps, self._batch_size)
        fresh = map_state(lambda part: part.to(input), self.layer.initial_state(self._batch_size))
        starts = resets.transpose(0, 1) if swap and resets is not None else resets
        counts = self._counted(num_steps, ends, starts, begins_fresh=initial_state is None)
        self._steps = []

        def step(input: Tensor, state: Any, **more: Tensor) -> tuple[Tensor, Any]:
            output, after = _set_apart(*cell(input, state, **more))
            self._steps.append(_Step(input, state, more, after, next(counts).to(input.device)))
            return output, after

        output, final_state = run_loop(
            step,
            steps,
            fresh if initial_state is None else initial_state,
            lengths=ends,
            resets=None if starts is None else Resets(starts, fresh),
            reverse=self.layer.reverse,
            step_inputs=draw_step_inputs(cell.step_inputs, num_steps, self._batch_size, like=steps),
        )
        return output.transpose(0, 1) if swap else output, final_state

    def _counted(self, num_steps: int, ends: Tensor | None, starts: Tensor | None, *, begins_fresh: bool):
        """Yield, in the order of running, which of the sequences that run have something before the step."""
        lengths = torch.full((self._batch_size,), num_steps) if ends is None else ends
        for t in reversed(range(num_steps)) if self.layer.reverse else range(num_steps):
            first = (lengths - 1 == t) if self.layer.reverse else torch.full_like(lengths, t == 0).bool()
            counts = ~(first & begins_fresh)
            if starts is not None:
                counts &= ~starts[t].cpu()
            if bool((lengths > t).any()):
                yield counts[lengths > t]

    def penalty(self, loss: Tensor) -> Tensor:
        """Return Omega for the last call.

        Args:
            loss: A scalar computed from the output of the last call; its graph is kept.

        Raises:
            OptionError: Nothing was run before.
        """
        if not self._steps:
            raise OptionError("nothing was run: call the penalty in the place of the layer first.")
        after = [part for step in self._steps for part in state_tensors(step.after)]
        gradients = iter(
            torch.autograd.grad(loss, after, retain_graph=True, allow_unused=True, materialize_grads=True)
        )
        sent = [map_state(lambda _: next(gradients), step.after) for step in self._steps]
        if any(part.dim() == 0 for part in self._steps[0].more.values()):  # one number for a whole time step
            groups = [([step], [one]) for step, one in zip(self._steps, sent, strict=True)]
        else:
            groups = [(self._steps, sent)]
        terms = [self._terms(steps, states) for steps, states in groups]
        return torch.stack(terms).sum() / self._batch_size

    def _terms(self, steps: list[_Step], sent: list[Any]) -> Tensor:
        """Return the sum of the terms of some steps, computed as if each were a row of one step."""
        input, before = torch.cat([step.input for step in steps]), _join([step.before for step in steps])
        if not self.through_states:
            input, before = input.detach(), map_state(Tensor.detach, before)
        before = map_state(lambda part: part if part.requires_grad else part.requires_grad_(), before)
        names = steps[0].more
        more = {
            name: torch.cat([step.more[name] for step in steps]) if names[name].dim() else names[name]
            for name in names
        }
        _, after = self.layer.cell(input, before, **more)
        gradient = state_tensors(_join(sent))
        back = torch.autograd.grad(
            state_tensors(after),
            state_tensors(before),
            gradient,
            create_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
        length = _row_norm(gradient)
        counts = torch.cat([step.counts for step in steps]) & (length > 0)
        ratio = _row_norm(list(back))[counts] / length[counts]
        return (ratio - 1).square().sum()


def _set_apart(output: Tensor, state: Any) -> tuple[Tensor, Any]:
    """Return a state whose tensors stand at this step alone: a cell may hand on those of the step before.

    An output that is the state itself stays so, and its loss belongs to the gradient of the state.
    """
    apart: dict[int, Tensor] = {}

    def set_apart(part: Tensor) -> Tensor:
        apart[id(part)] = part.view_as(part) if part.requires_grad else part.detach().requires_grad_()
        return apart[id(part)]

    state = map_state(set_apart, state)
    return apart.get(id(output), output), state


def _join(states: list[Any]) -> Any:
    return map_state(lambda *parts: torch.cat(parts), *states)


def _row_norm(parts: Sequence[Tensor]) -> Tensor:
    return torch.linalg.vector_norm(torch.cat([part.flatten(1) for part in parts], dim=1), dim=1)
