"""The settings of a language model's run: flat, checked, and written as TOML so that they repeat the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from elman.tasks.language_model import LanguageModel
from elman.tasks.running import check_threads
from elman.tasks.settings import RunSettings
from elman.tasks.text.options import TextOptions


@dataclass(frozen=True)
class TextSettings(RunSettings):
    """Everything that decides a run, flat, as on the command line and in config.toml.

    The meaning and the defaults of all but `data`, `encoding` and `threads` are those of `TextOptions`.

    Args:
        data: path of the text.
        encoding: of the text, for characters and words.
        threads: threads of a tensor operation; None takes one for each core where a trial is faster so.
    """

    task: ClassVar[str] = "text"

    data: str
    encoding: str = "utf-8"
    unit: str = TextOptions.unit
    vocabulary_size: int = TextOptions.vocabulary_size
    validation: float | None = TextOptions.validation
    test: float = TextOptions.test
    cell: str = TextOptions.cell
    hidden_size: int = TextOptions.hidden_size
    num_layers: int = TextOptions.num_layers
    embedding_size: int | None = TextOptions.embedding_size
    ngram: int = TextOptions.ngram
    tied: bool = TextOptions.tied
    dropout: float | None = TextOptions.dropout
    input_dropout: float = TextOptions.input_dropout
    weight_dropout: float = TextOptions.weight_dropout
    segment: int = TextOptions.segment
    through_time: str | None = TextOptions.through_time
    memory: str | None = TextOptions.memory
    batch_size: int = TextOptions.batch_size
    seconds: float | None = TextOptions.seconds
    num_steps: int | None = TextOptions.num_steps
    learning_rate: float = TextOptions.learning_rate
    warmup: float = TextOptions.warmup
    weight_decay: float = TextOptions.weight_decay
    clip_norm: float = TextOptions.clip_norm
    patience: int = TextOptions.patience
    seed: int = TextOptions.seed
    recovery: str = TextOptions.recovery
    max_recoveries: int = TextOptions.max_recoveries
    device: str = TextOptions.device
    threads: int | None = None

    def model(self) -> LanguageModel:
        """Check what can be checked without the text, and return the model that is described.

        Raises:
            OptionError: a setting is not a legal one.
        """
        if self.threads is not None:
            check_threads(self.threads)
        return LanguageModel(self.picked(TextOptions))

    @property
    def files(self) -> Sequence[Path]:
        """The text."""
        return [Path(self.data)]
