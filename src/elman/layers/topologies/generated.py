"""What a network that reads its own output has written."""

from typing import NamedTuple

from torch import Tensor


class Generated(NamedTuple):
    """Generated sequences.

    Args:
        sequences: Symbols (T, N), or values (T, N, F), or with the batch first as in the layer; behind a
            sequence's end, its end symbol, or zeros.
        lengths: (N,) number of steps of each sequence, the end symbol included.
        log_probability: (N,) of the symbols of each sequence together; None for values.
        attention: (T, N, S) weights of the source's steps at each output, or None; zero behind the end.
    """

    sequences: Tensor
    lengths: Tensor
    log_probability: Tensor | None = None
    attention: Tensor | None = None
