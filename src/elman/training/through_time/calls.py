"""One call of a layer on the sequences that are still running, and where their states lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells import State, map_state
from elman.cells.state import state_tensors
from elman.errors import DtypeError, OptionError, ShapeError
from elman.layers import Stateful
from elman.layers.contract import SequenceLayer


@dataclass(frozen=True, eq=False)
class LayerCall:
    """What a layer was called with for one part; time first, and only the sequences that still run.

    Args:
        layer: Any layer over sequences.
        input: What it reads.
        state: Its initial state; None for the fresh one.
        lengths: Number of time steps of each sequence, on the CPU; None for all.
        resets: Where states start anew; None for nowhere.
        rows: Which sequences of the batch these are; None for all.
        start: The time step of the batch at which the call begins; negative if in an earlier batch.

    Shape:
        input: (S, N, ...). lengths: (N,). resets: (S, N). rows: (N,).
    """

    layer: nn.Module
    input: Tensor
    state: Any
    lengths: Tensor | None
    resets: Tensor | None
    rows: Tensor | None
    start: int

    def run(self) -> tuple[Tensor, Any]:
        """Call the layer; its output has time first."""
        batch_first = has_batch_first(self.layer)
        given = {"lengths": self.lengths, "resets": self.resets}
        options = {name: tensor for name, tensor in given.items() if tensor is not None}
        if batch_first and self.resets is not None:
            options["resets"] = self.resets.transpose(0, 1)
        input = self.input.transpose(0, 1) if batch_first else self.input
        if options and isinstance(self.layer, nn.RNNBase) and not isinstance(self.layer, SequenceLayer):
            name = type(self.layer).__name__
            raise OptionError(
                f"torch.nn.{name} takes no `{next(iter(options))}`.\n"
                f"    Take elman.{name}, which does, in its place: it loads the same state dictionary."
            )
        output, state = self.layer(input, self.state, **options)
        check_output(self.layer, output, input.shape[:2])
        return output.transpose(0, 1) if batch_first else output, state

    def step(self, t: int, state: Any, live: Tensor | None, states: StateRows) -> LayerCall:
        """Return the call of its step t alone.

        Args:
            t: Counted from the first step of this call.
            state: Before that step.
            live: The sequences that have it; None for all.
            states: Knows the states of the layer.
        """
        input, resets = self.input[t : t + 1], None if self.resets is None else self.resets[t : t + 1]
        if live is not None:
            input = input.index_select(1, live.to(input.device))
            resets = None if resets is None else resets.index_select(1, live.to(resets.device))
            state = None if state is None else states.select(state, live)
        return LayerCall(self.layer, input, state, None, resets, None, self.start + t)


def has_batch_first(layer: nn.Module) -> bool:
    """Return whether input and output of a layer have the batch as their first axis."""
    return bool(getattr(layer, "batch_first", False))


def check_layer(layer: object, *, is_cut: bool) -> None:
    """Refuse what cannot be run, or cannot be run in pieces.

    Args:
        layer: What is to be run.
        is_cut: Whether sequences are cut along time.

    Raises:
        OptionError: It is no module, or a part of it reads sequences from their ends or carries its state
            itself.
    """
    if not isinstance(layer, nn.Module):
        raise OptionError(
            f"`layer` must be a layer over sequences, such as elman.Recurrent, but it is a "
            f"{type(layer).__name__}."
        )
    if not is_cut:
        return
    for path, module in layer.named_modules():
        where = f"layer.{path}" if path else "`layer`"
        if isinstance(module, Stateful):
            raise OptionError(
                f"{where} is a Stateful, which carries its state from call to call, and so does a schedule.\n"
                "    Give the layer inside, `stateful.layer`, and a stream of batches."
            )
        for flag in ("bidirectional", "reverse"):
            if getattr(module, flag, False) is True:
                raise OptionError(
                    f"{where} has {flag}=True, so every step waits for the end of its sequence: there is no "
                    "state to carry from one segment to the next.\n"
                    "    Take a layer that reads forward only, or BPTT, which runs whole sequences."
                )


def check_output(layer: nn.Module, output: object, axes: torch.Size) -> None:
    """Refuse a layer whose outputs do not belong to the steps of its input.

    Args:
        layer: What was called.
        output: What it returned.
        axes: The first two sizes of the input.

    Raises:
        DtypeError: The output is no tensor.
        ShapeError: It has other axes of time and batch than the input.
    """
    name, wanted = type(layer).__name__, tuple(axes)
    if not isinstance(output, Tensor):
        raise DtypeError(
            f"`layer` must return a tensor of outputs, but {name} returns a {type(output).__name__}."
        )
    if tuple(output.shape[:2]) != wanted:
        raise ShapeError(
            f"`layer` must return an output for each step of its input, {wanted}, but {name} returns one of "
            f"shape {tuple(output.shape)}.\n"
            "    Give the layer inside; what reads its outputs belongs into the loss on `part.output`."
        )


class StateRows:
    """Takes sequences out of the states of a layer, and puts them back.

    Args:
        layer: Which axis of a state is the batch, it tells by its `initial_state`.
    """

    def __init__(self, layer: nn.Module) -> None:
        self.layer = layer
        self._axes: list[int] | None = None

    def select(self, state: State, rows: Tensor) -> State:
        """Return the states of some sequences."""
        axes = iter(self._axes_of(state))
        return map_state(lambda part: part.index_select(next(axes), rows.to(part.device)), state)

    def put(self, state: State | None, rows: Tensor, new: State, batch_size: int) -> State:
        """Return the states of all sequences, new ones in some rows; zeros where there are no others."""
        axes = iter(self._axes_of(new))

        def put(part: Tensor, old: Tensor | None = None) -> Tensor:
            axis = next(axes)
            shape = [*part.shape[:axis], batch_size, *part.shape[axis + 1 :]]
            target = part.new_zeros(shape) if old is None else old
            return target.index_copy(axis, rows.to(part.device), part)

        return map_state(put, new) if state is None else map_state(put, new, state)

    def first_axis(self, state: State) -> list[Tensor]:
        """Return the tensors of a state with the batch as their first axis."""
        axes = self._axes_of(state)
        return [part.movedim(axis, 0) for part, axis in zip(state_tensors(state), axes, strict=True)]

    def _axes_of(self, state: State) -> list[int]:
        if self._axes is None:
            self._axes = self._find_axes(len(state_tensors(state)))
        return self._axes

    def _find_axes(self, num_tensors: int) -> list[int]:
        if isinstance(self.layer, nn.RNNBase):
            return [1] * num_tensors
        fresh = getattr(self.layer, "initial_state", None)
        if fresh is None:
            raise OptionError(
                f"{type(self.layer).__name__} must have `initial_state(batch_size)` for sequences that end "
                "at different times: it tells which axis of a state is the batch."
            )
        try:
            shapes = [[tuple(one.shape) for one in state_tensors(fresh(size))] for size in (2, 3)]
        except OptionError:  # of images, whose size nothing says; their rows come first
            return [0] * num_tensors
        return [
            next(axis for axis, sizes in enumerate(zip(*pair, strict=True)) if sizes == (2, 3))
            for pair in zip(*shapes, strict=True)
        ]
