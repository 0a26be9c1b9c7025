"""Between torch's packed sequences and padded tensors with lengths."""

import itertools
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from elman.errors import DtypeError, LengthError, ShapeError
from elman.layers.checks import check_tensor


def check_packed(packed: PackedSequence) -> None:
    """Refuse what `pack_sequence` cannot have made; torch drops rows of some such inputs, and says nothing.

    Raises:
        DtypeError: A part has the wrong type or dtype.
        ShapeError: The data are not (sum of lengths, I), or the other parts do not fit them.
        LengthError: The batch sizes are not those of sequences.
    """
    check_tensor("input.data", packed.data)
    if packed.data.dim() != 2:
        raise ShapeError(
            f"`input.data` must have shape (sum of lengths, I), but it has shape {tuple(packed.data.shape)}."
        )
    _check_integers("input.batch_sizes", packed.batch_sizes, torch.int64)
    sizes = packed.batch_sizes.tolist()
    if not sizes or sizes[-1] < 1 or any(after > before for before, after in itertools.pairwise(sizes)):
        raise LengthError(
            "`input.batch_sizes` must be positive and never rise, "
            f"but they are {sizes[:8]}{'...' if len(sizes) > 8 else ''}."
        )
    if sum(sizes) != len(packed.data):
        raise ShapeError(
            f"`input.batch_sizes` must sum to the {len(packed.data)} rows of `input.data`, "
            f"but they sum to {sum(sizes)}."
        )
    if packed.sorted_indices is not None or packed.unsorted_indices is not None:
        _check_order(packed.sorted_indices, packed.unsorted_indices, sizes[0])


def _check_order(order: Any, back: Any, batch_size: int) -> None:
    for name, part in {"input.sorted_indices": order, "input.unsorted_indices": back}.items():
        _check_integers(name, part, torch.int64, torch.int32)
        if part.shape != (batch_size,):
            raise ShapeError(f"`{name}` must have shape (N,) = ({batch_size},), but has {tuple(part.shape)}.")
    if not order.is_cpu or not back.is_cpu:  # to read them would wait for the device
        return
    places, rows = list(range(batch_size)), order.tolist()
    if sorted(rows) != places or [rows[index] for index in back.clamp(0, batch_size - 1).tolist()] != places:
        raise ShapeError(
            "`input.sorted_indices` must order the sequences, and `input.unsorted_indices` undo it."
        )


def _check_integers(name: str, value: object, *dtypes: torch.dtype) -> None:
    check_tensor(name, value)
    assert isinstance(value, Tensor)
    if value.dtype not in dtypes or value.dim() != 1:
        raise DtypeError(
            f"`{name}` must be one axis of {dtypes[0]}, but has {value.dim()} axes of {value.dtype}."
        )


def unpack(packed: PackedSequence, batch_first: bool) -> tuple[Tensor, Tensor]:
    """Return the sequences, padded and in their original order, and their lengths (N,)."""
    return pad_packed_sequence(packed, batch_first)


def pack_like(output: Tensor, lengths: Tensor, packed: PackedSequence, batch_first: bool) -> PackedSequence:
    """Pack `output`, in original order, with the order of rows of `packed`.

    To sort by length again could order sequences of equal length in another way.
    """
    if packed.sorted_indices is not None:
        output = output.index_select(0 if batch_first else 1, packed.sorted_indices)
        lengths = lengths.index_select(0, packed.sorted_indices.cpu())
    return packed._replace(data=pack_padded_sequence(output, lengths, batch_first).data)
