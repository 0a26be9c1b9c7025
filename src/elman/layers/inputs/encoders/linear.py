"""Features as sums of features."""

import torch
from torch import Tensor, nn

from elman.cells.options import check_choice, check_size
from elman.layers.inputs.encoders.base import InputEncoder

ACTIVATIONS = {"none": lambda features: features, "tanh": torch.tanh, "relu": torch.relu}


class LinearEncoder(InputEncoder):
    """Makes each feature a sum of the given ones, squashed if asked.

    Use it to give inputs of unequal size an equal part in the layer, or to sum them.

    Equations:
        (1) e = activation(W x + b)

    Args:
        input_size: Number of features of a frame, I.
        output_size: Number of features that are made of them, E.
        activation: "none", "tanh" or "relu".

    Shape:
        frames: (M, I). Returns: (M, E).

    Raises:
        OptionError: An option has a value that is not legal.

    Example:
        >>> LinearEncoder(input_size=2, output_size=8)(torch.ones(3, 2)).shape
        torch.Size([3, 8])
    """

    def __init__(self, input_size: int, output_size: int, *, activation: str = "none"):
        check_size("input_size", input_size)
        check_size("output_size", output_size)
        check_choice("activation", activation, ACTIVATIONS)
        super().__init__(output_size, (input_size,))
        self.activation = activation
        self.linear = nn.Linear(input_size, output_size)

    def forward(self, frames: Tensor) -> Tensor:
        """Return the features of each frame."""
        return ACTIVATIONS[self.activation](self.linear(frames))

    def extra_repr(self) -> str:
        """Name the activation where there is one."""
        return "" if self.activation == "none" else f"activation={self.activation!r}"
