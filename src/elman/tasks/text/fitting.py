"""From the parts of a text to a fitted network: truncated training, chosen by the validation part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from elman.compiler import within_memory
from elman.tasks.networks import seeded
from elman.tasks.observer import Observer
from elman.tasks.text.mixture import Mixture
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.options import TextOptions
from elman.tasks.text.parts import TextParts
from elman.tasks.text.reading import log_probabilities
from elman.tasks.text.segments import Segments
from elman.tasks.text.training import TextTraining
from elman.training import TrainingResult

_VALIDATION_CONTEXT = 64


@dataclass(frozen=True)
class TextFit:
    """A fitted network and what it was fitted on.

    Args:
        network: the network.
        parts: of the text, with their vocabulary.
        training: the learning curve and the time it took.
        segments: what each step of the optimizer read.
        mixture: what the network is mixed with.
    """

    network: TextNetwork
    parts: TextParts
    training: TrainingResult
    segments: Segments
    mixture: Mixture | None = None


def cut_segments(parts: TextParts, options: TextOptions) -> Segments:
    """Return the training part as segments."""
    return Segments(
        parts.codes[: parts.validation_start],
        length=options.segment,
        batch_size=options.batch_size,
        seed=options.seed,
        device=options.device,
    )


def try_network(parts: TextParts, options: TextOptions) -> None:
    """Make a network, and where its memory is bounded, read a segment with it; nothing is learned.

    Raises:
        OptionError: the cell cannot do what an option asks for, or the memory is too small.
    """
    network = TextNetwork.fresh(len(parts.vocabulary), options)
    if options.memory is not None:
        with within_memory(options.num_bytes), seeded(options.seed):
            network(cut_segments(parts, options).batch(1)[0])


def fit_network(
    parts: TextParts, options: TextOptions, *, checkpoint: Path | None, observer: Observer
) -> TextFit:
    """Fit a network; of the test part nothing is read.

    Raises:
        OptionError: the cell cannot do what an option asks for.
        NonFiniteError: the training diverged.
        RunError: the checkpoint belongs to another run.
    """
    network = TextNetwork.fresh(len(parts.vocabulary), options)
    segments = cut_segments(parts, options)
    codes, start = parts.part("validation")

    def validate() -> float:
        return -float(log_probabilities(network, codes, start, context=_VALIDATION_CONTEXT).mean())

    observer.on_stage("training")
    training = TextTraining(network, segments, validate, options)
    configuration = {"symbols": list(parts.vocabulary.symbols), "lengths": parts.lengths}
    result = training.run(observer, checkpoint, configuration)
    return TextFit(network, parts, result, segments, _mix(network, parts, options.ngram))


def _mix(network: TextNetwork, parts: TextParts, order: int) -> Mixture | None:
    """Return what the validation part wants the network to be mixed with; None for an order of 0."""
    if not order:
        return None
    codes, start = parts.part("validation")
    read = log_probabilities(network, codes, start)
    return Mixture.fitted(codes, start, len(parts.vocabulary), order, read)
