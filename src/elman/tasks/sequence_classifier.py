"""Classify sequences of unequal length, with honest baselines beside every score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from elman.data.sequences import Sequences, sequences_from_arrays
from elman.errors import DataError, RunError
from elman.tasks.classify.estimator import Estimator
from elman.tasks.classify.evaluation import build_report, part_rows, score_part
from elman.tasks.classify.fitting import Fit, classes_of, codes_of, fit_model
from elman.tasks.classify.influence import input_gradients
from elman.tasks.classify.inspection import subject_of
from elman.tasks.classify.model import ClassifyModel
from elman.tasks.classify.options import ClassifyOptions
from elman.tasks.classify.split import Split, split_sequences
from elman.tasks.classify.stream import ClassifyStream
from elman.tasks.inspection import NetworkInspection, inspect_network
from elman.tasks.model_file import (
    options_from_json,
    options_to_json,
    reading_model,
    require_named_cell,
    write_model,
)
from elman.tasks.observer import Observer
from elman.tasks.results import ClassificationReport, ScoreTable


class SequenceClassifier(Estimator):
    """A class for each sequence, by a recurrent network beside a linear model on summary statistics.

    Sequences may be of any lengths; a missing value (NaN) is masked. It has the manners of an estimator of
    scikit-learn: it works in `cross_val_score`, `GridSearchCV` and at the end of a `Pipeline`. X is a list of
    arrays (T, C) or (T,), or one array (N, T, C) or (N, T).

    Args:
        options: as keywords, those of `ClassifyOptions`.

    Raises:
        OptionError: there is no such option. Their values are checked by `fit`.

    Reference:
        Graves, Schmidhuber (2005). Framewise phoneme classification with bidirectional LSTM and other neural
        network architectures. Neural Networks; for the bidirectional network.

    Example:
        >>> import numpy as np
        >>> draw = np.random.default_rng(0)
        >>> X = [draw.normal(at % 2, 0.3, size=(5 + at % 4, 2)) for at in range(40)]
        >>> classifier = SequenceClassifier(hidden_size=4, num_steps=20, evaluate_every=10)
        >>> classifier.fit(X, [at % 2 for at in range(40)]).predict([X[0], X[1][:3]]).tolist()
        [0, 1]
    """

    _options_class = ClassifyOptions

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._model: ClassifyModel | None = None
        self._fit: Fit | None = None

    @property
    def options(self) -> ClassifyOptions:
        """The options, checked.

        Raises:
            OptionError: a value is not a legal one.
        """
        return ClassifyOptions(**self._given)

    @property
    def _is_fitted(self) -> bool:
        return self._model is not None

    @property
    def model(self) -> ClassifyModel:
        """The fitted model.

        Raises:
            RunError: `fit` or `load` was not called.
        """
        if self._model is None:
            raise RunError(
                "This classifier is not fitted: call fit(X, y) or SequenceClassifier.load(path) first."
            )
        return self._model

    @property
    def fitted(self) -> Fit:
        """What the model was fitted on; gone after `load`.

        Raises:
            RunError: `fit` was not called on this object.
        """
        if self._fit is None:
            raise RunError("This classifier does not hold its sequences: call fit first.")
        return self._fit

    @property
    def classes_(self) -> np.ndarray:
        """The classes, in the order of the columns of `predict_proba`."""
        return np.array(self.model.classes)

    @property
    def n_features_in_(self) -> int:
        """Channels of a sequence."""
        return len(self.model.encoder.channels)

    def fit(self, X: Any, y: Any, groups: Any = None) -> SequenceClassifier:  # noqa: N803
        """Learn from sequences; a share of them decides when to stop, none is kept for a test.

        Args:
            X: the sequences.
            y: their classes.
            groups: what each belongs to; a group is never split between learning and deciding.

        Raises:
            ElmanError: as for `fit_sequences`.
        """
        return self.fit_sequences(sequences_from_arrays(X, y, groups), test=0.0)

    def fit_sequences(
        self,
        sequences: Sequences,
        *,
        test: float | None = None,
        checkpoint: Path | None = None,
        observer: Observer | None = None,
    ) -> SequenceClassifier:
        """Learn from the training part of sequences with classes; stop by the validation part.

        Args:
            sequences: as `elman.data` reads them.
            test: share to be kept for the test; None takes the option.
            checkpoint: a file to save the training to at every evaluation, and to go on from if it exists.
            observer: is told of stages, steps and evaluations.

        Raises:
            DataError: the sequences cannot be used; the message says why.
            OptionError: an option is not a legal one.
            NonFiniteError: the training diverged.
            RunError: the checkpoint belongs to another run.
        """
        options = self.options
        classes, codes, split = self._prepared(sequences, options.test if test is None else test)
        self._fit = fit_model(
            sequences, codes, classes, split, options, checkpoint=checkpoint, observer=observer or Observer()
        )
        self._model = self._fit.model
        return self

    def check(self, sequences: Sequences) -> None:
        """Split sequences as `fit_sequences` would, and learn nothing.

        Raises:
            DataError: the sequences cannot be used; the message says why.
            OptionError: an option is not a legal one.
        """
        _require_observed(sequences)
        self._prepared(sequences, self.options.test)

    def _prepared(self, sequences: Sequences, test: float) -> tuple[tuple[Any, ...], np.ndarray, Split]:
        """Return the classes, the code of each sequence's own, and the parts."""
        options, labels = self.options, _labels(sequences)
        classes = classes_of(labels)
        codes = codes_of(labels, classes)
        split = split_sequences(sequences, codes, validation=options.validation, test=test, seed=options.seed)
        return classes, codes, split

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return the class of each sequence, (N,).

        Raises:
            DataError: the sequences do not have the channels of the training.
        """
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return the probability of each class, (N, K), in the order of `classes_`.

        Raises:
            DataError: the sequences do not have the channels of the training.
        """
        sequences = sequences_from_arrays(X)
        self.model.check(sequences)
        return self.model.probabilities(sequences.values)

    def stream(self, sequence: str | None = None) -> ClassifyStream:
        """Return what says the classes' probabilities after each step, as rows come.

        Args:
            sequence: the column that names the sequence of a row; without it all rows are steps of one.

        Raises:
            OptionError: the network waits for steps to come: it is bidirectional, or has a convolution.
        """
        return ClassifyStream(self.model, sequence)

    def explain(self, X: Any) -> list[np.ndarray]:  # noqa: N803
        """Return what moves the class given to each sequence: the gradient of its log-probability, (T, C).

        It is taken with respect to the standardised input, of the recurrent branch.

        Raises:
            DataError: the sequences do not have the channels of the training.
        """
        sequences = sequences_from_arrays(X)
        self.model.check(sequences)
        return input_gradients(self.model, sequences.values)

    def evaluate(self, sequences: Sequences | None = None, part: str = "test") -> ScoreTable:
        """Score beside the baselines.

        Args:
            sequences: other sequences with classes, all of them scored; None takes a part of the fit's own.
            part: "test" or "validation"; with other sequences only their name.

        Raises:
            OptionError: there is no such part.
            DataError: a class was not learned, or the channels differ.
        """
        if sequences is not None:
            self.model.check(sequences)
            codes = codes_of(_labels(sequences), self.model.classes)
            return score_part(self.model, self.options, sequences.values, codes, part)
        fit, rows = self.fitted, part_rows(self.fitted.split, part)
        model = fit.model if part == "test" else fit.chosen
        return score_part(
            model, self.options, [fit.sequences.values[row] for row in rows], fit.codes[rows], part
        )

    def inspect(
        self, sequences: Sequences | None = None, part: str = "test", *, task_lag: int | None = None
    ) -> NetworkInspection:
        """Look the recurrent branch over: how far its gradients reach, what its gates do, what is wrong.

        Args:
            sequences: other sequences with classes; None takes a part of the fit's own.
            part: as for `evaluate`.
            task_lag: how many steps back the task looks; the longest sequence without it.

        Raises:
            OptionError: there is no such part, or the lag is not positive.
            DataError: a class was not learned, or the channels differ.
        """
        if sequences is None:
            sequences = self.fitted.sequences.take(part_rows(self.fitted.split, part))
        self.model.check(sequences)
        truth = codes_of(_labels(sequences), self.model.classes)
        pooling, values = self.options.pooling, sequences.values
        return inspect_network(subject_of(self.model, pooling, values, truth, part=part, task_lag=task_lag))

    def report(
        self, *, title: str | None = None, configuration: dict[str, Any] | None = None
    ) -> ClassificationReport:
        """Gather what a report shows: the held-out parts are classified and scored here, once.

        Args:
            title: of the page.
            configuration: what repeats the run, to be shown.

        Raises:
            RunError: `fit` was not called on this object.
        """
        classes = len(self.model.classes)
        return build_report(self.fitted, self.options, title or f"{classes} classes", configuration or {})

    def save(self, path: str | Path) -> None:
        """Write the model to one safetensors file, atomically.

        Args:
            path: the file; its folder must exist.

        Raises:
            OptionError: the cell is a function; a file can only name the cells of elman.
            RunError: the file cannot be written.
        """
        require_named_cell(self.options.cell, "classifier")
        values = {"options": options_to_json(self.options), **self.model.values()}
        write_model(path, "classify", self.model.tensors(), values)

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu") -> SequenceClassifier:
        """Read what `save` wrote; the probabilities are the same, bit for bit on the same kind of device.

        Args:
            path: the file.
            device: where the network goes.

        Raises:
            RunError: the file is absent, damaged or not one of ours.
        """
        with reading_model(path, "classify", device) as (tensors, values):
            made = options_from_json(cls, values["options"], device)
            made._model = ClassifyModel.from_parts(tensors, values, made.options)
        return made


def _require_observed(sequences: Sequences) -> None:
    if all(np.isnan(one).all() for one in sequences.values):
        named = ", ".join(map(repr, sequences.channels))
        raise DataError(f"No channel has one observed value, of {named}: there is nothing to learn from.")


def _labels(sequences: Sequences) -> tuple[Any, ...]:
    labels = sequences.labels
    if labels is None:
        raise DataError("The sequences have no classes; name the column of the label.")
    missing = [name for name, label in zip(sequences.ids, labels, strict=True) if label is None]
    if missing:
        count = "1 sequence has" if len(missing) == 1 else f"{len(missing):,} sequences have"
        raise DataError(
            f"{count} no label, {missing[0]!r} first; leave them out to learn. Beside "
            "nothing but numbers, a word such as NA or None counts as no label."
        )
    return labels
