"""The loss that diagnostics take where none is given."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from elman.cells.options import brief
from elman.cells.state import state_tensors
from elman.errors import OptionError
from elman.layers import Recurrent

Loss = Callable[..., Tensor]


def make_loss(module: nn.Module, layers: Mapping[str, Recurrent], lengths: Any) -> Loss:
    """Return a fixed random projection of what a network ends with, summed over the sequences.

    That is the last output of each sequence; where a layer reads from the end, the final states; all of it
    where the output has no time axis.

    Args:
        module: The network.
        layers: Its recurrent layers.
        lengths: Number of time steps of each sequence; None for all T.
    """
    is_reverse = any(layer.reverse for layer in layers.values())
    batch_first = bool(getattr(module, "batch_first", False))

    def loss(output: Any, final_state: Any = None) -> Tensor:
        if is_reverse and final_state is not None:
            return sum(map(_project, _tensors(final_state)), torch.zeros(()))
        return _project(_last(output, batch_first, lengths))

    return loss


def check_loss(value: object) -> None:
    """Refuse what cannot be differentiated.

    Raises:
        OptionError: It is not one number that depends on the network.
    """
    if not isinstance(value, Tensor) or value.numel() != 1:
        came = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else brief(value)
        raise OptionError(f"`loss` must return one number as a tensor, but it returned {came}.")
    if not value.requires_grad:
        raise OptionError(
            "`loss` must depend on what the network returns, but no gradient leads from it to a state."
        )


def _last(output: Any, batch_first: bool, lengths: Tensor | Sequence[int] | None) -> Tensor:
    if isinstance(output, PackedSequence):
        output, lengths = pad_packed_sequence(output, batch_first)
    if output.dim() < 3:
        return output
    steps = output.transpose(0, 1) if batch_first else output
    if lengths is None:
        return steps[-1]
    ends = torch.as_tensor(lengths, device=steps.device) - 1
    return steps[ends, torch.arange(len(ends), device=steps.device)]


def _tensors(state: Any) -> list[Tensor]:
    return state_tensors(tuple(state) if isinstance(state, list) else state)


def _project(values: Tensor) -> Tensor:
    """Return the sum of products with fixed numbers, the same for every sequence."""
    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(values.shape[-1], generator=generator, dtype=torch.float64).to(values)
    return (values * direction).sum()
