"""The settings of a tagger: flat, checked, and written as TOML so that they repeat the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from elman.tasks.running import check_threads
from elman.tasks.settings import RunSettings
from elman.tasks.tag.options import TagOptions
from elman.tasks.tagger import SequenceTagger
from elman.training import TrainingOptions

_OPTIONS = TagOptions()


@dataclass(frozen=True)
class TagSettings(RunSettings):
    """Everything that decides a run, flat, as on the command line and in config.toml.

    The meaning and the defaults of the others are those of `SequenceTagger`, `TagOptions` and
    `TrainingOptions`.

    Args:
        data: path of the sequences.
        validation_data: path of those to tune by; without it a share of `data`.
        test_data: path of those to judge by; without it a share of `data`.
        threads: threads of a tensor operation.
    """

    task: ClassVar[str] = "tag"

    data: str
    label: str | None = None
    sequence: str | None = None
    order: str | None = None
    symbols: tuple[str, ...] | None = None
    features: tuple[str, ...] = ()
    delimiter: str | None = None
    encoding: str | None = None
    validation_data: str | None = None
    test_data: str | None = None
    validation: float = _OPTIONS.validation
    test: float = _OPTIONS.test
    stream: bool = _OPTIONS.stream
    characters: bool | None = _OPTIONS.characters
    class_weights: str = _OPTIONS.class_weights
    cell: str = "lstm"
    hidden_size: int = _OPTIONS.hidden_size
    num_layers: int = _OPTIONS.num_layers
    dropout: float = _OPTIONS.dropout
    batch_size: int = _OPTIONS.batch_size
    segment: int = _OPTIONS.segment
    through_time: str = _OPTIONS.through_time
    memory: str | None = _OPTIONS.memory
    device: str = _OPTIONS.device
    num_steps: int = _OPTIONS.training.num_steps
    evaluate_every: int = _OPTIONS.training.evaluate_every
    learning_rate: float = _OPTIONS.training.learning_rate
    warmup: float = _OPTIONS.training.warmup
    weight_decay: float = _OPTIONS.training.weight_decay
    clip_norm: float = _OPTIONS.training.clip_norm
    averaging: float = _OPTIONS.training.averaging
    patience: int = _OPTIONS.training.patience
    seed: int = _OPTIONS.training.seed
    recovery: str = _OPTIONS.training.recovery
    max_recoveries: int = _OPTIONS.training.max_recoveries
    threads: int = 1

    def tagger(self) -> SequenceTagger:
        """Check what can be checked without the data, and return the tagger that is described.

        Raises:
            OptionError: a setting is not a legal one.
            ColumnError: a column plays two parts.
        """
        check_threads(self.threads)
        options = self.picked(TagOptions, training=self.picked(TrainingOptions))
        names = ("label", "sequence", "order", "symbols", "features", "delimiter", "encoding")
        return SequenceTagger(**{name: getattr(self, name) for name in names}, options=options)

    @property
    def files(self) -> Sequence[Path]:
        """The files of sequences."""
        return [Path(name) for name in self.parts if name is not None]

    @property
    def parts(self) -> tuple[str | None, str | None, str | None]:
        """What to learn from, to tune by and to judge by."""
        return self.data, self.validation_data, self.test_data
