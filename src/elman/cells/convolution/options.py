"""Checks of the options that cells over images share."""

from elman.cells.options import brief, check_choice
from elman.errors import OptionError

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def as_kernel_size(value: object) -> tuple[int, ...]:
    """Return the size of a kernel along each axis of an image; one integer stands for a square.

    Raises:
        OptionError: There are no or more than three axes, or a size is not odd: then no image keeps its size.
    """
    sizes = (value, value) if isinstance(value, int) else value
    if not isinstance(sizes, tuple | list) or not 1 <= len(sizes) <= 3:
        raise OptionError(
            "`kernel_size` must be an integer, for a square kernel, or a tuple with one integer for each "
            f"axis of an image, of which there are one, two or three, but it is {brief(value)}."
        )
    if not all(_is_size(size) and size % 2 for size in sizes):
        raise OptionError(
            "`kernel_size` must be positive and odd along each axis, so that an image keeps its size, "
            f"but it is {brief(value)}."
        )
    return tuple(sizes)


def as_image_size(value: object, num_axes: int) -> tuple[int, ...] | None:
    """Return the size of an image along each axis, or None where any will do.

    Raises:
        OptionError: It is not one positive integer for each axis of the kernel.
    """
    if value is None:
        return None
    if not isinstance(value, tuple | list) or len(value) != num_axes or not all(map(_is_size, value)):
        raise OptionError(
            f"`image_size` must be a tuple of positive integers, one for each axis of the kernel "
            f"({num_axes}), or None, but it is {brief(value)}."
        )
    return tuple(value)


def check_padding_mode(value: object) -> None:
    """Refuse what is not one of torch's modes of padding.

    Raises:
        OptionError: It is not.
    """
    check_choice("padding_mode", value, PADDING_MODES)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
