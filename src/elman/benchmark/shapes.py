"""The sizes that are measured."""

from typing import NamedTuple

from elman.errors import OptionError


class Shape(NamedTuple):
    """The sizes of one measurement.

    Attributes:
        num_steps: Number of time steps, T.
        batch_size: Number of sequences, N.
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
    """

    num_steps: int
    batch_size: int
    input_size: int
    hidden_size: int

    def __str__(self) -> str:
        """Return the sizes as a person types them."""
        return ",".join(map(str, self))


STANDING = (
    Shape(100, 32, 64, 64),
    Shape(100, 32, 128, 128),
    Shape(200, 64, 256, 256),
    Shape(784, 64, 1, 128),
    Shape(100, 1, 64, 64),
    Shape(50, 128, 512, 512),
    Shape(1000, 16, 32, 32),
)
FOR_CELLS = STANDING[:2]
FOR_LENGTHS = STANDING[1:3]
FOR_MEMORY = STANDING[2:4]
FOR_FIRST_CALLS = STANDING[0]
FOR_STEPS = Shape(1, 1, 64, 64)


def parse_shape(text: str) -> Shape:
    """Read a shape as a person types it.

    Args:
        text: T,N,I,H: four positive integers.

    Raises:
        OptionError: It is anything else.

    Example:
        >>> parse_shape("100,32,64,64").hidden_size
        64
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4 or not all(part.isdecimal() and int(part) for part in parts):
        raise OptionError(
            f"A shape is T,N,I,H: steps, sequences, input size, hidden size, such as {STANDING[0]}; "
            f"but it is {text!r}."
        )
    return Shape(*map(int, parts))
