"""A language model's scores beside those of counting, on the same symbols."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log

import numpy as np

from elman.tasks.results.scores import ScoreRow, ScoreTable
from elman.tasks.text.ngram import witten_bell
from elman.tasks.text.parts import TextParts

ORDERS = {"5-gram (Witten-Bell)": 5, "unigram": 1}
"""Name of a baseline -> the longest run it counts."""

_MAX_PERPLEXITY_LOG = 700.0  # beyond that a float has no exponential


def score_part(parts: TextParts, part: str, name: str, read: np.ndarray) -> ScoreTable:
    """Put a network's log-probabilities of a part beside the baselines', which count all text before it.

    Args:
        parts: the text.
        part: "test" or "validation".
        name: of the network.
        read: its log-probability of each symbol of the part.

    Raises:
        OptionError: there is no such part.
    """
    codes, start = parts.part(part)
    unit = parts.vocabulary.unit
    nats = {name: -float(read.mean())}
    for baseline, order in ORDERS.items():
        nats[baseline] = -float(witten_bell(codes, start, len(parts.vocabulary), order).mean())
    rows = [ScoreRow(model, _metrics(value, unit), model != name) for model, value in nats.items()]
    return ScoreTable(part, rows, len(read), [_verdict(name, nats, unit)], model="model", scored=unit)


def _metrics(nats: float, unit: str) -> dict[str, float | None]:
    perplexity = exp(nats) if nats < _MAX_PERPLEXITY_LOG else None
    return {f"nats per {unit}": nats, f"bits per {unit}": nats / log(2), "perplexity": perplexity}


def _verdict(name: str, nats: Mapping[str, float], unit: str) -> str:
    ours = nats[name]
    best = min((one for one in nats if one != name), key=lambda one: nats[one])
    if ours < nats[best]:
        return (
            f"{name} needs {ours:.3f} nats per {unit}, {1 - ours / nats[best]:.0%} less than the best "
            f"baseline, the {best} with {nats[best]:.3f}."
        )
    return (
        f"The {best} is better, with {nats[best]:.3f} nats per {unit} against {ours:.3f}: train for longer, "
        "or on more text."
    )
