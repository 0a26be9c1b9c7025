"""Features of images, and of lines of sensors."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from elman.cells.convolution.options import as_kernel_size
from elman.cells.options import brief, check_size
from elman.errors import OptionError
from elman.layers.inputs.encoders.base import InputEncoder

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_POOLS = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)
_AXES = (("L",), ("H", "W"), ("D", "H", "W"))


class ConvEncoder(InputEncoder):
    """Makes features of an image, or of a line of sensors, by convolutions.

    Use it for small frames of any size; for more, give `MultiInput` a network of your own. Each convolution
    halves the image and is followed by a rectifier; the last map is averaged over a grid of fields, so that
    frames of any size make as many features, and a linear map joins these.

    Args:
        input_channels: Number of channels of a frame, C.
        output_size: Number of features that are made of it, E.
        channels: Number of channels behind each convolution.
        kernel_size: Odd size of the kernels along each axis of a frame: (k,) for lines, (k, k) or just k for
            images, (k, k, k) for volumes.
        grid_size: Number of fields along each axis that the last map is averaged over; with 1, what is seen
            counts and not where.

    Shape:
        frames: (M, C, *image). Returns: (M, E).

    Raises:
        OptionError: An option has a value that is not legal.

    Example:
        >>> video = ConvEncoder(input_channels=3, output_size=8, grid_size=2)
        >>> video(torch.rand(5, 3, 24, 32)).shape
        torch.Size([5, 8])
        >>> sensors = ConvEncoder(input_channels=1, output_size=8, kernel_size=(5,))
        >>> sensors(torch.rand(5, 1, 40)).shape
        torch.Size([5, 8])
    """

    def __init__(
        self,
        input_channels: int,
        output_size: int,
        *,
        channels: Sequence[int] = (16, 32),
        kernel_size: int | tuple[int, ...] = 3,
        grid_size: int = 1,
    ):
        sizes = {"input_channels": input_channels, "output_size": output_size, "grid_size": grid_size}
        for name, size in sizes.items():
            check_size(name, size)
        kernel = as_kernel_size(kernel_size)
        super().__init__(output_size, (input_channels, *_AXES[len(kernel) - 1]))
        counts = [input_channels, *_as_channels(channels)]
        self.convolutions = nn.Sequential()
        for before, after in pairwise(counts):
            convolution = _CONVOLUTIONS[len(kernel) - 1]
            padding = tuple(size // 2 for size in kernel)
            self.convolutions.append(convolution(before, after, kernel, stride=2, padding=padding))  # pyright: ignore[reportArgumentType]
            self.convolutions.append(nn.ReLU())
        self.pool = _POOLS[len(kernel) - 1](grid_size)
        self.linear = nn.Linear(counts[-1] * grid_size ** len(kernel), output_size)

    def forward(self, frames: Tensor) -> Tensor:
        """Return the features of each frame."""
        return self.linear(self.pool(self.convolutions(frames)).flatten(1))


def _as_channels(channels: object) -> list[int]:
    if not isinstance(channels, list | tuple) or not channels:
        raise OptionError(
            "`channels` must be the number of channels behind each convolution, in a tuple, "
            f"but it is {brief(channels)}."
        )
    for index, size in enumerate(channels):
        check_size(f"channels[{index}]", size)
    return list(channels)
