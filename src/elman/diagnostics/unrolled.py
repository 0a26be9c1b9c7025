"""A layer of torch.nn as the cells that it consists of."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence

from elman.cells import Cell, map_state
from elman.layers import GRU, LSTM, RNN, Recurrent
from elman.layers.packed import pack_like, unpack

LAYERS = {"LSTM": LSTM, "GRU": GRU, "RNN_TANH": RNN, "RNN_RELU": RNN}


class Unrolled(nn.Module):
    """Computes what a layer of torch.nn does, each layer and direction run by a `Recurrent`.

    Args:
        layer: A layer of torch.nn, or of elman in its place.
        wrap: What is done to each cell.

    Attributes:
        named: Its recurrent layers, by name.
    """

    def __init__(self, layer: nn.RNNBase, wrap: Callable[[Cell], Cell]):
        super().__init__()
        self.dropout, self.batch_first, self.training = layer.dropout, layer.batch_first, layer.training
        self.num_directions = 1 + layer.bidirectional
        self.parts = nn.ModuleList()
        self.named: dict[str, Recurrent] = {}
        width = (layer.proj_size or layer.hidden_size) * self.num_directions
        for index, names in enumerate(layer._all_weights):
            number, is_reverse = divmod(index, self.num_directions)
            cell = _cell_of(layer, width if number else layer.input_size, names)
            part = Recurrent(wrap(cell), reverse=bool(is_reverse)).train(layer.training)
            self.parts.append(part)
            self.named[f"layer {number}" + (", reverse" if is_reverse else "")] = part

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: Any = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> tuple[Any, Any]:
        """Run all layers; arguments and results are those of `elman.LSTM` and its like."""
        if isinstance(input, PackedSequence):
            padded, lengths = unpack(input, self.batch_first)
            output, final_state = self.forward(padded, hx, lengths=lengths, resets=resets)
            return pack_like(output, lengths, input, self.batch_first), final_state
        if self.batch_first:
            input, resets = input.transpose(0, 1), None if resets is None else resets.transpose(0, 1)
        output, final_state = self._run(input, tuple(hx) if isinstance(hx, list) else hx, lengths, resets)
        return output.transpose(0, 1) if self.batch_first else output, final_state

    def _run(self, sequences: Tensor, hx: Any, lengths: Any, resets: Tensor | None) -> tuple[Tensor, Any]:
        final_states = []
        for number in range(0, len(self.parts), self.num_directions):
            if number:
                sequences = dropout(sequences, self.dropout, self.training)
            outputs = []
            for part in self.parts[number : number + self.num_directions]:
                index = len(final_states)
                state = None if hx is None else map_state(lambda h, index=index: h[index], hx)
                output, final_state = part(sequences, state, lengths=lengths, resets=resets)
                outputs.append(output)
                final_states.append(final_state)
            sequences = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=-1)
        return sequences, map_state(lambda *parts: torch.stack(parts), *final_states)


def _cell_of(layer: nn.RNNBase, input_size: int, names: Sequence[str]) -> Cell:
    """Return the cell of one layer and direction, on the layer's own weights."""
    maker = layer if hasattr(layer, "make_cell") else _as_ours(layer)
    with torch.device("meta"):
        cell = maker.make_cell(input_size)  # pyright: ignore[reportCallIssue]
    weights = {name.split("_l")[0]: getattr(layer, name) for name in names}
    for path, _ in list(cell.named_parameters()):
        parent, _, leaf = path.rpartition(".")
        setattr(cell.get_submodule(parent), leaf, weights[leaf])
    return cell.train(layer.training)


def _as_ours(layer: nn.RNNBase) -> nn.RNNBase:
    """Return the layer of elman that stands in the place of one of torch.nn, without its weights."""
    options: dict[str, Any] = {"bias": layer.bias, "device": "meta"}
    if layer.mode.startswith("RNN"):
        options["nonlinearity"] = layer.mode.split("_")[1].lower()
    if layer.proj_size:
        options["proj_size"] = layer.proj_size
    return LAYERS[layer.mode](layer.input_size, layer.hidden_size, **options)
