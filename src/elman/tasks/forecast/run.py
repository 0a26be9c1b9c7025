"""A forecast as a run: settings in a file, results in a folder, a report at the end.

config.toml          the settings; they repeat the run
metrics.jsonl        one line per evaluation
state.safetensors    where the training stands, to continue it
model.safetensors    the forecaster
forecasts.parquet    forecasts of the held-out part, with the truth and the baselines; also as CSV
history.parquet      the series that the report draws
evaluation.json      scores, calibration, findings
report.html          the report
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, cast

import polars as pl
import tomli_w

from elman.data.findings import Finding
from elman.errors import OptionError, RunError
from elman.tasks.forecast.fitting import Observer
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecaster import Forecaster
from elman.tasks.results import CalibrationPoint, ForecastReport, ScoreRow, ScoreTable, SeriesHistory
from elman.training import EvaluationRecord, TrainingOptions
from elman.training.files import write_bytes, write_frame
from elman.training.run import Mode, RunDirectory

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
        """Return the forecaster that these settings describe.

        Raises:
            OptionError: a setting is not a legal one.
            ColumnError: a column plays two parts.
        """
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
        """Check and return settings by name.

        Args:
            values: setting -> value.
            source: where they come from, for the messages.

        Raises:
            OptionError: a name is unknown or one that is needed is missing.
        """
        values = dict(values)
        if values.pop("task", _TASK) != _TASK:
            raise OptionError(f"{source} describes no forecast.")
        names = [one.name for one in fields(cls)]
        unknown = [name for name in values if name not in names]
        if unknown:
            raise OptionError(
                f"{source} has the unknown setting {unknown[0]!r}; it knows {', '.join(names)}."
            )
        missing = [name for name in ("data", "time", "target", "horizon") if values.get(name) is None]
        if missing:
            raise OptionError(f"{source} lacks {', '.join(missing)}.")
        lists = {name: tuple(values[name]) for name in ("known", "past", "quantiles") if name in values}
        return cls(**{**values, **lists})


def read_settings(path: Path) -> dict[str, Any]:
    """Read a config.toml.

    Raises:
        RunError: it is absent or no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(f"{path} does not exist.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise RunError(f"{path} cannot be read: {error}.") from error


def run_forecast(
    settings: ForecastSettings, directory: RunDirectory, mode: Mode, observer: Observer
) -> ForecastReport:
    """Fit, evaluate and write everything into the run's folder.

    Args:
        settings: what to do.
        directory: where to write.
        mode: begin a run, continue one, or replace one.
        observer: is told how it goes.

    Raises:
        ElmanError: anything the settings or the table make impossible; what was saved stays.
    """
    forecaster = settings.forecaster()
    table = Path(settings.data)
    if mode != "resume":
        # Mistakes in the table are found before an old run is replaced.
        forecaster.check(table)
    directory.prepare(mode)
    with directory.locked():
        fingerprint = _fingerprint(table)
        if mode == "resume":
            _require_same_table(directory, fingerprint)
        write_bytes(directory / "config.toml", settings.to_toml().encode())
        write_bytes(directory / "table.json", json.dumps({"sha256": fingerprint}).encode())
        watched = _with_log(observer, directory)
        forecaster.fit(table, checkpoint=directory / "state.safetensors", observer=watched)
        forecaster.save(directory / "model.safetensors")
        report = forecaster.report(configuration=asdict(settings))
        save_report(report, directory)
    return report


def _fingerprint(table: Path) -> str:
    try:
        with table.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RunError(f"{table} cannot be read: {error.strerror or error}.") from error


def _require_same_table(directory: RunDirectory, fingerprint: str) -> None:
    stored = directory / "table.json"
    if stored.is_file() and json.loads(stored.read_text())["sha256"] != fingerprint:
        raise RunError(
            f"The table has changed since {directory.path} was begun, so the run cannot be continued; "
            "begin a new one with another --out, or replace it with --overwrite."
        )


def _with_log(observer: Observer, directory: RunDirectory) -> Observer:
    """Write each evaluation to metrics.jsonl; a continued run first drops what its checkpoint does not hold."""
    log = directory / "metrics.jsonl"
    records: list[str] = []

    def on_record(record: EvaluationRecord) -> None:
        if not records and log.is_file():
            lines = log.read_text(encoding="utf-8").splitlines()
            records.extend(line for line in lines if json.loads(line)["step"] < record.step)
        records.append(json.dumps(asdict(record)))
        write_bytes(log, ("\n".join(records) + "\n").encode())
        observer.on_record(record)

    return Observer(observer.on_stage, observer.on_step, on_record)


def save_report(report: ForecastReport, directory: RunDirectory) -> None:
    """Write everything a report is drawn from, so that it can be drawn again."""
    write_frame(directory / "forecasts.parquet", report.forecasts)
    write_frame(directory / "forecasts.csv", report.forecasts)
    write_frame(directory / "history.parquet", _history_frame(report))
    rest = {
        one.name: getattr(report, one.name)
        for one in fields(report)
        if one.name not in ("forecasts", "history")
    }
    values = json.dumps(rest, default=_plain, ensure_ascii=False, indent=1)
    write_bytes(directory / "evaluation.json", values.encode())


def load_report(directory: RunDirectory) -> ForecastReport:
    """Read what `save_report` wrote.

    Raises:
        RunError: the run is not finished, or its files are damaged.
    """
    directory.require_run()
    if not (directory / "evaluation.json").is_file():
        raise RunError(f"The run in {directory.path} is not finished; continue it with --resume.")
    try:
        values = json.loads((directory / "evaluation.json").read_text(encoding="utf-8"))
        histories = pl.read_parquet(directory / "history.parquet")
        return ForecastReport(
            **{
                **values,
                "history": _histories(histories),
                "forecasts": pl.read_parquet(directory / "forecasts.parquet"),
                "scores": [_score_table(entry) for entry in values["scores"]],
                "calibration": [CalibrationPoint(**entry) for entry in values["calibration"]],
                "curve": [EvaluationRecord(**entry) for entry in values["curve"]],
                "findings": [Finding(**entry) for entry in values["findings"]],
            }
        )
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise RunError(f"The results in {directory.path} are damaged: {error}.") from error


def _score_table(entry: Mapping[str, Any]) -> ScoreTable:
    return ScoreTable(**{**entry, "rows": [ScoreRow(**row) for row in entry["rows"]]})


def _history_frame(report: ForecastReport) -> pl.DataFrame:
    parts = [
        pl.DataFrame(
            {
                "series": pl.Series([one.name] * len(one.times), dtype=pl.String),
                "time": one.times,
                "value": pl.Series(one.values, dtype=pl.Float64),
                "part": ["training"] * one.validation_start
                + ["validation"] * (one.test_start - one.validation_start)
                + ["test"] * (len(one.times) - one.test_start),
            }
        )
        for one in report.history
    ]
    return pl.concat(parts)


def _histories(frame: pl.DataFrame) -> list[SeriesHistory]:
    return [
        SeriesHistory(
            name=cast("str | None", name),
            times=part["time"].to_list(),
            values=part["value"].to_list(),
            validation_start=part.filter(pl.col("part") == "training").height,
            test_start=part.filter(pl.col("part") != "test").height,
        )
        for (name,), part in frame.group_by(["series"], maintain_order=True)
    ]


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    return list(value) if isinstance(value, tuple) else str(value)
