"""What topologies ask of the layer they are built around, in whatever layout it has."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.cells.state import State, map_state, state_tensors
from elman.errors import DtypeError, OptionError, ShapeError
from elman.layers.checks import check_input
from elman.layers.contract import SequenceLayer
from elman.layers.lengths import as_lengths, check_no_lengths
from elman.layers.packed import check_packed, unpack


def check_layer(name: str, layer: object) -> None:
    """Refuse what is not a layer over sequences.

    Raises:
        DtypeError: It is not one.
    """
    if not isinstance(layer, SequenceLayer):
        raise DtypeError(
            f"`{name}` must be a layer over sequences, such as elman.Recurrent or elman.LSTM, "
            f"but it is a {type(layer).__name__}."
        )


def check_causal(name: str, layer: SequenceLayer) -> None:
    """Refuse a layer that has to see the end of a sequence before its first output.

    Raises:
        OptionError: It, or a part of it, reads sequences from their ends.
    """
    if not layer.is_causal:
        raise OptionError(
            f"`{name}` must read forward only, since its steps come one at a time, but this "
            f"{type(layer).__name__} reads sequences from their last step, which is not known then.\n"
            "    Leave `bidirectional` and `reverse` out of it, or call the layer on whole sequences."
        )


def swap_rows(layer: nn.Module, state: State) -> State:
    """Give a layer's state the batch as its first axis, or such a state the axes of the layer.

    The layers in the place of torch.nn's have states of shape (num_layers, N, H).
    """
    return map_state(lambda part: part.transpose(0, 1), state) if isinstance(layer, nn.RNNBase) else state


def flat_state(layer: SequenceLayer, state: State) -> list[Tensor]:
    """Return the tensors of a layer's state, each as (N, number of values)."""
    return [part.flatten(1) for part in state_tensors(swap_rows(layer, state))]


def state_sizes(layer: SequenceLayer) -> list[int]:
    """Return how many numbers a sequence has in each tensor of a layer's state."""
    return [part.shape[1] for part in flat_state(layer, layer.initial_state(1))]


def swap_time(layer: SequenceLayer, steps: Tensor) -> Tensor:
    """Exchange the layout of a layer and (T, N, ...)."""
    return steps.transpose(0, 1) if layer.batch_first else steps


def run_layer(
    layer: SequenceLayer, steps: Tensor, state: Any = None, lengths: Tensor | None = None
) -> tuple[Tensor, Any]:
    """Run a layer over sequences (T, N, I), whatever layout it has; its output is (T, N, O)."""
    output, final_state = layer(swap_time(layer, steps), state, lengths=lengths)
    return swap_time(layer, output), final_state


def open_input(
    layer: SequenceLayer, input: Tensor | PackedSequence, lengths: Tensor | Sequence[int] | None
) -> tuple[Tensor, Tensor | None]:
    """Return an input in the layer's layout as a padded tensor, and the lengths of its sequences."""
    if isinstance(input, PackedSequence):
        check_no_lengths(lengths)
        check_packed(input)
        return unpack(input, layer.batch_first)
    if lengths is None:
        return input, None
    check_input(input, layer.input_size, layer.batch_first)
    num_steps, batch_size = swap_time(layer, input).shape[:2]
    return input, as_lengths(lengths, num_steps, batch_size)


def live_steps(lengths: Tensor | None, num_steps: int, batch_size: int, device: torch.device) -> Tensor:
    """Return (T, N) bool: whether a step belongs to its sequence."""
    if lengths is None:
        return torch.ones(num_steps, batch_size, dtype=torch.bool, device=device)
    return torch.arange(num_steps, device=device)[:, None] < lengths.to(device)


def check_vector(name: str, vector: Tensor, size: int) -> None:
    """Refuse a tensor that is not (N, size).

    Raises:
        ShapeError: It is not.
    """
    if vector.dim() != 2 or vector.shape[1] != size:
        raise ShapeError(f"`{name}` must have shape (N, {size}), but it has shape {tuple(vector.shape)}.")
