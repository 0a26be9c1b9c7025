"""The network of a language model: embedding, recurrent layers, read-out."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.wrappers import WeightDrop
from elman.errors import OptionError
from elman.layers import LSTM, Recurrent, SequenceLayer, Stacked
from elman.layers.dropout import Dropout
from elman.tasks.networks import make_cell, make_layer, seeded
from elman.tasks.text.options import TextOptions
from elman.training import init_recurrent_, set_forget_bias_

_ALPHABET = 256  # symbols; where there are more, they are words, of which there is more to say


class TextNetwork(nn.Module):
    """Reads codes of symbols and says, after each, what comes next.

    Args:
        num_codes: symbols there are, V.
        options: sizes, cell and dropouts.

    Shape:
        codes: (T, N) int64. Output: (T, N, V), the logits of the symbol after each.

    Raises:
        OptionError: the cell cannot do what an option asks for.
    """

    def __init__(self, num_codes: int, options: TextOptions) -> None:
        super().__init__()
        output_size = _make_layer(options, 1).output_size
        size = _embedding_size(num_codes, output_size, options)
        self.embedding = nn.Embedding(num_codes, size)
        self.input_dropout, self.dropout = Dropout(options.input_dropout), Dropout(options.dropout_after(0))
        layers: list[SequenceLayer] = []
        for _ in range(options.num_layers):
            layers.append(_make_layer(options, layers[-1].output_size if layers else size))
        self.layers = Stacked(*layers, dropout=self.dropout.p)
        # The layers may put out another number of features than a symbol has.
        is_wider = options.tied and size != output_size
        self.narrow = nn.Linear(output_size, size) if is_wider else nn.Identity()
        self.head = nn.Linear(size if options.tied else output_size, num_codes)
        if options.tied:
            nn.init.normal_(self.embedding.weight, std=size**-0.5)
            self.head.weight = self.embedding.weight

    @classmethod
    def fresh(cls, num_codes: int, options: TextOptions) -> TextNetwork:
        """Return a network with fresh weights on the options' device; they depend on the seed alone."""
        with seeded(options.seed):
            network = cls(num_codes, options)
            for module in network.modules():
                # Cells beside these bring first values of their own.
                if isinstance(module, nn.RNNBase):
                    init_recurrent_(module, "orthogonal")
                if isinstance(module, nn.LSTM | LSTM):
                    set_forget_bias_(module)
        return network.to(options.device)

    def set_dropout(self, share: float) -> None:
        """Drop this share of features from now on, between layers and before the read-out."""
        self.dropout.p = self.layers.dropout = share

    def forward(self, codes: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return the logits after each symbol, and the state to go on from."""
        features, state = self.features(codes, state)
        return self.logits(features), state

    def features(self, codes: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return what the last layer puts out after each symbol, and the state to go on from."""
        return self.layers(self.input_dropout(self.embedding(codes)), state)

    def logits(self, features: Tensor) -> Tensor:
        """Return the logits that belong to what the last layer puts out."""
        read = self.narrow(self.dropout(features))
        return linear(read, self.head.weight, self.head.bias)


def _embedding_size(num_codes: int, output_size: int, options: TextOptions) -> int:
    if options.embedding_size is not None:
        return options.embedding_size
    if options.tied:
        return output_size
    return 64 if num_codes <= _ALPHABET else 128


def _make_layer(options: TextOptions, input_size: int) -> SequenceLayer:
    if not options.weight_dropout:
        return make_layer(options.cell, input_size, options.hidden_size)
    cell = make_cell(options.cell, input_size, options.hidden_size)
    if not any(name.rpartition(".")[2] == "weight_hh" for name, _ in cell.named_parameters()):
        raise OptionError(
            f"`weight_dropout` drops recurrent weights, and {options.cell!r} has none called weight_hh; "
            "leave it 0."
        )
    return Recurrent(WeightDrop(cell, options.weight_dropout))
