"""The settings of a run of a classifier: flat, checked, and written as TOML so that they repeat the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import ClassVar

from elman.data.encodings import check_encoding
from elman.data.sequence_folder import SequenceSource, read_sequences
from elman.data.sequence_table import SequenceColumns
from elman.data.sequences import Sequences
from elman.errors import ColumnError, DataError, OptionError
from elman.tasks.classify.options import ClassifyOptions
from elman.tasks.running import check_threads
from elman.tasks.sequence_classifier import SequenceClassifier
from elman.tasks.settings import RunSettings


@dataclass(frozen=True)
class ClassifySettings(RunSettings):
    """Everything that decides a run, flat, as on the command line and in config.toml.

    The meaning and the defaults of what is not listed here are those of `ClassifyOptions`.

    Args:
        data: a long table, a `.ts` file, or a folder of files.
        test_data: the test part, where it is a file or folder of its own.
        id: as `order`, `features`, `label`, `group` and `part`: the columns of `SequenceColumns`.
        labels: a table with a row for each file of the folder.
        encoding: of files that are not UTF-8, such as "windows-1252"; a byte order mark needs none.
        threads: threads of a tensor operation.
    """

    task: ClassVar[str] = "classify"

    data: str
    test_data: str | None = None
    id: str | None = None
    order: str | None = None
    features: tuple[str, ...] = ()
    label: str | None = None
    group: str | None = None
    part: str | None = None
    labels: str | None = None
    encoding: str | None = None
    cell: str = ClassifyOptions.cell
    hidden_size: int = ClassifyOptions.hidden_size
    num_layers: int = ClassifyOptions.num_layers
    bidirectional: bool = ClassifyOptions.bidirectional
    convolution: int = ClassifyOptions.convolution
    pooling: str = ClassifyOptions.pooling
    dropout: float = ClassifyOptions.dropout
    noise: float = ClassifyOptions.noise
    class_weights: str = ClassifyOptions.class_weights
    linear: bool = ClassifyOptions.linear
    refit: bool = ClassifyOptions.refit
    validation: float = ClassifyOptions.validation
    test: float = ClassifyOptions.test
    batch_size: int = ClassifyOptions.batch_size
    through_time: str = ClassifyOptions.through_time
    memory: str | None = ClassifyOptions.memory
    device: str = ClassifyOptions.device
    num_steps: int = ClassifyOptions.num_steps
    evaluate_every: int = ClassifyOptions.evaluate_every
    learning_rate: float = ClassifyOptions.learning_rate
    warmup: float = ClassifyOptions.warmup
    weight_decay: float = ClassifyOptions.weight_decay
    clip_norm: float = ClassifyOptions.clip_norm
    averaging: float = ClassifyOptions.averaging
    patience: int = ClassifyOptions.patience
    seed: int = ClassifyOptions.seed
    recovery: str = ClassifyOptions.recovery
    max_recoveries: int = ClassifyOptions.max_recoveries
    threads: int = 1

    def classifier(self) -> SequenceClassifier:
        """Check what can be checked without the data, and return the classifier that is described.

        Raises:
            OptionError: a setting is not a legal one.
        """
        check_threads(self.threads)
        check_encoding(self.encoding)
        if self.test_data and self.part:
            raise OptionError(
                "--part names the test part in the table and --test-data gives another: use one."
            )
        made = SequenceClassifier(**{one.name: getattr(self, one.name) for one in fields(ClassifyOptions)})
        _ = made.options  # refuses values that are not legal
        return made

    def source(self) -> SequenceSource:
        """Return how the sequences lie in their files.

        Raises:
            ColumnError: a column plays two parts, or the id is not named.
        """
        if self.id is None:
            if self.label:
                raise ColumnError("Say which column names the sequence a row belongs to: --id COLUMN.")
            return SequenceSource(None, self.order, self.features, self.labels, self.encoding)
        is_folder = Path(self.data).is_dir()
        order, features = (None, ()) if is_folder else (self.order, self.features)
        columns = SequenceColumns(self.id, order, features, self.label, self.group, self.part)
        return SequenceSource(columns, self.order, self.features, self.labels, self.encoding)

    def read(self) -> Sequences:
        """Read the sequences; those of a test file are appended, with their part named.

        Raises:
            DataError: they cannot be read.
            ColumnError: a column is absent or of a wrong type.
        """
        own = _read(self.data, self.source())
        if self.test_data is None:
            return own
        return _joined(own, _read(self.test_data, self.source()))

    @property
    def id_of_steps(self) -> str | None:
        """The column that names the sequence of a step; None where each has a file of its own."""
        return None if self.labels or Path(self.data).is_dir() else self.id

    @property
    def files(self) -> Sequence[Path]:
        """Every file or folder that is read."""
        return [Path(name) for name in (self.data, self.test_data, self.labels) if name]


def _read(path: str, source: SequenceSource) -> Sequences:
    read = read_sequences(Path(path), source)
    if read.labels is None:
        raise DataError(f"{path} has no classes to learn; for a table name their column: --label COLUMN.")
    return read


def _joined(own: Sequences, test: Sequences) -> Sequences:
    if own.values[0].shape[1] != test.values[0].shape[1] or own.channels != test.channels:
        raise DataError(
            f"The test data have the channels {list(test.channels)}, the others {list(own.channels)}."
        )
    shared = set(own.groups or ()) & set(test.groups or ())
    if shared:
        raise DataError(
            f"The group {min(shared)!r} is in the test data and in the others; a group stays whole."
        )
    unknown = set(test.labels or ()) - set(own.labels or ()) - {None}
    if unknown:
        raise DataError(f"The test data have the class {min(unknown)!r}, which the others do not have.")
    return replace(
        own,
        values=own.values + test.values,
        ids=own.ids + tuple(f"test {name}" for name in test.ids),
        labels=(own.labels or ()) + (test.labels or ()),
        groups=None if own.groups is None or test.groups is None else own.groups + test.groups,
        parts=("train",) * len(own) + ("test",) * len(test),
        findings=own.findings + test.findings,
    )
