"""What the report of a language model shows, gathered from its fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elman.tasks.networks import count_parameters
from elman.tasks.results.text import Sample, TextReport
from elman.tasks.text.activity import watch_units
from elman.tasks.text.fitting import TextFit
from elman.tasks.text.sampling import Sampling
from elman.tasks.text.scoring import score_part
from elman.tasks.text.writing import write_text

_TEMPERATURES = (0.5, 0.8, 1.0)
_SAMPLE_LENGTH, _NUM_WATCHED, _NUM_UNITS = 400, 1500, 6


def build_report(
    fit: TextFit, name: str, seed: int, title: str | None, configuration: Mapping[str, Any]
) -> TextReport:
    """Score the held-out parts, once, and gather what a report shows.

    Args:
        fit: the network, and what it was fitted on.
        name: of the cell.
        seed: of the samples.
        title: of the page; None says what the model is.
        configuration: what repeats the run, to be shown.
    """
    network, parts, training = fit.network, fit.parts, fit.training
    vocabulary = parts.vocabulary
    named = ("test", "validation") if parts.test_start < len(parts.codes) else ("validation",)
    scores = [score_part(parts, one, name, network, fit.mixture) for one in named]
    watched = parts.codes[parts.part(named[0])[1] :][:_NUM_WATCHED]
    samples = []
    for heat in _TEMPERATURES:
        written = write_text(
            network, vocabulary, _SAMPLE_LENGTH, sampling=Sampling(heat), seed=seed, mixture=fit.mixture
        )
        samples.append(Sample(heat, written.text))
    num_steps, segments = max(1, training.num_steps), fit.segments
    num_read = num_steps * segments.num_rows * segments.length
    return TextReport(
        title=title or f"A language model of {vocabulary.unit}s",
        unit=vocabulary.unit,
        num_symbols=parts.lengths,
        vocabulary_size=len(vocabulary),
        scores=scores,
        curve=training.curve,
        samples=samples,
        symbols=[vocabulary.symbol(code) for code in watched.tolist()],
        activities=watch_units(network, watched, _NUM_UNITS),
        kernel=network.layers.explain(),
        findings=parts.findings,
        configuration=configuration,
        seconds=training.seconds,
        seconds_per_epoch=training.seconds * segments.steps_per_pass / num_steps,
        seconds_per_1000=1000 * training.seconds / num_read,
        num_parameters=count_parameters(network),
    )
