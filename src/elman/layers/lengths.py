"""Checks of the lengths of sequences."""

from collections.abc import Sequence
from itertools import islice

import torch
from torch import Tensor

from elman.cells.options import brief
from elman.errors import DeviceError, DtypeError, LengthError, OptionError, ShapeError
from elman.layers.checks import check_tensor


def as_lengths(lengths: Tensor | Sequence[int], num_steps: int, batch_size: int) -> Tensor:
    """Return `lengths` as integers on the CPU.

    Raises:
        DtypeError: They are not integers.
        ShapeError: They are not one number a sequence.
        LengthError: One is not within 1..T.
        DeviceError: They have no values.
    """
    came = _as_tensor(lengths)
    if came.is_floating_point() or came.is_complex() or came.dtype == torch.bool:
        raise DtypeError(f"`lengths` must be integers, but their dtype is {came.dtype}.")
    if came.shape != (batch_size,):
        swapped = "\n    As many as time steps: set `batch_first` to the layout of the input."
        raise ShapeError(
            f"`lengths` must have shape (N,) = ({batch_size},), but they have shape {tuple(came.shape)}."
            f"{swapped if came.shape == (num_steps,) else ''}"
        )
    if came.is_meta:
        raise DeviceError("`lengths` must have values, but they are on meta.")
    if torch.compiler.is_compiling():  # there are no values yet; the compiled call checks them
        return came.to("cpu", torch.int64)
    numbers = came.tolist()
    if batch_size and not (min(numbers) >= 1 and max(numbers) <= num_steps):
        raise LengthError(_wrong_lengths(numbers, num_steps))
    return came if came.dtype == torch.int64 and came.is_cpu else came.to("cpu", torch.int64)


def _as_tensor(lengths: object) -> Tensor:
    if isinstance(lengths, Tensor):
        check_tensor("lengths", lengths)
        return lengths
    if isinstance(lengths, list | tuple) and not lengths:  # which torch would take for a list of floats
        return torch.empty(0, dtype=torch.int64)
    try:
        return torch.as_tensor(lengths)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise DtypeError(
            f"`lengths` must be integers, one a sequence, but they are {brief(lengths)}."
        ) from error


def _wrong_lengths(lengths: list[int], num_steps: int) -> str:
    wrong = [index for index, length in enumerate(lengths) if not 1 <= length <= num_steps]
    first = wrong[0]
    if lengths[first] < 1:
        rule = "every sequence needs at least one time step"
    else:
        rule = f"no sequence can be longer than the input's {num_steps} time steps"
    listed = ", ".join(map(str, islice(wrong, 5))) + (", ..." if len(wrong) > 5 else "")
    others = (
        f" ({len(wrong)} of {len(lengths)} are not in 1..{num_steps}: {listed})" if len(wrong) > 1 else ""
    )
    return f"{rule}, but lengths[{first}] = {lengths[first]}{others}."


def check_no_lengths(lengths: object) -> None:
    """Refuse `lengths` beside a PackedSequence.

    Raises:
        OptionError: There are some.
    """
    if lengths is not None:
        raise OptionError("a PackedSequence carries its own lengths; leave `lengths` out.")
