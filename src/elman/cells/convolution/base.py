"""The contract of a cell over images, and its weights."""

import inspect
import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.cells.convolution.options import as_image_size, as_kernel_size, check_padding_mode
from elman.cells.options import check_flag, check_size
from elman.errors import OptionError

_CONVOLUTIONS = (functional.conv1d, functional.conv2d, functional.conv3d)


class ConvCell(nn.Module, ABC):
    """One time step of a recurrence over images; `elman.layers.ConvRecurrent` runs it over sequences.

    Derive from it to write a cell of your own: W * x and U * h of all gates are convolutions with
    `weight_ih` and `weight_hh`, stacked by channels in the order of the gates; `advance` is the rest. Where
    the kernel reaches over the edge of the image, `padding_mode` says what it finds.

    Args:
        input_channels: Number of channels of the input, C.
        hidden_channels: Number of channels of the state, K.
        kernel_size: Odd size of the kernels along each axis of an image: (k,) for sequences of lines, (k, k)
            or just k for sequences of images, (k, k, k) for volumes.
        num_gates: How many gates are stacked in the weights.
        padding_mode: What stands beyond the edge: "zeros", "reflect", "replicate" or "circular".
        image_size: The size of an image along each axis, where there is but one; any without it.
        bias: Whether each gate has one bias a channel.

    Shape:
        input: (N, C, *image). state: (N, K, *image) each tensor. output: (N, K, *image).

    Raises:
        OptionError: An option has a value that is not legal.

    Example:
        >>> class LeakySum(ConvCell):
        ...     def __init__(self, input_channels, hidden_channels):
        ...         super().__init__(input_channels, hidden_channels, kernel_size=3, num_gates=1)
        ...     def advance(self, projected, state):
        ...         state = 0.5 * state + projected
        ...         return state, state
        >>> cell = LeakySum(input_channels=1, hidden_channels=2)
        >>> output, state = cell(torch.ones(4, 1, 6, 5), cell.initial_state(4, image_size=(6, 5)))
        >>> output.shape
        torch.Size([4, 2, 6, 5])
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        input_channels: int,
        hidden_channels: int,
        kernel_size: int | tuple[int, ...],
        num_gates: int,
        *,
        padding_mode: str = "zeros",
        image_size: tuple[int, ...] | None = None,
        bias: bool = True,
    ):
        super().__init__()
        sizes = {"input_channels": input_channels, "hidden_channels": hidden_channels, "num_gates": num_gates}
        for name, size in sizes.items():
            check_size(name, size)
        check_padding_mode(padding_mode)
        check_flag("bias", bias)
        self.input_channels = input_channels
        self.hidden_channels = hidden_channels
        self.kernel_size = as_kernel_size(kernel_size)
        self.padding_mode = padding_mode
        self.image_size = as_image_size(image_size, self.num_axes)
        channels = num_gates * hidden_channels
        self.weight_ih = nn.Parameter(torch.empty(channels, input_channels, *self.kernel_size))
        self.weight_hh = nn.Parameter(torch.empty(channels, hidden_channels, *self.kernel_size))
        self.register_parameter("bias", nn.Parameter(torch.empty(channels)) if bias else None)
        ConvCell.reset_parameters(self)  # a derived class has not made its own yet

    @property
    def num_axes(self) -> int:
        """Number of axes of an image."""
        return len(self.kernel_size)

    def forward(self, input: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Compute one time step; return the output, and the new state in the structure of the old one."""
        return self.advance(self.from_input(input), state)

    @abstractmethod
    def advance(self, projected: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Compute what of one time step depends on the state.

        Args:
            projected: What `from_input` makes of the input; for all time steps it is computed at once.
            state: The state after the step before.

        Shape:
            projected: (N, num_gates * K, *image). state: as `initial_state(N, image)`.
        """

    def from_input(self, input: Tensor) -> Tensor:
        """Return W * x + b of all gates, side by side."""
        return self.convolve(input, self.weight_ih, self.bias)

    def from_hidden(self, hidden: Tensor) -> Tensor:
        """Return U * h of all gates, side by side; h is `hidden`, (N, K, *image)."""
        return self.convolve(hidden, self.weight_hh)

    def convolve(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return images of the same size: each pixel is a weighted sum of those around it.

        Shape:
            input: (N, channels, *image). weight: (channels of the result, channels, *kernel_size).
            bias: (channels of the result,).
        """
        convolution = _CONVOLUTIONS[self.num_axes - 1]
        reach = [size // 2 for size in self.kernel_size]
        if self.padding_mode == "zeros":
            return convolution(input, weight, bias, padding=reach)
        edges = [pixels for pixels in reversed(reach) for _ in range(2)]
        return convolution(functional.pad(input, edges, self.padding_mode), weight, bias)

    def initial_state(self, batch_size: int, image_size: tuple[int, ...] | None = None) -> Any:
        """Return the fresh state of `batch_size` sequences: zeros of shape (N, K, *image).

        Args:
            batch_size: Number of sequences, N.
            image_size: The size of an image along each axis; the cell's own without it.

        Raises:
            OptionError: Neither says how large an image is.
        """
        return self.zeros(batch_size, image_size)

    def zeros(self, batch_size: int, image_size: tuple[int, ...] | None) -> Tensor:
        """Return zeros of shape (N, K, *image); `batch_size` and `image_size` are as in `initial_state`.

        Raises:
            OptionError: Nothing says how large an image is.
        """
        size = self.image_size if image_size is None else tuple(image_size)
        if size is None:
            raise OptionError(
                "a state is as large as an image, and nothing says how large that is.\n"
                "    Say it here, initial_state(batch_size, image_size), or to the cell, image_size=... ."
            )
        return self.weight_hh.new_zeros(batch_size, self.hidden_channels, *size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew: input weights as torch does, each gate's recurrent ones orthogonal."""
        bound = 1 / math.sqrt(self.weight_ih[0].numel())
        nn.init.uniform_(self.weight_ih, -bound, bound)
        for gate in self.weight_hh.detach().split(self.hidden_channels):
            nn.init.orthogonal_(gate)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def extra_repr(self) -> str:
        """Name the sizes, and the options that differ from their defaults."""
        parts = [f"{self.input_channels}, {self.hidden_channels}, kernel_size={self.kernel_size}"]
        for name, option in inspect.signature(type(self)).parameters.items():
            value = self.__dict__.get(name, option.default)  # `bias` is not there: it is a parameter
            if name != "kernel_size" and option.default not in (option.empty, value):
                parts.append(f"{name}={value!r}")
        return ", ".join(parts if self.bias is not None else [*parts, "bias=False"])
