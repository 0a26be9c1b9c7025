"""The settings of a forecast: flat, checked, and written as TOML so that they repeat the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecaster import Forecaster
from elman.tasks.running import check_threads
from elman.tasks.settings import settings_from, settings_to_toml
from elman.training import TrainingOptions

_TASK = "forecast"


@dataclass(frozen=True)
class ForecastSettings:
    """Everything that decides a run, flat, as on the command line and in config.toml.

    The meaning and the defaults of all but `data` and `threads` are those of `Forecaster`,
    `ForecastOptions` and `TrainingOptions`.

    Args:
        data: path of the table.
        threads: threads of a tensor operation.
    """

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
    threads: int = 1

    def forecaster(self) -> Forecaster:
        """Check what can be checked without the table, and return the forecaster that is described.

        Raises:
            OptionError: a setting is not a legal one.
            ColumnError: a column plays two parts.
        """
        check_threads(self.threads)
        values = asdict(self)
        training = TrainingOptions(**{one.name: values[one.name] for one in fields(TrainingOptions)})
        own = [one.name for one in fields(ForecastOptions) if one.name != "training"]
        options = ForecastOptions(**{name: values[name] for name in own}, training=training)
        columns = {name: values[name] for name in ("time", "target", "series", "known", "past")}
        return Forecaster(horizon=self.horizon, **columns, options=options)

    def to_toml(self) -> str:
        """Return the settings as TOML; a setting without a value is left out."""
        return settings_to_toml(self, _TASK)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], source: str) -> ForecastSettings:
        """Check the names and types of settings, and return them.

        Args:
            values: setting -> value.
            source: where they come from, for the messages.

        Raises:
            OptionError: a name is unknown, one that is needed is missing, or a value has a wrong type.
        """
        return settings_from(cls, values, _TASK, source)
