"""What the report of a tagger shows, gathered from its fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elman.errors import OptionError
from elman.tasks.networks import count_parameters
from elman.tasks.results.tag import TagReport
from elman.tasks.tag.batches import pieces_of
from elman.tasks.tag.evaluation import TagEvaluation
from elman.tasks.tag.fitting import TagFit
from elman.tasks.tag.options import TagOptions


def evaluation_of(fit: TagFit, part: str, device: str) -> TagEvaluation:
    """Return the evaluation of a held-out part of the fit's own sequences.

    Raises:
        OptionError: there is no such part.
    """
    if part not in ("test", "validation"):
        raise OptionError(f"`part` must be 'test' or 'validation', but it is {part!r}.")
    sequences = getattr(fit.parts, part)
    if len(sequences) == 0:
        raise OptionError("This tagger was fitted without a test part: ask for part='validation'.")
    return TagEvaluation(fit.model, fit.table, sequences, device)


def build_report(
    fit: TagFit, name: str, options: TagOptions, title: str, configuration: Mapping[str, Any]
) -> TagReport:
    """Tag and score the held-out parts, once, and gather what a report shows.

    Args:
        fit: the model, and what it was fitted on.
        name: what the table of scores calls the tagger.
        options: of the fit.
        title: of the page.
        configuration: what repeats the run, to be shown.
    """
    parts = ("test", "validation") if len(fit.parts.test) else ("validation",)
    evaluations = [evaluation_of(fit, part, options.device) for part in parts]
    first, training = evaluations[0], fit.training
    return TagReport(
        title=title,
        labels=fit.model.encoder.labels,
        scores=[one.scores(part, name) for part, one in zip(parts, evaluations, strict=True)],
        spans=first.spans(),
        confusion=first.confusion(),
        examples=first.examples(),
        hardest=first.hardest(),
        curve=training.curve,
        findings=fit.table.findings,
        configuration=configuration,
        seconds=training.seconds,
        num_parameters=count_parameters(fit.model.network),
        kernel=fit.model.network.explain(),
        seconds_per_epoch=_seconds_per_epoch(fit, options),
    )


def _seconds_per_epoch(fit: TagFit, options: TagOptions) -> float:
    """Return what training took for as many pieces as the training part is cut into."""
    num_pieces = len(pieces_of(fit.table.starts, fit.parts.training, options.segment))
    num_read = fit.training.num_steps * min(options.batch_size, num_pieces)
    return fit.training.seconds * num_pieces / num_read if num_read else 0.0
