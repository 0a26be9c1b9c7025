"""Recurrent sweeps over an image."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from elman.cells import Cell
from elman.cells.options import brief, check_flag, check_size
from elman.compiler import shared_by
from elman.errors import DtypeError, OptionError, ShapeError
from elman.layers.checks import check_like, check_tensor
from elman.layers.recurrent import Recurrent
from elman.layers.states import example_of

_AXES = {"height": 2, "width": 3}  # of an image (N, C, H, W)


class ImageSweep(nn.Module):
    """Reads the lines of an image as sequences, along one axis and then along the other, from both ends.

    Use it where a pixel must see more than its neighbourhood: behind one sweep along each axis, from both
    ends, every output pixel depends on every input pixel, where a 3 x 3 convolution sees nine. Lines go
    through `Recurrent`, so kernels run them; an image may have any size.

    Equations:
        (1) right = Recurrent(cell), along the line
        (2) left = Recurrent(another cell, reverse=True), along the line
        (3) [right; left] at each pixel, the channels of the sweep along the next axis

    Args:
        make_cell: Makes a cell from the size of its input; called once for each axis and direction, such as
            `functools.partial(GRUCell, hidden_size=8)`.
        input_channels: Number of channels of the image, C.
        axes: The axes to sweep along, in order: "width", "height", or both.
        bidirectional: Whether to sweep from both ends: with both axes, in four directions.
        backend: As in `Recurrent`.

    Shape:
        image: (N, C, H, W). Returns: (N, output_size, H, W).

    Raises:
        OptionError: An option has a value that is not legal, or a cell takes another number of features than
            it was made for.
        DtypeError: `make_cell` cannot be called, or returns no `Cell`.

    Reference:
        F. Visin, K. Kastner, K. Cho, M. Matteucci, A. Courville, Y. Bengio (2015), "ReNet: a recurrent neural
        network based alternative to convolutional networks", arXiv:1505.00393.

    Differs from the paper:
        The paper cuts the image into patches and reads these (put `torch.nn.PixelUnshuffle` before), and
        sweeps along the height first, `axes=("height", "width")`.

    Example:
        >>> from functools import partial
        >>> from elman.cells import GRUCell
        >>> sweep = ImageSweep(partial(GRUCell, hidden_size=5), input_channels=3)
        >>> sweep(torch.rand(2, 3, 8, 6)).shape
        torch.Size([2, 10, 8, 6])
    """

    def __init__(
        self,
        make_cell: Callable[[int], Cell],
        input_channels: int,
        *,
        axes: Sequence[str] = ("width", "height"),
        bidirectional: bool = True,
        backend: str = "auto",
    ):
        super().__init__()
        check_size("input_channels", input_channels)
        check_flag("bidirectional", bidirectional)
        self.axes = _as_axes(axes)
        self.input_size = self.output_size = input_channels
        self.sweeps = nn.ModuleDict()
        for axis in self.axes:
            cells = [_make_cell(make_cell, self.output_size) for _ in range(1 + bidirectional)]
            layers = [
                Recurrent(cell, reverse=index == 1, backend=backend) for index, cell in enumerate(cells)
            ]
            self.sweeps[axis] = nn.ModuleList(layers)
            self.output_size = sum(cell.output_size for cell in cells)

    def forward(self, image: Tensor) -> Tensor:
        """Sweep over a batch of images.

        Raises:
            ShapeError: The shape is not (N, C, H, W), or there is no pixel.
            DtypeError: The image has not the dtype of the parameters.
            DeviceError: It is not where they are.
        """
        self._check(image)
        with shared_by(len(self.axes)):
            for axis in self.axes:
                image = self._sweep(image, axis)
        return image

    def _sweep(self, image: Tensor, axis: str) -> Tensor:
        """Run over the lines along one axis: each is a sequence, so that the batch has N * lines of them."""
        lines = image.movedim((_AXES[axis], 1), (0, 3))
        sequences = lines.flatten(1, 2)
        layers = [*self.sweeps[axis]]  # pyright: ignore[reportGeneralTypeIssues, reportArgumentType]
        with shared_by(len(layers)):
            outputs = [layer(sequences)[0] for layer in layers]
        output = torch.cat(outputs, dim=-1).unflatten(1, lines.shape[1:3])
        return output.movedim((0, 3), (_AXES[axis], 1))

    def _check(self, image: object) -> None:
        check_tensor("image", image)
        assert isinstance(image, Tensor)
        channels = self.input_size
        if image.dim() != 4 or image.shape[1] != channels:
            raise ShapeError(
                f"`image` must have shape (N, C, H, W) = (N, {channels}, H, W) because "
                f"input_channels={channels}, but it has shape {tuple(image.shape)}."
            )
        if 0 in image.shape[2:]:
            raise ShapeError(f"`image` must have at least one pixel, but it has shape {tuple(image.shape)}.")
        check_like("image", image, *example_of(self, image))


def _as_axes(axes: object) -> tuple[str, ...]:
    is_list = isinstance(axes, list | tuple) and all(axis in _AXES for axis in axes)
    if not isinstance(axes, list | tuple) or not is_list or len(set(axes)) != len(axes) or not axes:
        raise OptionError(
            f"`axes` must be one or both of 'width' and 'height', in a tuple, but it is {brief(axes)}."
        )
    return tuple(axes)


def _make_cell(make_cell: Callable[[int], Cell], input_size: int) -> Cell:
    if not callable(make_cell) or isinstance(make_cell, nn.Module):
        raise DtypeError(
            "`make_cell` must make a cell from the size of its input, such as "
            f"functools.partial(GRUCell, hidden_size=8), but it is a {type(make_cell).__name__}."
        )
    cell = make_cell(input_size)
    if not isinstance(cell, Cell):
        raise DtypeError(f"`make_cell` must return an elman.Cell, but it returned a {type(cell).__name__}.")
    if cell.input_size != input_size:
        raise OptionError(
            f"`make_cell({input_size})` must return a cell with input_size={input_size}, "
            f"but its input_size is {cell.input_size}."
        )
    return cell
