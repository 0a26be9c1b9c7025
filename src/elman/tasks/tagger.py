"""Tag every step of sequences, with honest baselines beside every score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from elman.data.encodings import check_encoding
from elman.data.findings import Finding
from elman.data.step_tables import StepColumns, StepTable, read_steps
from elman.errors import DataError, RunError
from elman.tasks.inspection import NetworkInspection, inspect_network
from elman.tasks.model_file import (
    options_from_json,
    options_to_json,
    reading_model,
    require_named_cell,
    write_model,
)
from elman.tasks.observer import Observer
from elman.tasks.results import ScoreTable
from elman.tasks.results.tag import TagReport
from elman.tasks.tag.evaluation import TagEvaluation
from elman.tasks.tag.fitting import TagFit, fit_tagger
from elman.tasks.tag.inspection import subject_of
from elman.tasks.tag.model import TagModel
from elman.tasks.tag.options import TagOptions
from elman.tasks.tag.parts import Parts, join_parts
from elman.tasks.tag.report import build_report, evaluation_of
from elman.tasks.tag.stream import TagStream
from elman.training import TrainingResult
from elman.training.keywords import naming_keywords


class SequenceTagger:
    """A label for every step of a sequence: words, sensor readings, letters, both kinds side by side.

    Symbols are embedded, and their spelling is read where new ones are to be expected; numbers are
    standardised and missing ones masked. By default each step is read with all that comes before and after
    it; `TagOptions(stream=True)` tags what has no end. The test part is not read by `fit`.

    Args:
        label: the column of labels; None takes the last column of a column file.
        sequence: the column that names the sequence of a row; a column file's blank lines need none.
        order: the column that sorts the rows of a sequence; None keeps their order.
        symbols: columns of words, letters or codes; None takes the first column of a column file, or all
            columns of text of a table, unless there are features.
        features: columns of numbers.
        delimiter: of a column file; None takes tabs where every line has them, else white space.
        encoding: of files that are not UTF-8, such as "windows-1252"; a byte order mark needs none.
        options: everything else; see `TagOptions`.

    Raises:
        ColumnError: a column plays two parts.
        OptionError: there is no such encoding.

    Reference:
        A. Graves, J. Schmidhuber (2005), "Framewise phoneme classification with bidirectional LSTM and other
        neural network architectures", Neural Networks 18.

    Example:
        >>> import polars as pl
        >>> from elman.training import TrainingOptions
        >>> rows = [(s, "ab"[(s + t) % 2], "XY"[(s + t) % 2]) for s in range(30) for t in range(4)]
        >>> table = pl.DataFrame(rows, schema=["line", "letter", "kind"], orient="row")
        >>> options = TagOptions(hidden_size=8, training=TrainingOptions(num_steps=40, evaluate_every=20))
        >>> tagger = SequenceTagger(label="kind", sequence="line", options=options).fit(table)
        >>> tagger.predict(table).head(2)["tag"].to_list()
        ['X', 'Y']
    """

    @naming_keywords("SequenceTagger", options=TagOptions)
    def __init__(
        self,
        *,
        label: str | None = None,
        sequence: str | None = None,
        order: str | None = None,
        symbols: Sequence[str] | None = None,
        features: Sequence[str] = (),
        delimiter: str | None = None,
        encoding: str | None = None,
        options: TagOptions | None = None,
    ) -> None:
        named = None if symbols is None else _names(symbols)
        self.columns = StepColumns(label, sequence, order, named, _names(features))
        check_encoding(encoding)
        self.delimiter, self.encoding = delimiter, encoding
        self.options = options or TagOptions()
        self._model: TagModel | None = None
        self._fit: TagFit | None = None

    @property
    def model(self) -> TagModel:
        """The fitted model.

        Raises:
            RunError: `fit` or `load` was not called.
        """
        if self._model is None:
            raise RunError("This tagger is not fitted: call fit(frame) or SequenceTagger.load(path) first.")
        return self._model

    @property
    def fitted(self) -> TagFit:
        """What the model was fitted on; gone after `load`.

        Raises:
            RunError: `fit` was not called on this object.
        """
        if self._fit is None:
            raise RunError("This tagger does not hold its table: call fit(frame), or give the table.")
        return self._fit

    @property
    def name(self) -> str:
        """What the table of scores calls this tagger."""
        return f"elman ({self.options.cell_name}{'' if self.options.stream else ', both directions'})"

    def fit(
        self,
        frame: Any,
        validation: Any = None,
        test: Any = None,
        *,
        checkpoint: Path | None = None,
        observer: Observer | None = None,
    ) -> SequenceTagger:
        """Learn from the training part; stop by the validation part.

        Args:
            frame: a column file, a CSV or Parquet file, or a polars, pandas or arrow table.
            validation: sequences to tune by; None holds a share of those of `frame` out.
            test: sequences to judge by; None as for `validation`.
            checkpoint: a file to save the training to at every evaluation, and to go on from if it exists.
            observer: is told of stages, steps and evaluations.

        Returns:
            This tagger.

        Raises:
            DataError: the sequences cannot be used; the message says why and what to do.
            OptionError: the cell cannot be used.
            NonFiniteError: the training diverged; the last good weights are in the checkpoint.
            RunError: the checkpoint belongs to another run.
        """
        table, parts = self._read_parts(frame, validation, test)
        observer = observer or Observer()
        self._fit = fit_tagger(table, parts, self.options, checkpoint=checkpoint, observer=observer)
        self._model = self._fit.model
        return self

    def check(self, frame: Any, validation: Any = None, test: Any = None) -> tuple[Finding, ...]:
        """Read sequences as `fit` would, learn nothing, and return what is odd in them.

        Args:
            frame: as for `fit`.
            validation: as for `fit`.
            test: as for `fit`.

        Raises:
            DataError: the sequences cannot be used; the message says why and what to do.
        """
        return self._read_parts(frame, validation, test)[0].findings

    def predict(self, frame: Any) -> pl.DataFrame:
        """Tag sequences.

        Args:
            frame: as for `fit`; labels need not be there.

        Returns:
            The table as it came, row by row, with two columns more: `tag` and its `probability`; one whose
            name is taken is called `elman_tag`, or `elman_probability`.

        Raises:
            DataError: the sequences cannot be used.
        """
        table = self._read(frame)
        evaluation = TagEvaluation(self.model, table, np.arange(len(table)), self.options.device)
        back = np.argsort(table.places)
        labels = np.array(self.model.encoder.labels)[evaluation.tags]
        tagged = {"tag": pl.Series(labels[back]), "probability": pl.Series(evaluation.probabilities[back])}
        taken = table.frame.columns
        names = {name: f"elman_{name}" if name in taken else name for name in tagged}
        return table.frame[back].with_columns(column.alias(names[name]) for name, column in tagged.items())

    def evaluate(self, frame: Any = None, part: str = "test") -> ScoreTable:
        """Score the tags of a held-out part beside the baselines'.

        Args:
            frame: labelled sequences, all of which are scored; None scores a part of those of the fit.
            part: "test" or "validation", of those of the fit.

        Raises:
            OptionError: there is no such part.
            DataError: the sequences cannot be used.
        """
        return self._evaluation(frame, part).scores(part, self.name)

    def inspect(
        self, frame: Any = None, part: str = "test", *, task_lag: int | None = None
    ) -> NetworkInspection:
        """Look the network over: how far its gradients reach, what its gates do, what is wrong.

        Args:
            frame: labelled sequences; None takes a part of those of the fit.
            part: as for `evaluate`.
            task_lag: how many steps back the task looks; the longest sequence without it.

        Raises:
            OptionError: there is no such part, or the lag is not positive.
            DataError: the sequences cannot be used.
        """
        return inspect_network(subject_of(self._evaluation(frame, part), part, task_lag))

    def stream(self) -> TagStream:
        """Return what tags steps one by one, as they come.

        Raises:
            OptionError: the tagger reads sequences from both ends.
        """
        return TagStream(self.model, self.options.device)

    def report(
        self, *, title: str | None = None, configuration: Mapping[str, Any] | None = None
    ) -> TagReport:
        """Gather what a report shows: the held-out parts are tagged and scored here, once.

        Args:
            title: of the page; None takes the column of labels.
            configuration: what repeats the run, to be shown.

        Raises:
            RunError: `fit` was not called on this object.
        """
        fit = self.fitted
        title = title or f"{fit.table.columns.label} of every step"
        return build_report(fit, self.name, self.options, title, configuration or {})

    def save(self, path: str | Path) -> None:
        """Write the model to one safetensors file, atomically.

        Args:
            path: the file; its folder must exist.

        Raises:
            OptionError: the cell is a function; a file can only name the cells of elman.
            RunError: the file cannot be written.
        """
        require_named_cell(self.options.cell, "tagger")
        own = {
            "delimiter": self.delimiter,
            "encoding": self.encoding,
            "options": options_to_json(self.options),
        }
        write_model(path, "tag", self.model.tensors(), {**own, **self.model.values()})

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu") -> SequenceTagger:
        """Read what `save` wrote; the tags are the same, bit for bit on the same kind of device.

        Args:
            path: the file.
            device: where the network goes.

        Raises:
            RunError: the file is absent, damaged or not one of ours.
        """
        with reading_model(path, "tag", device) as (tensors, values):
            options = options_from_json(TagOptions, values["options"], device)
            model = TagModel.from_parts(tensors, values, options)
            columns = asdict(model.encoder.columns)
            own = {"delimiter": values["delimiter"], "encoding": values.get("encoding")}
            tagger = cls(**columns, **own, options=options)
        tagger._model = model
        return tagger

    def restore_fit(self, frame: Any, validation: Any = None, test: Any = None) -> None:
        """Read the sequences of the fit again after `load`, so that a held-out part can be scored.

        Args:
            frame: as for `fit`.
            validation: as for `fit`.
            test: as for `fit`.

        Raises:
            DataError: the sequences cannot be used.
        """
        table, parts = self._read_parts(frame, validation, test)
        steps = self.model.encoder.encode(table)
        self._fit = TagFit(self.model, table, steps, parts, TrainingResult())

    def _read(self, source: Any, *, needs_labels: bool = False) -> StepTable:
        columns = self.columns if self._model is None else self.model.encoder.columns
        form = {"delimiter": self.delimiter, "encoding": self.encoding}
        return read_steps(source, columns, **form, needs_labels=needs_labels)

    def _read_parts(self, frame: Any, validation: Any, test: Any) -> tuple[StepTable, Parts]:
        _refuse_twice(frame, validation, test)
        table = self._read(frame, needs_labels=True)
        given = {"validation": validation, "test": test}
        others = {part: self._read(one, needs_labels=True) for part, one in given.items() if one is not None}
        return join_parts(table, others, self.options)

    def _evaluation(self, frame: Any, part: str) -> TagEvaluation:
        if frame is not None:
            table = self._read(frame, needs_labels=True)
            if table.labels.null_count() == table.frame.height:
                raise DataError(f"No step has a label in {table.columns.label!r}.")
            return TagEvaluation(self.model, table, np.arange(len(table)), self.options.device)
        return evaluation_of(self.fitted, part, self.options.device)


def _refuse_twice(*sources: Any) -> None:
    """Refuse a file that is to be learned from and to be judged by."""
    paths = [Path(one).resolve() for one in sources if isinstance(one, str | Path)]
    twice = [path for path in paths if paths.count(path) > 1]
    if twice:
        raise DataError(
            f"{twice[0]} is given twice: nobody can be judged by what was learned. Give other sequences, or "
            "leave it out: a share is held out then."
        )


def _names(names: Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
