"""Networks that are well, and networks with a planted fault, drawn from a seed."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from plain_loops import LinearCell
from torch import Tensor, nn

import elman
from elman import Recurrent, Stacked
from elman.cells import ElmanCell, GRUCell, IndRNNCell, LayerNormGRUCell, LinearRecurrentCell, LSTMCell


@dataclass(frozen=True)
class Ward:
    """A network, what it reads, what is wrong with it, and what that may bring about besides."""

    layer: nn.Module
    input: Tensor
    faults: frozenset[str] = frozenset()
    consequences: frozenset[str] = frozenset()
    options: dict[str, Any] = field(default_factory=dict)


VANISHING, EXPLODING = frozenset({"vanishing_gradient"}), frozenset({"exploding_gradient"})
UNITS, GATES = frozenset({"saturated_units"}), frozenset({"saturated_gates"})
DEAD, CLOSED, NAN = frozenset({"dead_units"}), frozenset({"closed_gate"}), frozenset({"non_finite"})
SHORT, UNSCALED = frozenset({"short_memory"}), frozenset({"unscaled_input"})


def noise(num_steps: int, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(num_steps, 4, 3)


def scaled(layer: nn.Module, factor: float) -> nn.Module:
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            if "weight" in name:
                parameter.mul_(factor)
    return layer


def with_bias(layer: nn.Module, value: float, rows: slice) -> nn.Module:
    """Set some rows of the only bias of a cell."""
    with torch.no_grad():
        layer.cell.bias[rows] = value  # pyright: ignore[reportCallIssue, reportIndexIssue, reportAttributeAccessIssue]
    return layer


def spoilt(layer: nn.Module, value: float) -> nn.Module:
    with torch.no_grad():
        next(layer.parameters()).view(-1)[1] = value
    return layer


def lstm(size: int, forget_bias: float) -> nn.Module:
    return Recurrent(LSTMCell(3, size, forget_bias=forget_bias))


def gru(size: int, update_bias: float) -> nn.Module:
    return with_bias(Recurrent(GRUCell(3, size)), update_bias, slice(size, 2 * size))


def irnn(size: int, factor: float = 1.0) -> nn.Module:
    options = {"activation": "relu", "recurrent_init": "identity", "recurrent_scale": factor}
    return Recurrent(ElmanCell(3, size, **options))


def tanh(size: int, factor: float = 1.0) -> nn.Module:
    return Recurrent(ElmanCell(3, size, recurrent_scale=factor))


def orthogonal(size: int, factor: float = 1.0) -> nn.Module:
    return Recurrent(LinearCell(factor * torch.linalg.qr(torch.randn(size, size))[0]))


def chrono(size: int, num_steps: int) -> nn.Module:
    """Start gates as C. Tallec, Y. Ollivier (2018), "Can recurrent neural networks warp time?"."""
    layer = lstm(size, math.log(num_steps))
    return with_bias(layer, -math.log(num_steps), slice(size))


HEALTHY: list[Callable[[], Ward]] = [
    lambda: Ward(chrono(8, 20), noise(20)),
    lambda: Ward(chrono(16, 50), noise(50)),
    lambda: Ward(chrono(32, 100), noise(100)),
    lambda: Ward(chrono(24, 200), noise(200)),
    lambda: Ward(lstm(16, 1.0), noise(8)),
    lambda: Ward(lstm(16, 1.0), noise(60), options={"task_lag": 6}),
    lambda: Ward(gru(8, math.log(20)), noise(20)),
    lambda: Ward(gru(16, math.log(50)), noise(50)),
    lambda: Ward(gru(32, math.log(100)), noise(100)),
    lambda: Ward(gru(16, 0.0), noise(9)),
    lambda: Ward(elman.GRU(3, 16, bidirectional=True), noise(8)),
    lambda: Ward(elman.LSTM(3, 16, num_layers=2), noise(7)),
    lambda: Ward(nn.RNN(3, 16), noise(6)),
    lambda: Ward(tanh(16), noise(30, 0.1)),
    lambda: Ward(tanh(32), noise(60, 0.1)),
    lambda: Ward(tanh(16), noise(5)),
    lambda: Ward(irnn(16), noise(50, 0.1)),
    lambda: Ward(irnn(32), noise(100, 0.1)),
    lambda: Ward(Recurrent(orthogonal(3).cell), noise(100)),  # pyright: ignore[reportArgumentType]
    lambda: Ward(Stacked(LSTMCell(3, 12, forget_bias=4.0), GRUCell(12, 8)), noise(9)),
    lambda: Ward(Recurrent(LayerNormGRUCell(3, 16)), noise(9, 1e4)),
    lambda: Ward(Recurrent(LinearRecurrentCell(3, 16)), noise(20)),
]

PLANTED: list[Callable[[], Ward]] = [
    lambda: Ward(tanh(16, 0.5), noise(30), VANISHING),
    lambda: Ward(tanh(32, 0.8), noise(100, 0.1), VANISHING),
    lambda: Ward(elman.LSTM(3, 16), noise(100), VANISHING),
    lambda: Ward(elman.GRU(3, 16), noise(100), VANISHING),
    lambda: Ward(Recurrent(ElmanCell(3, 16, activation="sigmoid")), noise(20), VANISHING),
    lambda: Ward(orthogonal(3, 0.9), noise(51), SHORT, options={"task_lag": 50}),
    lambda: Ward(orthogonal(3, 1.1), noise(100), EXPLODING),
    lambda: Ward(orthogonal(3, 1.3), noise(30), EXPLODING),
    lambda: Ward(irnn(16, 1.2), noise(50, 0.1), EXPLODING),
    lambda: Ward(scaled(tanh(32), 3.0), noise(60, 0.01), EXPLODING),
    lambda: Ward(scaled(tanh(16), 20.0), noise(30), UNITS, VANISHING | EXPLODING),
    lambda: Ward(tanh(16), noise(30, 50.0), UNITS, VANISHING),
    lambda: Ward(scaled(elman.LSTM(3, 16), 40.0), noise(30), UNITS | GATES, VANISHING | EXPLODING),
    lambda: Ward(scaled(elman.GRU(3, 16), 40.0), noise(30), UNITS | GATES, VANISHING | EXPLODING),
    lambda: Ward(lstm(16, -6.0), noise(40), CLOSED | VANISHING),
    lambda: Ward(lstm(8, -8.0), noise(20), CLOSED | VANISHING),
    lambda: Ward(with_bias(irnn(16), -5.0, slice(8)), noise(40, 0.1), DEAD),
    lambda: Ward(with_bias(irnn(32), -9.0, slice(32)), noise(40, 0.1), DEAD, VANISHING),
    lambda: Ward(spoilt(elman.GRU(3, 8), math.nan), noise(9), NAN),
    lambda: Ward(irnn(16, 9.0), noise(100), NAN),
    lambda: Ward(Recurrent(IndRNNCell(3, 16)), noise(9, 1e4), UNSCALED),
    lambda: Ward(Recurrent(LinearRecurrentCell(3, 16)), 1e4 + noise(20), UNSCALED),
]
