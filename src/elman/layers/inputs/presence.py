"""Which frames of an input are there."""

import torch
from torch import Tensor

from elman.errors import DtypeError, ShapeError
from elman.layers.checks import check_movable, check_tensor


def as_mask(name: str, mask: object, sizes: tuple[int, int], time_axis: int, layout: str) -> Tensor:
    """Return a mask of the frames that are there, with an axis for time and one for the batch.

    Args:
        name: What the caller knows the mask as.
        mask: What the caller gave: one bool a frame, or one a sequence.
        sizes: The two axes.
        time_axis: Which of them is time.
        layout: The axes that the caller has: "T, N", "N, T" or "N".

    Raises:
        DtypeError: It is no dense tensor of bool.
        ShapeError: It has neither one value a frame nor one a sequence.
    """
    check_tensor(name, mask)
    assert isinstance(mask, Tensor)
    if mask.dtype != torch.bool:
        raise DtypeError(f"`{name}` must be a tensor of torch.bool, but its dtype is {mask.dtype}.")
    num_sequences = sizes[1 - time_axis]
    if mask.shape == (num_sequences,):
        return mask.unsqueeze(time_axis).expand(sizes)
    if layout != "N" and mask.shape == sizes:
        return mask
    a_frame = "" if layout == "N" else f"({layout}) = {sizes}, one value a frame, or "
    raise ShapeError(
        f"`{name}` must have shape {a_frame}(N,) = ({num_sequences},), one value a sequence, "
        f"but it has shape {tuple(mask.shape)}."
    )


def frames_to_read(input: Tensor, masks: list[Tensor], skips_nan: bool) -> Tensor | None:
    """Return the mask of the frames that an encoder may read; None if all.

    Args:
        input: The frames.
        masks: Each is True where, for all it knows, a frame may be read.
        skips_nan: Whether a frame with a NaN in it is not there.

    Shape:
        input: (T, N, ...), or (N, T, ...). masks: each its first two axes. Returns: the same.

    Raises:
        DeviceError: A mask has no values.
    """
    where = None
    for mask in masks:
        check_movable("present", mask, input)
        moved = mask.to(input.device)
        where = moved if where is None else where & moved
    if skips_nan and input.is_floating_point():
        holes = input.detach().isnan().flatten(2).any(2) if input.dim() > 2 else input.detach().isnan()
        where = ~holes if where is None else where & ~holes
    return where
