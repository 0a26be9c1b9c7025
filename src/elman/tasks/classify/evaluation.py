"""How good a classifier is on a part of the data, beside its baselines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from elman.errors import OptionError
from elman.tasks.classify.fitting import Fit
from elman.tasks.classify.influence import influence_of
from elman.tasks.classify.metrics import confusion, reliability, score
from elman.tasks.classify.model import ClassifyModel
from elman.tasks.classify.options import ClassifyOptions
from elman.tasks.classify.split import Split
from elman.tasks.networks import count_parameters
from elman.tasks.results import ClassificationReport, ReliabilityPoint, ScoreRow, ScoreTable

LINEAR, MAJORITY = "linear on summary statistics", "majority class"
_LINEAR_MODEL = "linear model on summary statistics"


def score_part(
    model: ClassifyModel, options: ClassifyOptions, values: Sequence[np.ndarray], truth: np.ndarray, part: str
) -> ScoreTable:
    """Score sequences with known classes.

    Args:
        model: what is scored.
        options: it was fitted with.
        values: N sequences (T, C).
        truth: (N,) codes of their classes.
        part: what they are called.
    """
    recurrent, linear = model.network_probabilities(values), model.linear_probabilities(values)
    both = (1 - model.blend) * recurrent + model.blend * linear
    majority = np.tile(model.shares, (len(values), 1))
    found = [(name_of(options), both, False)]
    found += [(f"{options.cell_name} alone", recurrent, True)] if options.linear else []
    found += [(LINEAR, linear, True), (MAJORITY, majority, True)]
    rows = [ScoreRow(name, score(truth, one), is_baseline) for name, one, is_baseline in found]
    verdict = _verdict(rows, truth, both, linear) + _preference(options, model.blend)
    return ScoreTable(part, rows, len(values), verdict, "classifier", "sequence")


def name_of(options: ClassifyOptions) -> str:
    """Return what the table of scores calls a classifier."""
    return f"elman ({options.cell_name} + linear)" if options.linear else f"elman ({options.cell_name})"


def _verdict(rows: Sequence[ScoreRow], truth: np.ndarray, both: np.ndarray, linear: np.ndarray) -> list[str]:
    """Say who wins, and by how many sequences."""
    right = int((both.argmax(axis=1) == truth).sum())
    beside = int((linear.argmax(axis=1) == truth).sum())
    told = f"{rows[0].model} gives {right:,} of {len(truth):,} sequences their class"
    if right > beside:
        return [f"{told}, {right - beside:,} more than the {_LINEAR_MODEL}."]
    if right < beside:
        return [f"{told}, {beside - right:,} fewer than the {_LINEAR_MODEL}: prefer that, or more data."]
    return [f"{told}, as many as the {_LINEAR_MODEL}."]


def _preference(options: ClassifyOptions, blend: float) -> list[str]:
    """Say so where the validation part has left one of the two branches out."""
    if not options.linear or 0 < blend < 1:
        return []
    used, unused = ("linear model", "network") if blend == 1 else ("network", "linear model")
    return [f"The validation part preferred the {used} alone: the {unused} counts nothing here."]


def prediction_frame(
    model: ClassifyModel,
    ids: Sequence[str],
    values: Sequence[np.ndarray],
    labels: Sequence[Any] | None = None,
) -> pl.DataFrame:
    """Return a row a sequence: its id, length, class if known, class given, probability of each class."""
    found = model.probabilities(values)
    given = [str(model.classes[at]) for at in found.argmax(axis=1)]
    known = {} if labels is None else {"label": [str(label) for label in labels]}
    shares = {f"p({name})": found[:, at] for at, name in enumerate(model.classes)}
    lengths = [len(one) for one in values]
    return pl.DataFrame({"id": list(ids), "length": lengths, **known, "predicted": given, **shares})


def build_report(
    fit: Fit, options: ClassifyOptions, title: str, configuration: dict[str, Any]
) -> ClassificationReport:
    """Gather what a report shows; the test part is classified here, once.

    The model that learned from both parts cannot be judged by the validation part; there the one of the
    training part alone is.
    """
    parts = [part for part in ("test", "validation") if len(fit.split.rows(part))]
    tables = [
        score_part(fit.model if part == "test" else fit.chosen, options, *_part(fit, part), part)
        for part in parts
    ]
    shown = fit.split.rows(parts[0])
    model = fit.model if parts[0] == "test" else fit.chosen
    values, truth = _part(fit, parts[0])
    probabilities = model.probabilities(values)
    counts = confusion(truth, probabilities.argmax(axis=1), len(model.classes))
    ids = [fit.sequences.ids[row] for row in shown]
    labels = [model.classes[code] for code in truth]
    return ClassificationReport(
        title=title,
        classes=[str(name) for name in model.classes],
        confusion=counts.tolist(),
        predictions=prediction_frame(model, ids, values, labels),
        scores=tables,
        reliability=[ReliabilityPoint(*one) for one in reliability(truth, probabilities)],
        influence=influence_of(model, values),
        curve=fit.training.curve,
        findings=fit.sequences.findings,
        configuration=configuration,
        facts=_facts(fit, options),
        seconds=fit.seconds,
        num_parameters=count_parameters(fit.model.network),
    )


def part_rows(split: Split, part: str) -> np.ndarray:
    """Return the rows of a part that can be scored.

    Raises:
        OptionError: there is no such part.
    """
    if part not in ("test", "validation"):
        raise OptionError(f"`part` must be test or validation, but it is {part!r}.")
    rows = split.rows(part)
    if len(rows) == 0:
        raise OptionError(f"There is no {part} part.")
    return rows


def _part(fit: Fit, part: str) -> tuple[list[np.ndarray], np.ndarray]:
    rows = fit.split.rows(part)
    return [fit.sequences.values[row] for row in rows], fit.codes[rows]


def _facts(fit: Fit, options: ClassifyOptions) -> dict[str, str]:
    epochs = fit.training.num_steps * options.batch_size / len(fit.split.train)
    lengths = fit.sequences.lengths
    sizes = ", ".join(f"{len(fit.split.rows(part)):,} {part}" for part in ("train", "validation", "test"))
    return {
        "sequences": sizes,
        "lengths": f"{lengths.min():,} to {lengths.max():,} steps, median {int(np.median(lengths)):,}",
        "linear branch counts": f"{fit.model.blend:.0%}" if options.linear else "not used",
        "seconds per epoch": f"{fit.training.seconds / max(epochs, 1e-9):.3g}",
        "kernel": fit.model.network.kernel.partition(",")[0],
    }
