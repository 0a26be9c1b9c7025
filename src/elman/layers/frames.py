"""A function of single frames, mapped over the time steps of a batch of sequences."""

from collections.abc import Callable

import torch
from torch import Tensor

from elman.errors import DtypeError, ShapeError


def live_steps(num_steps: int, lengths: Tensor | None) -> Tensor | None:
    """Say which steps stand before their sequence's end, (T, N) of bool on the CPU; None if all do.

    Args:
        num_steps: Number of time steps, T.
        lengths: Number of time steps of each sequence, (N,), on the CPU; all T without it.
    """
    if lengths is None:
        return None
    return torch.arange(num_steps)[:, None] < lengths


def map_frames(
    function: Callable[[Tensor], Tensor],
    input: Tensor,
    where: Tensor | None = None,
    fill: Tensor | None = None,
) -> Tensor:
    """Call `function` once, with the wanted frames of all sequences side by side.

    The other frames are never read: whatever stands there, NaN too, reaches no number and no gradient. A
    mask behind the function could not promise that, for 0 x NaN is NaN.

    Args:
        function: Takes frames, (M, ...), and returns (M, ...), row by row.
        input: The sequences.
        where: True at the frames that are wanted; all without it.
        fill: What stands in the place of the others; zeros without it.

    Shape:
        input: (T, N, ...), or (N, T, ...). where: its first two axes. fill: as one frame that `function`
        returns. Returns: (T, N, ...), or (N, T, ...).

    Raises:
        DtypeError: `function` returns no tensor.
        ShapeError: It does not return one row for each frame.
    """
    frames = input.flatten(0, 1)
    if where is None or where.all():
        return _call(function, frames).unflatten(0, input.shape[:2])
    rows = where.flatten().nonzero().squeeze(1).to(input.device)
    mapped = _call(function, frames.index_select(0, rows))
    rest = mapped.new_zeros(len(frames), *mapped.shape[1:])
    if fill is not None:
        rest = rest + fill.to(mapped.dtype)
    return rest.index_copy(0, rows, mapped).unflatten(0, input.shape[:2])


def _call(function: Callable[[Tensor], Tensor], frames: Tensor) -> Tensor:
    mapped = function(frames)
    name = getattr(function, "__qualname__", type(function).__name__)
    if not isinstance(mapped, Tensor):
        raise DtypeError(f"{name} must return a tensor, but it returned a {type(mapped).__name__}.")
    if mapped.dim() == 0 or len(mapped) != len(frames):
        raise ShapeError(
            f"{name} must return one row for each of the {len(frames)} frames it is given, "
            f"but it returned {tuple(mapped.shape)}."
        )
    return mapped
