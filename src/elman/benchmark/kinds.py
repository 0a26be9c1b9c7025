"""The layers of torch.nn and ours, with the same weights."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from elman.benchmark.shapes import Shape
from elman.layers import GRU, LSTM, RNN


@dataclass(frozen=True)
class Kind:
    """A layer that torch.nn has, too.

    Args:
        title: How it is called in the tables.
        peer: Makes torch's from input size and hidden size.
        ours: Makes ours.
        num_gates: Rows of its weights by its hidden size.
        has_kinks: Whether its derivative jumps.
    """

    title: str
    peer: Callable[[int, int], nn.Module]
    ours: Callable[[int, int], nn.Module]
    num_gates: int
    has_kinks: bool = False


KINDS = {
    "rnn-tanh": Kind("RNN tanh", nn.RNN, RNN, 1),
    "rnn-relu": Kind(
        "RNN relu", partial(nn.RNN, nonlinearity="relu"), partial(RNN, nonlinearity="relu"), 1, True
    ),
    "gru": Kind("GRU", nn.GRU, GRU, 3),
    "lstm": Kind("LSTM", nn.LSTM, LSTM, 4),
}


def make_pair(kind: Kind, shape: Shape) -> tuple[nn.Module, nn.Module]:
    """Return torch's layer and ours; the weights of one are those of the other.

    Args:
        kind: Which layer.
        shape: Its sizes.
    """
    peer = kind.peer(shape.input_size, shape.hidden_size)
    ours = kind.ours(shape.input_size, shape.hidden_size)
    ours.load_state_dict(peer.state_dict())
    return peer, ours


def backend_of(layer: nn.Module) -> str:
    """Name what runs a layer; one that does not tell calls torch's own operators.

    Args:
        layer: Ours.
    """
    explain = getattr(layer, "explain", None)
    return explain().partition(":")[0].strip() if explain else "torch"
