"""What was found wrong with a network, why it is believed, and what usually helps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PAGE = "docs/diagnostics.md"


@dataclass(frozen=True)
class Finding:
    """One thing that keeps a network from learning.

    Args:
        kind: A short slug such as "vanishing_gradient".
        severity: "error" where training cannot go on, "warning" where it will not learn what it should,
            "note" where it may take long.
        message: One sentence: what was measured, and where.
        layer: The path to the layer; empty where it is not about one.
        evidence: The numbers that it rests on, by name.
        remedies: What usually helps, what helps most often first.
        page: Where to read more.
    """

    kind: str
    severity: Literal["note", "warning", "error"]
    message: str
    layer: str
    evidence: Mapping[str, float]
    remedies: tuple[str, ...]
    page: str


def make_finding(kind: str, layer: str, message: str, **evidence: float) -> Finding:
    """Return a finding of a known kind.

    Args:
        kind: One of `REMEDIES`.
        layer: The path to the layer.
        message: What was measured.
        **evidence: The numbers that it rests on.
    """
    severity = SEVERITIES.get(kind, "warning")
    page = f"{PAGE}#{kind.replace('_', '-')}"
    return Finding(kind, severity, message, layer, evidence, REMEDIES[kind], page)


SEVERITIES: dict[str, Literal["note", "warning", "error"]] = {"non_finite": "error", "short_memory": "note"}

REMEDIES = {
    "vanishing_gradient": (
        "a gated cell: elman.LSTM or elman.GRU",
        "a forget bias of log(lag) in an LSTM: LSTMCell(..., forget_bias=math.log(lag))",
        "orthogonal or identity recurrent weights: ElmanCell(..., recurrent_init='identity')",
        "shorter paths: leaky units, skip connections through time, the input in reverse order",
    ),
    "short_memory": (
        "a forget bias of log(lag) in an LSTM: LSTMCell(..., forget_bias=math.log(lag))",
        "more training: a gate that has to stay open learns to",
        "shorter paths: leaky units, skip connections through time",
    ),
    "exploding_gradient": (
        "clip the norm of the gradient: torch.nn.utils.clip_grad_norm_(parameters, 1.0)",
        "a smaller learning rate",
        "recurrent weights with a spectral radius of at most 1: orthogonal ones, or scaled down",
        "clip the gradient of the state inside the cell: elman.clip_gradient",
    ),
    "saturated_units": (
        "inputs of mean 0 and variance 1",
        "smaller first weights, or weight decay",
        "a smaller learning rate: large steps drive units there",
    ),
    "saturated_gates": (
        "inputs of mean 0 and variance 1",
        "smaller first weights, or weight decay",
        "layer normalisation before the gates",
    ),
    "closed_gate": (
        "a bias of the gate of 1 or more at the start: LSTMCell(..., forget_bias=1.0)",
        "a look at inputs of large mean: they act as a bias",
    ),
    "unscaled_input": (
        "inputs of mean 0 and variance 1, by the mean and deviation of the training part",
        "layer normalisation of the input: elman.cells.LayerNormInput",
    ),
    "dead_units": (
        "a smaller learning rate: one large step can push a unit below zero for good",
        "biases of zero or a little above at the start",
        "tanh in the place of relu, or identity recurrent weights",
    ),
    "non_finite": (
        "the last checkpoint, with a smaller learning rate",
        "clip the norm of the gradient: torch.nn.utils.clip_grad_norm_(parameters, 1.0)",
        "a look at the data for missing or infinite values, and at divisions and logarithms in the loss",
    ),
}
