"""Sequences that are padded on the left, for layers that are told where sequences end."""

from collections.abc import Sequence

import torch
from torch import Tensor

from elman.cells.options import check_flag
from elman.errors import ShapeError
from elman.layers.checks import check_tensor
from elman.layers.lengths import as_lengths


def align_left(input: Tensor, lengths: Tensor | Sequence[int], *, batch_first: bool = False) -> Tensor:
    """Move sequences that are padded on the left to the start, and put zeros behind them.

    Layers take sequences that begin at the first step and end where `lengths` says. Where the padding comes
    first, align, run, and, to have each output beside its own input, align back with `align_right`. What
    stands in the padding reaches nothing.

    Args:
        input: Sequences that all end at the last step.
        lengths: Number of time steps of each sequence.
        batch_first: Whether the batch is the first axis.

    Shape:
        input: (T, N, ...), or (N, T, ...) with `batch_first`. lengths: (N,). Returns: as `input`.

    Raises:
        DtypeError: `input` is no dense tensor, or `lengths` are not integers.
        ShapeError: `input` has fewer than two axes, or there is not one length a sequence.
        LengthError: A length is not within 1..T.

    Example:
        >>> from elman import Recurrent
        >>> from elman.cells import ElmanCell
        >>> padded, lengths = torch.tensor([[[9.0], [1.0]], [[1.0], [2.0]]]), [1, 2]
        >>> align_left(padded, lengths).squeeze(-1)
        tensor([[1., 1.],
                [0., 2.]])
        >>> layer = Recurrent(ElmanCell(input_size=1, hidden_size=3))
        >>> output, final_state = layer(align_left(padded, lengths), lengths=lengths)
    """
    return _move(input, lengths, batch_first, to_left=True)


def align_right(output: Tensor, lengths: Tensor | Sequence[int], *, batch_first: bool = False) -> Tensor:
    """Move sequences that begin at the first step to the end, and put zeros before them.

    Args:
        output: Sequences that all begin at the first step.
        lengths: Number of time steps of each sequence.
        batch_first: Whether the batch is the first axis.

    Shape:
        output: (T, N, ...), or (N, T, ...) with `batch_first`. lengths: (N,). Returns: as `output`.

    Raises:
        DtypeError: `output` is no dense tensor, or `lengths` are not integers.
        ShapeError: `output` has fewer than two axes, or there is not one length a sequence.
        LengthError: A length is not within 1..T.

    Example:
        >>> align_right(torch.tensor([[1.0, 1.0], [0.0, 2.0]]), [1, 2])
        tensor([[0., 1.],
                [1., 2.]])
    """
    return _move(output, lengths, batch_first, to_left=False)


def _move(tensor: Tensor, lengths: Tensor | Sequence[int], batch_first: bool, to_left: bool) -> Tensor:
    name = "input" if to_left else "output"
    check_tensor(name, tensor)
    check_flag("batch_first", batch_first)
    if tensor.dim() < 2:
        layout = "(N, T, ...)" if batch_first else "(T, N, ...)"
        raise ShapeError(f"`{name}` must have shape {layout}, but it has shape {tuple(tensor.shape)}.")
    steps = tensor.transpose(0, 1) if batch_first else tensor
    num_steps, batch_size = steps.shape[:2]
    padding = num_steps - as_lengths(lengths, num_steps, batch_size)
    times = torch.arange(num_steps)[:, None]
    sources = times + padding if to_left else times - padding
    is_there = (sources >= 0) & (sources < num_steps)
    rows = torch.arange(batch_size).expand(num_steps, -1)
    places = (sources.clamp(0, num_steps - 1).to(tensor.device), rows.to(tensor.device))
    outside = ~is_there.to(tensor.device).view(num_steps, batch_size, *[1] * (steps.dim() - 2))
    moved = steps[places].masked_fill(outside, 0)
    return moved.transpose(0, 1) if batch_first else moved
