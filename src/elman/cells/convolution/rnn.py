"""The simple recurrent network over images."""

from torch import Tensor

from elman.cells.convolution.base import ConvCell
from elman.cells.elman import ACTIVATIONS
from elman.cells.options import check_choice


class ConvRNNCell(ConvCell):
    """The simple recurrent cell over images: each pixel sees its neighbours, and theirs a step later.

    Use it as the baseline of the gated ones, and where a state of a few steps is enough.

    Equations:
        (1) H_t = activation(W * X_t + U * H_{t-1} + b)    where * is the convolution
        returns H_t, H_t

    Args:
        input_channels: Number of channels of the input, C.
        hidden_channels: Number of channels of the state, K.
        kernel_size: Odd size of the kernels along each axis of an image, (k,) for lines; k is short for
            (k, k).
        activation: "tanh", "relu" or "sigmoid".
        padding_mode: What stands beyond the edge: "zeros", "reflect", "replicate" or "circular".
        image_size: The size of an image along each axis, where there is but one; any without it.
        bias: Whether b is there.

    Shape:
        input: (N, C, *image). state: (N, K, *image). output: (N, K, *image).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        M. Liang, X. Hu (2015), "Recurrent convolutional neural network for object recognition", CVPR.

    Differs from the paper:
        The input may change from step to step, where the paper shows one image at every step; there is no
        local response normalization.

    Example:
        >>> cell = ConvRNNCell(input_channels=1, hidden_channels=4, kernel_size=3)
        >>> output, state = cell(torch.zeros(2, 1, 8, 6), cell.initial_state(2, image_size=(8, 6)))
        >>> output.shape
        torch.Size([2, 4, 8, 6])
    """

    def __init__(
        self,
        input_channels: int,
        hidden_channels: int,
        kernel_size: int | tuple[int, ...] = 3,
        *,
        activation: str = "tanh",
        padding_mode: str = "zeros",
        image_size: tuple[int, ...] | None = None,
        bias: bool = True,
    ):
        check_choice("activation", activation, ACTIVATIONS)
        super().__init__(
            input_channels,
            hidden_channels,
            kernel_size,
            num_gates=1,
            padding_mode=padding_mode,
            image_size=image_size,
            bias=bias,
        )
        self.activation = activation

    def advance(self, projected: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute what of one time step depends on the state; `projected` is W * X + b of all gates."""
        hidden = ACTIVATIONS[self.activation](projected + self.from_hidden(state))
        return hidden, hidden
