"""Checks of the options of torch.nn's layers that torch itself takes on trust, or stumbles over."""

from numbers import Integral, Real

import torch

from elman.cells.options import brief
from elman.errors import DtypeError, OptionError


def check_torch_options(
    *, num_layers: object, dropout: object, bidirectional: object, proj_size: object, dtype: object
) -> None:
    """Refuse options of a type that the layer cannot mean; torch checks the values and the rest.

    Raises:
        OptionError: An option is of the wrong type.
        DtypeError: `dtype` is not one that parameters can have.
    """
    for name, count in {"num_layers": num_layers, "proj_size": proj_size}.items():
        if not isinstance(count, Integral):
            raise OptionError(f"`{name}` must be an integer, but it is {brief(count)}.")
    if not isinstance(dropout, Real):
        raise OptionError(f"`dropout` must be a number in 0..1, but it is {brief(dropout)}.")
    if not isinstance(bidirectional, int) or bidirectional not in (False, True):  # torch's users write 1 too
        raise OptionError(f"`bidirectional` must be True or False, but it is {brief(bidirectional)}.")
    if dtype is not None and not _holds_parameters(dtype):
        raise DtypeError(f"`dtype` must be a floating point torch.dtype, but it is {brief(dtype)}.")


def _holds_parameters(dtype: object) -> bool:
    return isinstance(dtype, torch.dtype) and (dtype.is_floating_point or dtype.is_complex)
