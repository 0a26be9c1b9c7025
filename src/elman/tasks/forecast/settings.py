"""The settings of a forecast: flat, checked, and written as TOML so that they repeat the run."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomli_w

from elman.errors import OptionError, RunError
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecaster import Forecaster
from elman.training import TrainingOptions

_TASK = "forecast"
_MAX_THREADS = 1024
# How Python spells the bytes of a file name that are no UTF-8; a TOML file cannot hold them.
_ODD_BYTES = re.compile("[\ud800-\udfff]")


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
        if not 1 <= self.threads <= _MAX_THREADS:
            raise OptionError(f"`threads` must be in [1, {_MAX_THREADS}], but it is {self.threads}.")
        values = asdict(self)
        training = TrainingOptions(**{one.name: values[one.name] for one in fields(TrainingOptions)})
        own = [one.name for one in fields(ForecastOptions) if one.name != "training"]
        options = ForecastOptions(**{name: values[name] for name in own}, training=training)
        columns = {name: values[name] for name in ("time", "target", "series", "known", "past")}
        return Forecaster(horizon=self.horizon, **columns, options=options)

    def to_toml(self) -> str:
        """Return the settings as TOML; a setting without a value is left out."""
        values = {name: value for name, value in asdict(self).items() if value is not None}
        return tomli_w.dumps({"task": _TASK, **values})

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], source: str) -> ForecastSettings:
        """Check the names and types of settings, and return them.

        Args:
            values: setting -> value.
            source: where they come from, for the messages.

        Raises:
            OptionError: a name is unknown, one that is needed is missing, or a value has a wrong type.
        """
        values = dict(values)
        if values.pop("task", _TASK) != _TASK:
            raise OptionError(f"{source} describes no forecast.")
        types = {one.name: str(one.type) for one in fields(cls)}
        for name, value in values.items():
            _check(name, value, types, source)
        missing = [one.name for one in fields(cls) if one.default is MISSING and one.name not in values]
        if missing:
            raise OptionError(f"{source} does not give {', '.join(f'`{name}`' for name in missing)}.")
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(**{**values, **lists})


def read_settings(path: Path) -> dict[str, Any]:
    """Read a config.toml.

    Raises:
        RunError: it is absent or no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(f"There is no file {path}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RunError(f"{path} is no TOML: {error}.") from error
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror or error}.") from error


def _check(name: str, value: Any, types: Mapping[str, str], source: str) -> None:
    if name not in types:
        near = get_close_matches(name, types, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(types)}."
        raise OptionError(f"{source} has the unknown setting {name!r}; {hint}")
    allowed = [one for one in types[name].split(" | ") if one != "None"]
    if not any(_fits(value, one) for one in allowed):
        words = " or ".join(_WORDS[one] for one in allowed)
        raise OptionError(f"`{name}` in {source} must be {words}, but it is {value!r}.")


_WORDS = {
    "str": "a text in UTF-8",
    "int": "a whole number",
    "float": "a number",
    "tuple[str, ...]": "a list of texts",
    "tuple[float, ...]": "a list of numbers",
}


def _fits(value: Any, type_: str) -> bool:
    if type_.startswith("tuple["):
        inner = type_.removeprefix("tuple[").removesuffix(", ...]")
        return isinstance(value, list | tuple) and all(_fits(one, inner) for one in value)
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        return type_ == "str" and not _ODD_BYTES.search(value)
    return isinstance(value, {"str": str, "int": int, "float": (int, float)}[type_])
