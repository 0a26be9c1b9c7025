"""What all layers over sequences have in common, so that what is built around one takes any of them.

elman's own layers step, and have `input_size`, `output_size` and `initial_state`; those in the place of
torch.nn's have the attributes of torch.nn, and states of shape (num_layers, N, H).
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells.base import first_parameter
from elman.cells.state import State, map_state, state_tensors
from elman.errors import DtypeError, OptionError


def check_layer(name: str, layer: object) -> None:
    """Refuse what is not a layer over sequences.

    Raises:
        DtypeError: It is not one.
    """
    if isinstance(layer, nn.RNNBase):
        return
    needed = ("input_size", "output_size", "initial_state")
    if not isinstance(layer, nn.Module) or not all(hasattr(layer, one) for one in needed):
        raise DtypeError(
            f"`{name}` must be a layer over sequences, such as elman.Recurrent or elman.LSTM, "
            f"but it is a {type(layer).__name__}."
        )


def check_steps(name: str, layer: nn.Module) -> None:
    """Refuse a layer that has to see the end of a sequence before its first output.

    Raises:
        OptionError: It, or a part of it, reads sequences from their ends.
    """
    for path, module in layer.named_modules():
        for flag in ("bidirectional", "reverse"):
            if getattr(module, flag, False) is True:
                where = f"{name}.{path}" if path else f"`{name}`"
                raise OptionError(
                    f"{where} has {flag}=True: it reads a sequence from its last step, which is not known "
                    "while the steps come one at a time.\n"
                    "    Take a layer that reads forward only, or call the layer on whole sequences."
                )


def output_size_of(layer: nn.Module) -> int:
    """Return the number of features of a layer's output."""
    if isinstance(layer, nn.RNNBase):
        return (layer.proj_size or layer.hidden_size) * (1 + layer.bidirectional)
    return int(layer.output_size)  # pyright: ignore[reportArgumentType]


def input_size_of(layer: nn.Module) -> int:
    """Return the number of features of a layer's input."""
    return int(layer.input_size)  # pyright: ignore[reportArgumentType]


def has_batch_first(layer: nn.Module) -> bool:
    """Return whether input and output of a layer have the batch as their first axis."""
    return bool(getattr(layer, "batch_first", False))


def initial_state_of(layer: nn.Module, batch_size: int) -> State:
    """Return the state that a layer starts from where none is given."""
    if not isinstance(layer, nn.RNNBase):
        return layer.initial_state(batch_size)  # pyright: ignore[reportCallIssue]
    example = first_parameter(layer)
    assert example is not None
    num_states = layer.num_layers * (1 + layer.bidirectional)
    hidden = example.new_zeros(num_states, batch_size, layer.proj_size or layer.hidden_size)
    if layer.mode != "LSTM":
        return hidden
    return hidden, example.new_zeros(num_states, batch_size, layer.hidden_size)


def swap_rows(layer: nn.Module, state: State) -> State:
    """Give a layer's state the batch as its first axis, or such a state the axes of the layer."""
    return map_state(lambda part: part.transpose(0, 1), state) if isinstance(layer, nn.RNNBase) else state


def state_sizes(layer: nn.Module) -> list[int]:
    """Return how many numbers a sequence has in each tensor of a layer's state."""
    return [part.numel() for part in state_tensors(initial_state_of(layer, 1))]


def flat_state(layer: nn.Module, state: State) -> list[Tensor]:
    """Return the tensors of a layer's state, each as (N, number of values)."""
    return [part.flatten(1) for part in state_tensors(swap_rows(layer, state))]


def run_layer(
    layer: nn.Module, input: Tensor, state: Any, lengths: Tensor | Sequence[int] | None = None
) -> tuple[Tensor, Any]:
    """Run a layer over sequences (T, N, I), whatever layout it has; its output is (T, N, O).

    A layer that knows of no `lengths` is told of none where there are none.
    """
    options = {} if lengths is None else {"lengths": lengths}
    steps = input.transpose(0, 1) if has_batch_first(layer) else input
    output, final_state = layer(steps, state, **options)
    return output.transpose(0, 1) if has_batch_first(layer) else output, final_state


def step_layer(layer: nn.Module, input: Tensor, state: Any) -> tuple[Tensor, Any]:
    """Run one time step (N, I) of a layer; its output is (N, O)."""
    if hasattr(layer, "step"):
        return layer.step(input, state)  # pyright: ignore[reportCallIssue]
    output, state = run_layer(layer, input.unsqueeze(0), state)
    return output.squeeze(0), state


def live_steps(lengths: Tensor | None, num_steps: int, batch_size: int, device: torch.device) -> Tensor:
    """Return (T, N) bool: whether a step belongs to its sequence."""
    if lengths is None:
        return torch.ones(num_steps, batch_size, dtype=torch.bool, device=device)
    return torch.arange(num_steps, device=device)[:, None] < lengths.to(device)
