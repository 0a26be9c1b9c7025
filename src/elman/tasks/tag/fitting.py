"""From sequences to a fitted tagger: parts -> encoder -> baselines -> network."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.findings import Finding
from elman.data.step_tables import StepTable
from elman.tasks.networks import seeded
from elman.tasks.observer import Observer
from elman.tasks.tag.inputs import StepEncoder, Steps, rows_of, share_of_new_symbols
from elman.tasks.tag.learning import TagTraining
from elman.tasks.tag.model import TagModel, sizes_for
from elman.tasks.tag.network import TagNetwork
from elman.tasks.tag.options import TagOptions
from elman.tasks.tag.parts import Parts
from elman.tasks.tag.scoring import Baselines
from elman.training import TrainingResult, train

_MANY_NEW = 0.01


@dataclass(frozen=True)
class TagFit:
    """A fitted model and what it was fitted on.

    Args:
        model: the model.
        table: all sequences; its findings include those of the fit.
        steps: the same as numbers.
        parts: which sequence is of which part.
        training: the learning curve and the time it took.
    """

    model: TagModel
    table: StepTable
    steps: Steps
    parts: Parts
    training: TrainingResult


def fit_tagger(
    table: StepTable, parts: Parts, options: TagOptions, *, checkpoint: Path | None, observer: Observer
) -> TagFit:
    """Fit a tagger; of the test part nothing is read.

    Raises:
        DataError: the sequences cannot be used.
        OptionError: the cell cannot be used.
        NonFiniteError: the training diverged.
        RunError: the checkpoint cannot be used.
    """
    training = rows_of(table.starts, parts.training)
    share = share_of_new_symbols(table, training, rows_of(table.starts, parts.validation))
    reads = options.characters if options.characters is not None else share >= _MANY_NEW
    encoder = StepEncoder.fit(table, training, reads_spelling=reads)
    steps = encoder.encode(table)
    sizes = sizes_for(encoder)
    network = _new_network(encoder, options)
    num_codes = sizes.vocabularies[0] if sizes.vocabularies else 0
    baselines = Baselines.fit(steps, training, sizes.labels, num_codes)
    learning = TagTraining(
        network, steps, encoder, options, (parts.training, parts.validation), observer.on_flow
    )
    observer.on_stage("training the tagger")
    result = train(
        learning,
        options.training,
        checkpoint=checkpoint,
        configuration=_identity(table, encoder, options),
        on_step=observer.on_step,
        on_record=observer.on_record,
    )
    findings = table.findings + _findings(table, steps, encoder, parts)
    return TagFit(
        TagModel(encoder, network, baselines), replace(table, findings=findings), steps, parts, result
    )


def _new_network(encoder: StepEncoder, options: TagOptions) -> TagNetwork:
    """Return a network with fresh weights; they depend on the seed alone."""
    with seeded(options.training.seed):
        return TagNetwork(sizes_for(encoder), options).to(options.device)


def _identity(table: StepTable, encoder: StepEncoder, options: TagOptions) -> Mapping[str, Any]:
    """Return what a continued run must share with the run it continues; the data count, too."""
    values = {name: value for name, value in asdict(options).items() if name != "training"}
    codes = encoder.encode(table)
    content = b"".join(
        np.ascontiguousarray(one).tobytes() for one in (codes.values, codes.codes, codes.starts)
    )
    return {
        **values,
        "cell": options.cell_name,
        "labels": list(encoder.labels),
        "num_symbols": list(encoder.inputs.vocabulary_sizes),
        "num_characters": len(encoder.characters),
        "content": hashlib.sha256(content + codes.labels.tobytes()).hexdigest()[:16],
    }


def _findings(table: StepTable, steps: Steps, encoder: StepEncoder, parts: Parts) -> tuple[Finding, ...]:
    label, found = table.columns.label, []
    missing = table.labels.null_count()
    if missing:
        message = f"{missing:,} of {table.frame.height:,} steps have no label; they are read, but not scored."
        found.append(Finding("missing", message, "note", column=label))
    unseen = sorted(set(table.labels.drop_nulls().unique()) - set(encoder.labels))
    if unseen:
        message = f"{len(unseen)} labels do not occur in the training part and are never given."
        found.append(Finding("unseen", message, "warning", column=label, examples=tuple(unseen[:5])))
    for at, text in enumerate(encoder.inputs.text):
        share = float((steps.codes[rows_of(table.starts, parts.validation), at] == 0).mean())
        if share:
            message = (
                f"{share:.1%} of the values of {text.name!r} in the validation part are new to training."
            )
            found.append(Finding("unseen", message, "note", column=text.name))
    for name in encoder.inputs.constant_names:
        message = f"{name!r} holds one value in all of the training part and tells the network nothing."
        found.append(Finding("constant_in_training", message, "warning", column=name))
    return tuple(found)
