"""A language model's scores beside those of counting, on the same symbols."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log

from elman.tasks.results.scores import ScoreRow, ScoreTable
from elman.tasks.text.mixture import Mixture
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.ngram import witten_bell
from elman.tasks.text.parts import TextParts
from elman.tasks.text.reading import log_probabilities

ORDERS = {"5-gram (Witten-Bell)": 5, "unigram": 1}
"""Name of a baseline -> the longest run it counts."""

_MAX_PERPLEXITY_LOG = 700.0  # beyond that a float has no exponential


def score_part(
    parts: TextParts, part: str, name: str, network: TextNetwork, mixture: Mixture | None
) -> ScoreTable:
    """Score what a model predicts of a part beside the baselines, which count all text before it.

    Args:
        parts: the text.
        part: "test" or "validation".
        name: of the cell.
        network: of the model, in evaluation mode.
        mixture: what the network is mixed with; the network is scored alone, too.

    Raises:
        OptionError: there is no such part.
    """
    codes, start = parts.part(part)
    unit = parts.vocabulary.unit
    read = log_probabilities(network, codes, start)
    ours = {f"elman ({name})": read}
    if mixture is not None:
        mixed = mixture.log_probabilities(codes, start, read)
        ours = {f"elman ({name} + {mixture.counts.order}-gram)": mixed, f"{name} alone": read}
    nats = {model: -float(one.mean()) for model, one in ours.items()}
    for baseline, order in ORDERS.items():
        nats[baseline] = -float(witten_bell(codes, start, len(parts.vocabulary), order).mean())
    rows = [ScoreRow(model, _metrics(value, unit), model in ORDERS) for model, value in nats.items()]
    verdict = [_verdict(nats, unit), *_shares(name, mixture)]
    return ScoreTable(part, rows, len(read), verdict, model="model", scored=unit)


def _metrics(nats: float, unit: str) -> dict[str, float | None]:
    perplexity = exp(nats) if nats < _MAX_PERPLEXITY_LOG else None
    return {f"nats per {unit}": nats, f"bits per {unit}": nats / log(2), "perplexity": perplexity}


def _verdict(nats: Mapping[str, float], unit: str) -> str:
    name, ours = next(iter(nats.items()))
    best = min(ORDERS, key=lambda one: nats[one])
    if ours < nats[best]:
        return (
            f"{name} needs {ours:.3f} nats per {unit}, {1 - ours / nats[best]:.0%} less than the best "
            f"baseline, the {best} with {nats[best]:.3f}."
        )
    return (
        f"The {best} is better, with {nats[best]:.3f} nats per {unit} against {ours:.3f}: train for longer, "
        "or on more text."
    )


def _shares(name: str, mixture: Mixture | None) -> list[str]:
    if mixture is None:
        return []
    shares = f"{1 - mixture.weight:.0%} the {name}'s and {mixture.weight:.0%} those of counting"
    return [f"Its predictions are {shares} {mixture.counts.order}-grams, as the validation part wants it."]
