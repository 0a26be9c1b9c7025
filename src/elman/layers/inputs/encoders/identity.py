"""Features as they come."""

from torch import Tensor

from elman.cells.options import check_size
from elman.errors import DtypeError
from elman.layers.inputs.encoders.base import InputEncoder


class IdentityEncoder(InputEncoder):
    """Hands features through as they come.

    Use it for a few numbers that the layer may read itself: h_t = f(h_{t-1}, x1_t, x2_t).

    Args:
        size: Number of features, I.

    Shape:
        frames: (M, I). Returns: (M, I).

    Raises:
        OptionError: `size` is not a positive integer.

    Example:
        >>> IdentityEncoder(2)(torch.ones(3, 2)).shape
        torch.Size([3, 2])
    """

    def __init__(self, size: int):
        check_size("size", size)
        super().__init__(size, (size,))

    def forward(self, frames: Tensor) -> Tensor:
        """Return the frames."""
        return frames

    def check_values(self, name: str, input: Tensor) -> None:
        """Refuse integers, which a sum of products would take for amounts.

        Args:
            name: What the caller knows the input as.
            input: What the caller gave, of the right shape.

        Raises:
            DtypeError: It is not floating point.
        """
        if not input.is_floating_point():
            raise DtypeError(
                f"`{name}` must be floating point, but its dtype is {input.dtype}.\n"
                "    Amounts: convert them, .float(). Categories: give the stream an EmbeddingEncoder."
            )

    def extra_repr(self) -> str:
        """Name the size."""
        return str(self.output_size)
