"""From what one layer ends with, or from a vector, to what another begins with."""

import torch
from torch import Tensor, nn

from elman.cells.options import check_choice, check_size
from elman.cells.state import State, map_state, state_shapes
from elman.errors import ShapeError
from elman.layers.contract import SequenceLayer
from elman.layers.topologies.sequences import (
    check_layer,
    check_vector,
    flat_state,
    state_sizes,
    swap_rows,
)

_ACTIVATIONS = {"none": nn.Identity, "tanh": nn.Tanh}


class Bridge(nn.Module):
    """Turns the final state of an encoder, or a vector, into the initial state of a decoder.

    The two may differ in cell, size, number of layers and directions: each tensor of the decoder's state is
    an affine function of all that the encoder ends with.

    Equations:
        (1) s_0^k = g(W_k [c^1; c^2; ...] + b_k), for each tensor s^k of the decoder's state

    Args:
        source: The encoder, or the number of features of the vector.
        decoder: The layer that begins with the result.
        activation: g, "none" or "tanh".

    Shape:
        source: (N, V), or the encoder's final state. Result: as `decoder.initial_state(N)`.

    Raises:
        DtypeError: A layer is none.
        OptionError: `source` is no size, or `activation` is not legal.

    Reference:
        K. Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder for statistical
        machine translation", EMNLP.

    Example:
        >>> from elman import GRU, LSTM
        >>> encoder, decoder = GRU(3, 5, bidirectional=True), LSTM(2, 4)
        >>> _, final_state = encoder(torch.ones(7, 2, 3))
        >>> hidden, memory = Bridge(encoder, decoder)(final_state)
        >>> memory.shape
        torch.Size([1, 2, 4])
    """

    def __init__(self, source: SequenceLayer | int, decoder: SequenceLayer, *, activation: str = "none"):
        super().__init__()
        check_layer("decoder", decoder)
        check_choice("activation", activation, _ACTIVATIONS)
        if isinstance(source, int):
            check_size("source", source)
            self.source_sizes, self._encoder = [source], None
        else:
            check_layer("source", source)
            self.source_sizes, self._encoder = state_sizes(source), [source]
        # In lists, so that neither layer becomes a part of this module.
        self._decoder = [decoder]
        self.maps = nn.ModuleList(nn.Linear(sum(self.source_sizes), size) for size in state_sizes(decoder))
        self.activation = _ACTIVATIONS[activation]()

    def forward(self, source: State) -> State:
        """Return the decoder's initial state.

        Args:
            source: The encoder's final state, or the vectors.

        Raises:
            ShapeError: It is not what the bridge was made for.
        """
        values = self._join(source)
        flat = iter([self.activation(map_(values)) for map_ in self.maps])
        decoder = self._decoder[0]
        fresh = swap_rows(decoder, decoder.initial_state(len(values)))
        return swap_rows(decoder, map_state(lambda part: next(flat).reshape(part.shape), fresh))

    def _join(self, source: State) -> Tensor:
        if self._encoder is None:
            if not isinstance(source, Tensor):
                raise ShapeError(f"`source` must be one tensor (N, V), but it is {state_shapes(source)}.")
            check_vector("source", source, self.source_sizes[0])
            return source
        parts = flat_state(self._encoder[0], source)
        sizes = [part.shape[1] for part in parts]
        if sizes != self.source_sizes:
            raise ShapeError(
                f"`source` must be the encoder's final state, with {self.source_sizes} numbers a sequence, "
                f"but it has {sizes}: {state_shapes(source)}."
            )
        return torch.cat(parts, dim=1)
