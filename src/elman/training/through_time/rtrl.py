"""Real-time recurrent learning: the exact gradient, carried forward with the state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from elman.cells import map_state
from elman.cells.options import check_size
from elman.cells.state import state_tensors
from elman.compiler.call import Arguments
from elman.compiler.recordings import recorded
from elman.errors import OptionError
from elman.layers import Recurrent
from elman.training.through_time.batch import SequenceBatch, Steps
from elman.training.through_time.calls import LayerCall
from elman.training.through_time.diagonal_sensitivity import DiagonalSensitivity
from elman.training.through_time.full_sensitivity import FullSensitivity
from elman.training.through_time.part import Part
from elman.training.through_time.schedule import Schedule
from elman.training.through_time.sensitivity import Sensitivity, part_of
from elman.training.through_time.tangent import TangentStep
from elman.training.through_time.walk import Walk

SendBack = Callable[[Sequence[Tensor]], Sequence[Tensor | None]]


class RTRL(Schedule):
    """Real-time recurrent learning: updates on the way, each with the exact gradient through all of the past.

    Use it where a stream never ends and what is long past still matters: nothing is truncated, and memory
    does not depend on the number of steps. The price is what is carried instead of the past: for a state of
    S numbers and a parameter of P, S P numbers of each sequence and S^2 P operations a step. A cell whose
    units do not see one another (IndRNN, minGRU, LRU) costs about as much as its own step.

    Equations:
        (1) P_t = ds_t/ds_{t-1} P_{t-1} + d+s_t/dtheta, with P_0 = 0
        (2) dL_t/dtheta = dL_t/ds_t P_t
        where d+ holds s_{t-1} fixed.

    The derivatives come from the recorded step by a forward tangent, and agree with BPTT's. If the weights
    move between two parts, P is of the weights that were: that is the method's own approximation.

    Args:
        every: Time steps of a part, between two updates; the gradient within a part is BPTT's.

    Raises:
        OptionError: `every` is not a positive integer. At `parts`: the layer is no `Recurrent`, learns its
            initial state, or its cell draws random numbers.
        TraceError: The cell cannot be recorded.

    Reference:
        R. J. Williams, D. Zipser (1989), "A learning algorithm for continually running fully recurrent neural
        networks", Neural Computation 1(2).

    Example:
        >>> from elman.cells import GRUCell
        >>> layer = Recurrent(GRUCell(input_size=1, hidden_size=4))
        >>> batch = SequenceBatch(torch.randn(3, 2, 1), target=torch.zeros(3, 2, 4))
        >>> for part in RTRL().parts(layer, batch):
        ...     part.backward((part.output - part.target).square().mean())
        >>> layer.cell.weight_hh.grad.shape
        torch.Size([12, 4])
    """

    def __init__(self, every: int = 1) -> None:
        check_size("every", every)
        self.every = every

    @property
    def length(self) -> int:
        """Time steps between two updates."""
        return self.every

    def _parts(self, layer: nn.Module, batches: Iterable[SequenceBatch]) -> Iterator[Part]:
        check_rtrl(layer)
        assert isinstance(layer, Recurrent)
        return super()._parts(layer, batches)

    def walk(self, layer: nn.Module) -> Walk:
        """Return what runs a layer through one batch after the other."""
        assert isinstance(layer, Recurrent)
        return _Walk(layer, self.length)

    def __repr__(self) -> str:
        """Show how it was made."""
        return "RTRL()" if self.every == 1 else f"RTRL(every={self.every})"


def check_rtrl(layer: nn.Module) -> None:
    """Refuse a layer that is not one recorded step.

    Args:
        layer: What is to be run.

    Raises:
        OptionError: It is no `Recurrent`, learns its initial state, or its cell draws random numbers.
        TraceError: Its cell cannot be recorded.
    """
    if not isinstance(layer, Recurrent):
        raise OptionError(
            "RTRL needs one elman.Recurrent, whose cell is the whole step, but `layer` is a "
            f"{type(layer).__name__}."
        )
    if any(part.requires_grad for part in state_tensors(layer.initial_state(1))):
        raise OptionError(
            "RTRL starts from a state that no parameter moves, but `layer` learns its initial state."
        )
    drawn = recorded(layer.cell).names["step_input"]
    if drawn:
        raise OptionError(
            f"RTRL needs a cell that is the same at each step, but {type(layer.cell).__name__} draws "
            f"{', '.join(drawn)}.\n    Call layer.eval() if that switches it off."
        )


class _Carried(torch.autograd.Function):
    """The states before a part: constants on the way forward, functions of the parameters on the way back."""

    @staticmethod
    def forward(ctx: Any, send_back: SendBack, num_states: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Return the states, the first of the tensors; the rest are the parameters."""
        ctx.send_back, ctx.num_states = send_back, num_states
        return tuple([state.clone() for state in tensors[:num_states]])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the gradients of the parameters from those of the states."""
        return None, None, *[None] * ctx.num_states, *ctx.send_back(gradients)


class _Walk(Walk):
    """Goes through batches; with the state it carries how that depends on the parameters."""

    def __init__(self, layer: Recurrent, length: int) -> None:
        super().__init__(layer, length, None, nullcontext)
        self.cell, self.fresh = layer.cell, layer.initial_state
        self.known = recorded(layer.cell)
        parameters = self.known.parameters(layer.cell)
        names = self.known.names["parameter"]
        wanted = frozenset(name for name, one in zip(names, parameters, strict=True) if one.requires_grad)
        self.step = TangentStep(self.known.graph, wanted, layer.backend)
        self.sensitivity: Sensitivity | None = None

    def _begin(self, steps: Steps, initial_state: Any) -> None:
        super()._begin(steps, initial_state)
        if initial_state is not None:
            self.sensitivity = None
            if torch.is_grad_enabled() and any(one.requires_grad for one in state_tensors(self.state)):
                raise OptionError(
                    "RTRL starts from a state that nothing moves, but `initial_state` wants a gradient.\n"
                    "    Give it detached: .detach()."
                )

    def _part(self, steps: Steps, start: int, stop: int) -> Part:
        with torch.no_grad():
            state = self.fresh(steps.input.shape[1]) if self.state is None else self.state
        self.state = map_state(lambda part: part.detach().to(steps.input), state)
        begin = state_tensors(self.state)
        part = super()._part(steps, start, stop)
        with torch.no_grad():
            self._advance_through(steps, start, stop, begin)
        return part

    def _call(self, steps: Steps, start: int, stop: int) -> LayerCall:
        states, parameters = state_tensors(self.state), self.known.parameters(self.cell)
        send_back = partial(self._send_back, self._keep(steps), [one.shape for one in parameters])
        carried = iter(_Carried.apply(send_back, len(states), *states, *parameters))
        state = map_state(lambda _: next(carried), self.state)
        return self._call_on(steps, start, stop, state, steps.live_rows(start))

    def _keep(self, steps: Steps) -> Tensor:
        if self.sensitivity is None:
            kind = DiagonalSensitivity if self.step.is_diagonal else FullSensitivity
            like = next(iter(self.cell.parameters()), steps.input)
            self.sensitivity = kind(self.step, steps.input.shape[1], like.detach())
        return self.sensitivity.keep()

    def _advance_through(self, steps: Steps, start: int, stop: int, states: list[Tensor]) -> None:
        sensitivity, stop = self.sensitivity, min(stop, steps.stop)
        assert sensitivity is not None
        like, resets, lengths = sensitivity.numbers, steps.resets, steps.lengths
        fresh = [] if resets is None else state_tensors(self.fresh(steps.input.shape[1]))
        arguments = Arguments(
            steps.input[start:stop].to(like),
            [state.to(like).flatten(1) for state in states],
            [state.to(like).flatten(1) for state in fresh],
            [],
            [one.detach().to(like) for one in self.known.parameters(self.cell)],
        )
        lengths = None if steps.live_rows(stop - 1) is None or lengths is None else lengths - start
        sensitivity.advance(arguments, lengths, None if resets is None else resets[start:stop])

    def _send_back(
        self, kept: Tensor, shapes: Sequence[torch.Size], gradients: Sequence[Tensor]
    ) -> list[Tensor]:
        """Return the gradients of the parameters from those of the states before a part."""
        states = [gradient.flatten(1) for gradient in gradients]
        totals = [states[0].new_zeros(shape) for shape in shapes]
        places = {number: place for place, number in enumerate(self.step.graph.of_kind("parameter"))}
        assert self.sensitivity is not None
        for part, gradient in self.sensitivity.gradient(kept, states).items():
            part_of(totals[places[part.argument]], part).add_(gradient)
        return totals
