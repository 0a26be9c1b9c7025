"""The contract of an encoder."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from elman.cells.base import first_parameter
from elman.errors import ShapeError
from elman.layers.checks import check_like, check_tensor


class InputEncoder(nn.Module, ABC):
    """Turns frames of one kind of input into features, row by row; abstract.

    Any module of torch with an `output_size`, `out_features` or `embedding_dim` can stand in the place of an
    encoder. Derive from this class to have what is fed in checked by name.

    Args:
        output_size: Number of features that it makes of a frame, E.
        frame: The shape of a frame; a letter stands for an axis of any size.

    Shape:
        frames: (M, *frame). input: the same with other axes in front. Returns: (M, E).

    Example:
        >>> class Energy(InputEncoder):
        ...     def __init__(self):
        ...         super().__init__(output_size=1, frame=("F",))
        ...     def forward(self, frames):
        ...         return frames.square().mean(1, keepdim=True)
        >>> Energy()(torch.tensor([[1.0, 3.0], [2.0, 0.0]]))
        tensor([[5.],
                [2.]])
    """

    def __init__(self, output_size: int, frame: tuple[int | str, ...]):
        super().__init__()
        self.output_size = output_size
        self.frame = frame

    @abstractmethod
    def forward(self, frames: Tensor) -> Tensor:
        """Return the features of each frame."""

    def check(self, name: str, input: object, leading: str) -> None:
        """Refuse an input that the encoder does not take.

        Args:
            name: What the caller knows the input as.
            input: What the caller gave.
            leading: The axes before those of a frame: "T, N", "N, T" or "N".

        Raises:
            ShapeError: An axis is missing or has the wrong size.
            DtypeError: It is no dense tensor, or of another dtype than the encoder takes.
            DeviceError: It is not where the encoder's parameters are.
        """
        check_tensor(name, input)
        assert isinstance(input, Tensor)
        shape = input.shape[leading.count(",") + 1 :]
        fits = [axis == size for axis, size in zip(self.frame, shape, strict=False) if isinstance(axis, int)]
        if input.dim() != leading.count(",") + 1 + len(self.frame) or not all(fits):
            layout = ", ".join([leading, *map(str, self.frame)])
            raise ShapeError(
                f"`{name}` must have shape ({layout}{',' if layout == 'N' else ''}) for its "
                f"{type(self).__name__}, but it has shape {tuple(input.shape)}.{self._hint(tuple(shape))}"
            )
        self.check_values(name, input)

    def check_values(self, name: str, input: Tensor) -> None:
        """Refuse what is not of the dtype and on the device of the parameters; integers are for embeddings.

        Args:
            name: What the caller knows the input as.
            input: What the caller gave, of the right shape.

        Raises:
            DtypeError: Its dtype is another.
            DeviceError: Its device is another.
        """
        parameter = first_parameter(self)
        if parameter is not None:
            check_like(name, input, parameter)

    def _hint(self, shape: tuple[int, ...]) -> str:
        """Return what to do about a frame of another shape."""
        if len(shape) == len(self.frame) > 1 and shape[-1] == self.frame[0]:
            return f"\n    If the channels are the last axis, move them: movedim(-1, {-len(shape)})."
        if len(shape) == len(self.frame) - 1 and self.frame[0] == 1:
            return f"\n    One number is an axis of one: unsqueeze({-1 - len(shape)})."
        return ""
