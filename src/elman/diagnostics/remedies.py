"""What usually helps against what was found, and for which cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Traits:
    """What of a cell decides what helps.

    Args:
        cell: The name of its class.
        gate: The value inside that keeps the state or replaces it; empty without one.
        keeps: Whether a large value of the gate keeps the state.
        forget_bias: How the bias of the forget gate is set, "call({})" around its value; empty without one.
        normalised: Its layer-normalised form, where there is one.
        has_matrix: Whether it has recurrent weights that `init_recurrent_` draws.
    """

    cell: str = "the cell"
    gate: str = ""
    keeps: bool = True
    forget_bias: str = ""
    normalised: str = ""
    has_matrix: bool = False

    def bias(self, value: str) -> str:
        """Return how to make a fresh cell keep its state by a bias.

        Args:
            value: Of the bias of what keeps the state: "1" or "log(lag)".
        """
        if self.forget_bias:
            return f"a forget bias of {value} at the start: {self.forget_bias.format(_as_python(value))}"
        sign, does = ("", "keeps") if self.keeps else ("-", "replaces")
        return f"a bias of {sign}{value} at the start for `{self.gate}`, which {does} the state"


def _as_python(value: str) -> str:
    return f"math.{value}" if value.startswith("log") else f"{float(value)}"


def _always(_: Traits) -> bool:
    return True


def _is_gated(traits: Traits) -> bool:
    return bool(traits.gate)


def _is_plain(traits: Traits) -> bool:
    return not traits.gate


class Remedy(NamedTuple):
    """One thing that helps.

    Attributes:
        text: What to do; a function of the traits where it depends on them.
        suits: Whether it is one for a cell of such traits.
    """

    text: str | Callable[[Traits], str]
    suits: Callable[[Traits], bool] = _always


def remedies(kind: str, traits: Traits) -> tuple[str, ...]:
    """Return what usually helps a cell, what helps most often first.

    Args:
        kind: One of `REMEDIES`.
        traits: Of the cell.

    Example:
        >>> remedies("closed_gate", Traits("GRUCell", gate="update"))[0]
        'a bias of 1 at the start for `update`, which keeps the state'
    """
    suiting = [one.text for one in REMEDIES[kind] if one.suits(traits)]
    return tuple(text if isinstance(text, str) else text(traits) for text in suiting)


_GATED_CELL = Remedy("a gated cell: elman.LSTM or elman.GRU", _is_plain)
_LONG_BIAS = Remedy(lambda traits: traits.bias("log(lag)"), _is_gated)
_LONG_SEGMENTS = Remedy(
    "where training is truncated, segments at least as long as the lag: elman.TBPTT(lag)", _is_gated
)
_LEAKY = Remedy("shorter paths: leaky units, skip connections through time", _is_plain)
_COARSER = Remedy("shorter paths: a coarser time step, the input in reverse order, attention", _is_gated)
_NORMALISED = Remedy(
    lambda traits: f"layer normalisation before the gates: elman.cells.{traits.normalised}",
    lambda traits: bool(traits.normalised),
)
_SCALED_INPUTS = Remedy("inputs of mean 0 and variance 1")
_SMALLER_WEIGHTS = Remedy("smaller first weights, or weight decay")
_CLIPPED = Remedy("clip the norm of the gradient: elman.training.clip_gradients(parameters, norm=1.0)")

REMEDIES = {
    "vanishing_gradient": (
        _GATED_CELL,
        _LONG_BIAS,
        Remedy(
            "orthogonal or identity recurrent weights: elman.training.init_recurrent_(layer, 'identity')",
            lambda traits: _is_plain(traits) and traits.has_matrix,
        ),
        _LONG_SEGMENTS,
        _LEAKY,
        _COARSER,
    ),
    "short_memory": (
        _GATED_CELL,
        _LONG_BIAS,
        Remedy("more training: a gate that has to stay open learns to", _is_gated),
        _LONG_SEGMENTS,
        _LEAKY,
    ),
    "exploding_gradient": (
        _CLIPPED,
        Remedy("a smaller learning rate"),
        Remedy(
            "recurrent weights with a spectral radius of at most 1: "
            "elman.training.init_recurrent_(layer, 'spectral_radius')",
            lambda traits: traits.has_matrix,
        ),
        Remedy("clip the gradient of the state at each step: elman.cells.ClipStateGradient(cell, limit=1.0)"),
        _NORMALISED,
    ),
    "saturated_units": (
        _SCALED_INPUTS,
        _SMALLER_WEIGHTS,
        Remedy("a smaller learning rate: large steps drive units there"),
    ),
    "saturated_gates": (_SCALED_INPUTS, _SMALLER_WEIGHTS, _NORMALISED),
    "closed_gate": (
        Remedy(lambda traits: traits.bias("1")),
        Remedy("a look at inputs of large mean: they act as a bias"),
        _NORMALISED,
    ),
    "unscaled_input": (
        Remedy("inputs of mean 0 and variance 1, by the mean and deviation of the training part"),
        Remedy("layer normalisation of the input: elman.cells.LayerNormInput"),
    ),
    "dead_units": (
        Remedy("a smaller learning rate: one large step can push a unit below zero for good"),
        Remedy("biases of zero or a little above at the start"),
        Remedy("tanh in the place of relu, or identity recurrent weights"),
    ),
    "non_finite": (
        Remedy("the last checkpoint, with a smaller learning rate"),
        _CLIPPED,
        Remedy(
            "a look at the data for missing or infinite values, and at divisions and logarithms in the loss"
        ),
    ),
}
