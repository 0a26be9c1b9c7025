"""One of several inputs: its encoder, and what stands where there is nothing to encode."""

import torch
from torch import Tensor, nn

from elman.errors import ShapeError
from elman.layers.checks import check_tensor
from elman.layers.frames import map_frames
from elman.layers.inputs.encoders import InputEncoder
from elman.layers.sizes import declared_output_size


class InputPart(nn.Module):
    """Encodes the frames of one input that are there, and puts a learned vector where one is missing.

    Args:
        encoder: Turns frames into features.
        learns_missing: Whether there is such a vector, `missing`; it starts at zero.
    """

    missing: nn.Parameter | None

    def __init__(self, encoder: nn.Module, learns_missing: bool):
        super().__init__()
        self.encoder = encoder
        self.output_size = declared_output_size(encoder) or 0
        vector = nn.Parameter(torch.zeros(self.output_size)) if learns_missing else None
        self.register_parameter("missing", vector)

    def forward(self, input: Tensor | None, where: Tensor | None, sizes: tuple[int, int]) -> Tensor:
        """Return the features of each step of each sequence.

        Args:
            input: The frames; None where all are missing.
            where: True at the frames that are to be read; all without it.
            sizes: The first two axes of the result.

        Shape:
            input: (T, N, ...), or (N, T, ...). where: (T, N), or (N, T). Returns: (T, N, E), or (N, T, E).

        Raises:
            ShapeError: The encoder does not return as many features as it says.
        """
        if self.missing is not None and (input is None or (where is not None and not where.any())):
            return self.missing.expand(*sizes, -1)
        assert input is not None
        features = map_frames(self.encoder, input, where, self.missing)
        if features.shape[2:] != (self.output_size,):
            raise ShapeError(
                f"{type(self.encoder).__name__} must return {self.output_size} features for each frame, "
                f"as it says, but it returned {tuple(features.shape[2:])}."
            )
        return features

    def check(self, name: str, input: object, leading: str) -> None:
        """Refuse an input that the encoder does not take; any other module judges for itself.

        Args:
            name: What the caller knows the input as.
            input: What the caller gave.
            leading: The axes before those of a frame: "T, N", "N, T" or "N".
        """
        if isinstance(self.encoder, InputEncoder):
            self.encoder.check(name, input, leading)
            return
        check_leading(name, input, leading)


def check_leading(name: str, input: object, leading: str) -> None:
    """Refuse what is no dense tensor with these axes in front.

    Raises:
        DtypeError: It is no dense tensor.
        ShapeError: It has not as many axes.
    """
    check_tensor(name, input)
    assert isinstance(input, Tensor)
    if input.dim() < leading.count(",") + 1:
        raise ShapeError(f"`{name}` must have shape ({leading}, ...), but it has shape {tuple(input.shape)}.")
