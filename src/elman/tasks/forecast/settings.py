"""The settings of a forecast: flat, checked, and written as TOML so that they repeat the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecaster import Forecaster
from elman.tasks.running import check_threads
from elman.tasks.settings import RunSettings
from elman.training import TrainingOptions


@dataclass(frozen=True)
class ForecastSettings(RunSettings):
    """Everything that decides a run, flat, as on the command line and in config.toml.

    The meaning and the defaults of all but `data` and `threads` are those of `Forecaster`,
    `ForecastOptions` and `TrainingOptions`.

    Args:
        data: path of the table.
        threads: threads of a tensor operation.
    """

    task: ClassVar[str] = "forecast"

    data: str
    time: str
    target: str
    horizon: int
    series: str | None = None
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    context: int | None = ForecastOptions.context
    quantiles: tuple[float, ...] = ForecastOptions.quantiles
    validation: int | str | None = ForecastOptions.validation
    test: int | str | None = ForecastOptions.test
    frequency: str | None = ForecastOptions.frequency
    time_zone: str | None = ForecastOptions.time_zone
    time_format: str | None = ForecastOptions.time_format
    encoding: str | None = ForecastOptions.encoding
    cell: str = "lstm"
    hidden_size: int = ForecastOptions.hidden_size
    num_layers: int = ForecastOptions.num_layers
    dropout: float = ForecastOptions.dropout
    batch_size: int = ForecastOptions.batch_size
    through_time: str = ForecastOptions.through_time
    memory: str | None = ForecastOptions.memory
    device: str = ForecastOptions.device
    num_steps: int = TrainingOptions.num_steps
    evaluate_every: int = TrainingOptions.evaluate_every
    learning_rate: float = TrainingOptions.learning_rate
    warmup: float = TrainingOptions.warmup
    weight_decay: float = TrainingOptions.weight_decay
    clip_norm: float = TrainingOptions.clip_norm
    averaging: float = TrainingOptions.averaging
    patience: int = TrainingOptions.patience
    seed: int = TrainingOptions.seed
    recovery: str = TrainingOptions.recovery
    max_recoveries: int = TrainingOptions.max_recoveries
    threads: int = 1

    def forecaster(self) -> Forecaster:
        """Check what can be checked without the table, and return the forecaster that is described.

        Raises:
            OptionError: a setting is not a legal one.
            ColumnError: a column plays two parts.
        """
        check_threads(self.threads)
        options = self.picked(ForecastOptions, training=self.picked(TrainingOptions))
        names = ("horizon", "time", "target", "series", "known", "past")
        return Forecaster(**{name: getattr(self, name) for name in names}, options=options)

    @property
    def files(self) -> Sequence[Path]:
        """The table."""
        return [Path(self.data)]
