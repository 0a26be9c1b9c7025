"""Between torch's packed sequences and padded tensors with lengths."""

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


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
