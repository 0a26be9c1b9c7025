"""From split sequences to a fitted model, in the order in which things are learned.

encoder -> network on the training part, stopped by the validation part -> linear branch, its penalty chosen
    there -> blend, chosen there -> both again from both parts
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from elman.data.findings import Finding
from elman.data.sequences import Sequences
from elman.errors import DataError
from elman.tasks.classify.encoder import ChannelEncoder
from elman.tasks.classify.learning import ClassifyTraining
from elman.tasks.classify.linear import PENALTIES, LinearClassifier, statistics_of
from elman.tasks.classify.model import ClassifyModel, network_probabilities
from elman.tasks.classify.network import ClassifyNetwork
from elman.tasks.classify.options import ClassifyOptions
from elman.tasks.classify.split import Split
from elman.tasks.networks import seeded
from elman.tasks.observer import Observer
from elman.training import TrainingResult, train

REFIT = "refit.safetensors"
_BLENDS = np.linspace(0, 1, 21)


@dataclass(frozen=True)
class Fit:
    """A fitted model and what it was fitted on.

    Args:
        model: the model that is used: of both parts, where it learned again.
        chosen: the model of the training part alone, which the validation part may judge.
        sequences: all of them; their findings include those of the fit.
        codes: (N,) their classes.
        split: their parts.
        training: the learning curve and the time it took.
        seconds: of all that was learned.
    """

    model: ClassifyModel
    chosen: ClassifyModel
    sequences: Sequences
    codes: np.ndarray
    split: Split
    training: TrainingResult
    seconds: float


def classes_of(labels: Sequence[Any]) -> tuple[Any, ...]:
    """Return the classes in order; texts that are all numbers in the order of these.

    Raises:
        DataError: there are fewer than two.
    """
    found = set(labels)
    try:
        ordered = sorted(found, key=float)
    except (TypeError, ValueError):
        ordered = sorted(found, key=lambda label: (str(type(label)), label))
    if len(ordered) < 2:
        raise DataError(f"There must be two classes or more to tell apart, but all are {ordered[0]!r}.")
    return tuple(ordered)


def codes_of(labels: Sequence[Any], classes: Sequence[Any]) -> np.ndarray:
    """Return (N,) the place of each label in the classes.

    Raises:
        DataError: one is no class of the training.
    """
    places = {label: at for at, label in enumerate(classes)}
    strange = [label for label in labels if label not in places]
    if strange:
        raise DataError(
            f"The class {strange[0]!r} was not in the data that were learned from: {list(classes)}."
        )
    return np.array([places[label] for label in labels], dtype=np.int64)


def fit_model(
    sequences: Sequences,
    codes: np.ndarray,
    classes: tuple[Any, ...],
    split: Split,
    options: ClassifyOptions,
    *,
    checkpoint: Path | None,
    observer: Observer,
) -> Fit:
    """Fit both branches and their blend; the test part is not read.

    Raises:
        OptionError: the cell cannot be used.
        NonFiniteError: the training diverged.
        RunError: the checkpoint cannot be used.
    """
    values = sequences.values
    encoder = ChannelEncoder.fit(sequences.channels, [values[row] for row in split.train])
    encoded = [encoder.encode(one) for one in values]
    statistics = statistics_of([encoder.standardised(one) for one in values])

    observer.on_stage("training the network")
    task = _new_task(encoder, encoded, codes, classes, options, split, observer)
    identity = _identity(sequences, codes, options)
    told = {"on_step": observer.on_step, "on_record": observer.on_record}
    result = train(task, options.training, checkpoint=checkpoint, configuration=identity, **told)

    observer.on_stage("fitting the linear branch")
    linear = _choose_linear(statistics, codes, len(classes), split)
    network: Any = task.model
    chosen_rows = [encoded[row] for row in split.validation]
    blend = _choose_blend(
        network_probabilities(network, chosen_rows), linear, statistics, codes, split, options
    )
    model = ClassifyModel(encoder, network, linear, blend, classes, _shares(codes[split.train], len(classes)))
    fit = Fit(model, model, sequences, codes, split, result, result.seconds)
    if options.refit:
        observer.on_stage("learning again from both parts")
        fit = _refit(fit, encoded, statistics, options, checkpoint, identity)
    return replace(fit, sequences=replace(sequences, findings=sequences.findings + _findings(fit)))


def _new_task(
    encoder: ChannelEncoder,
    encoded: Sequence[torch.Tensor],
    codes: np.ndarray,
    classes: tuple[Any, ...],
    options: ClassifyOptions,
    split: Split,
    observer: Observer | None = None,
) -> ClassifyTraining:
    """Return a training with fresh weights; they depend on the seed alone."""
    with seeded(options.seed):
        network = ClassifyNetwork(encoder.input_size, len(classes), options).to(options.device)
    return ClassifyTraining(
        network,
        encoded,
        codes,
        options,
        training=split.train,
        validation=split.validation,
        on_flow=None if observer is None else observer.on_flow,
    )


def _choose_linear(
    statistics: np.ndarray, codes: np.ndarray, num_classes: int, split: Split
) -> LinearClassifier:
    """Return the linear model whose penalty does best on the validation part."""
    fitted = [
        LinearClassifier.fit(statistics[split.train], codes[split.train], num_classes, penalty)
        for penalty in PENALTIES
    ]
    truth = codes[split.validation]
    return min(fitted, key=lambda one: _log_loss(truth, one.probabilities(statistics[split.validation])))


def _choose_blend(
    found: np.ndarray,
    linear: LinearClassifier,
    statistics: np.ndarray,
    codes: np.ndarray,
    split: Split,
    options: ClassifyOptions,
) -> float:
    """Return what the linear branch counts, by the log loss on the validation part.

    Of the blends that are no worse there than the best by more than one standard error it is the one nearest
    to a half: two models that are made apart err for different reasons, and their mean is better than either.
    """
    if not options.linear:
        return 0.0
    beside, truth = linear.probabilities(statistics[split.validation]), codes[split.validation]
    losses = np.stack([_log_losses(truth, (1 - blend) * found + blend * beside) for blend in _BLENDS])
    excess = losses - losses[losses.mean(axis=1).argmin()]
    error = excess.std(axis=1) / np.sqrt(len(truth))
    return float(min(_BLENDS[excess.mean(axis=1) <= error], key=lambda blend: abs(blend - 0.5)))


def _log_losses(truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    return -np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-12))


def _log_loss(truth: np.ndarray, probabilities: np.ndarray) -> float:
    return float(_log_losses(truth, probabilities).mean())


def _refit(
    fit: Fit,
    encoded: Sequence[torch.Tensor],
    statistics: np.ndarray,
    options: ClassifyOptions,
    checkpoint: Path | None,
    identity: dict[str, Any],
) -> Fit:
    """Learn again from both parts, for as many steps as the validation part said."""
    before, split = fit.model, fit.split
    both = np.sort(np.concatenate([split.train, split.validation]))
    best = fit.training.best
    steps = best.step if best else options.num_steps
    # Nothing is left to validate on: the loss on what is learned stands in, and no patience ends it.
    longer = replace(options, num_steps=steps, patience=steps)
    task = _new_task(
        before.encoder, encoded, fit.codes, before.classes, longer, Split(both, both, split.test)
    )
    path = checkpoint.with_name(REFIT) if checkpoint else None
    again = train(task, longer.training, checkpoint=path, configuration=identity)
    network: Any = task.model
    linear = LinearClassifier.fit(
        statistics[both], fit.codes[both], len(before.classes), before.linear.penalty
    )
    shares = _shares(fit.codes[both], len(before.classes))
    model = replace(before, network=network, linear=linear, shares=shares)
    return replace(fit, model=model, seconds=fit.seconds + again.seconds)


def _shares(codes: np.ndarray, num_classes: int) -> np.ndarray:
    return np.bincount(codes, minlength=num_classes) / len(codes)


def _identity(sequences: Sequences, codes: np.ndarray, options: ClassifyOptions) -> dict[str, Any]:
    """Return what a continued run must share with the run it continues; the data count, too."""
    values = {one.name: getattr(options, one.name) for one in fields(options)}
    total = sum(float(np.nansum(one)) for one in sequences.values)
    data = {"num_sequences": len(sequences), "value_sum": total, "code_sum": int(codes.sum())}
    return {**values, "cell": options.cell_name, **data}


def _findings(fit: Fit) -> tuple[Finding, ...]:
    learned = fit.codes[fit.split.train]
    unseen = [str(one) for at, one in enumerate(fit.model.classes) if at not in learned]
    missing = sum(int(np.isnan(one).sum()) for one in fit.sequences.values)
    found = []
    if unseen:
        message = (
            f"No sequence of the training part has the class {', '.join(unseen[:5])}: it cannot be learned."
        )
        found.append(Finding("unseen_class", message, "warning"))
    if missing:
        share = missing / sum(one.size for one in fit.sequences.values)
        message = (
            f"{missing:,} values ({share:.1%}) are missing; the network is told where, and reads 0 there."
        )
        found.append(Finding("missing", message))
    return tuple(found)
