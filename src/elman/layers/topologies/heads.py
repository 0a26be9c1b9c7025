"""The part of a network that stands on a recurrent layer."""

from torch import nn

from elman.errors import DtypeError


def check_head(head: object) -> None:
    """Refuse a head that is no module.

    Raises:
        DtypeError: It is none.
    """
    if head is not None and not isinstance(head, nn.Module):
        raise DtypeError(
            f"`head` must be a torch.nn.Module, such as nn.Linear, but it is a {type(head).__name__}."
        )


def head_size(head: nn.Module | None, input_size: int) -> int:
    """Return the width of a head's output: that of the last linear map in it, or else that of its input."""
    sizes = [] if head is None else [getattr(part, "out_features", None) for part in head.modules()]
    return next((size for size in reversed(sizes) if isinstance(size, int)), input_size)
