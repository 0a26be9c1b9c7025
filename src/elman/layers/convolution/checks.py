"""Checks of sequences of images."""

from typing import Any, NamedTuple

from torch import Tensor

from elman.cells.convolution import ConvCell
from elman.errors import ShapeError
from elman.layers.checks import check_tensor

AXES = {1: "L", 2: "H, W", 3: "D, H, W"}  # the letters of an image, by the number of its axes


class SizedCell(NamedTuple):
    """A cell over images of one size, whose fresh state needs no more than the number of sequences."""

    cell: ConvCell
    image_size: tuple[int, ...]

    def initial_state(self, batch_size: int) -> Any:
        """Return the fresh state of `batch_size` sequences."""
        return self.cell.initial_state(batch_size, self.image_size)


def check_images(input: object, cell: ConvCell, leading: str) -> None:
    """Refuse what are no images that the cell takes.

    Args:
        input: What the caller gave.
        cell: The cell that runs over it.
        leading: The axes before the channels: "T, N", "N, T" or "N".

    Raises:
        DtypeError: It is not a dense tensor.
        ShapeError: An axis is missing, has the wrong size, or none.
    """
    check_tensor("input", input)
    assert isinstance(input, Tensor)
    num_leading = leading.count(",") + 1
    if input.dim() != num_leading + 1 + cell.num_axes or input.shape[num_leading] != cell.input_channels:
        raise _wrong_shape(input, cell, leading)
    if "T" in leading and input.shape[leading.split(", ").index("T")] == 0:
        raise ShapeError(f"`input` must have at least one time step, but it has shape {tuple(input.shape)}.")
    _check_size(tuple(input.shape[num_leading + 1 :]), cell)


def _wrong_shape(input: Tensor, cell: ConvCell, leading: str) -> ShapeError:
    axes, num_leading = AXES[cell.num_axes], leading.count(",") + 1
    shape, hint = tuple(input.shape), ""
    if len(shape) == num_leading + cell.num_axes:
        batch = leading.split(", ").index("N")
        hint = "\n    One sequence is a batch of one, and one channel is an axis too: "
        hint += f"input.unsqueeze({batch}) or input.unsqueeze({num_leading})."
    elif len(shape) == num_leading + 1 + cell.num_axes and shape[-1] == cell.input_channels:
        hint = f"\n    If the channels are the last axis, move them: input.movedim(-1, {num_leading})."
    channels = cell.input_channels
    return ShapeError(
        f"`input` must have shape ({leading}, C, {axes}) = ({leading}, {channels}, {axes}) because "
        f"input_channels={channels} and kernel_size={cell.kernel_size}, but it has shape {shape}.{hint}"
    )


def _check_size(image_size: tuple[int, ...], cell: ConvCell) -> None:
    if cell.image_size is not None and image_size != cell.image_size:
        raise ShapeError(
            f"`input` must hold images of size {cell.image_size}, the cell's `image_size`, "
            f"but their size is {image_size}."
        )
    for size, kernel in zip(image_size, cell.kernel_size, strict=True):
        # To reflect at the edge needs one pixel more than the kernel reaches; to go round, as many.
        needed = max(1, {"reflect": kernel // 2 + 1, "circular": kernel // 2}.get(cell.padding_mode, 1))
        if size < needed:
            raise ShapeError(
                f"`input` must have {needed} or more pixels along an axis where the kernel has {kernel}, "
                f"because padding_mode={cell.padding_mode!r}, but the size of its images is {image_size}."
            )
