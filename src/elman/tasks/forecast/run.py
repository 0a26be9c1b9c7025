"""A forecast as a run: settings in a file, results in a folder, a report at the end.

config.toml          the settings; they repeat the run
table.json           the fingerprint of the table, which a continued run must find again
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import torch

from elman.errors import DataError, RunError
from elman.tasks.forecast.fitting import Observer
from elman.tasks.forecast.saved import FILES, require_finished, save_report
from elman.tasks.forecast.settings import ForecastSettings, read_settings
from elman.tasks.forecaster import Forecaster
from elman.tasks.results import ForecastReport
from elman.training import EvaluationRecord
from elman.training.files import write_bytes
from elman.training.run import CONFIG, Mode, RunDirectory

MODEL, REPORT = "model.safetensors", "report.html"
_STATE, _TABLE, _METRICS = "state.safetensors", "table.json", "metrics.jsonl"
_RESULTS = (_TABLE, _METRICS, _STATE, MODEL, *FILES, REPORT)


def run_forecast(
    settings: ForecastSettings, directory: RunDirectory, mode: Mode, observer: Observer
) -> ForecastReport:
    """Fit, evaluate and write everything but the drawn report into the run's folder.

    Args:
        settings: what to do.
        directory: where to write.
        mode: begin a run, continue one, or replace one.
        observer: is told how it goes.

    Raises:
        ElmanError: anything the settings or the table make impossible; what was saved stays.
    """
    directory.check(mode)
    forecaster, table = settings.forecaster(), Path(settings.data)
    if mode == "resume":
        _require_same_table(directory, _fingerprint(table))
    else:
        # Mistakes in the table are found before an old run is replaced.
        forecaster.check(table)
    fingerprint = _fingerprint(table)
    with directory.opened(mode, _RESULTS), _threads(settings.threads):
        write_bytes(directory / CONFIG, settings.to_toml().encode())
        write_bytes(directory / _TABLE, json.dumps({"sha256": fingerprint}).encode())
        forecaster.fit(table, checkpoint=directory / _STATE, observer=_with_log(observer, directory))
        forecaster.save(directory / MODEL)
        report = forecaster.report(configuration=asdict(settings))
        save_report(report, directory)
    return report


def load_settings(directory: RunDirectory) -> ForecastSettings:
    """Read the settings of a run.

    Raises:
        RunError: there is no run, or its settings are no TOML.
        OptionError: they are not those of a forecast.
    """
    directory.require_run()
    return ForecastSettings.from_mapping(read_settings(directory / CONFIG), str(directory / CONFIG))


def load_forecaster(directory: RunDirectory) -> Forecaster:
    """Read the forecaster of a run.

    Raises:
        RunError: there is no run, or it is not finished, or the file is damaged.
    """
    require_finished(directory, MODEL)
    return Forecaster.load(directory / MODEL)


def _fingerprint(table: Path) -> str:
    try:
        with table.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise DataError(f"There is no file {table}.") from error
    except OSError as error:
        raise DataError(f"{table} cannot be read: {error.strerror or error}.") from error


def _require_same_table(directory: RunDirectory, fingerprint: str) -> None:
    """Refuse to continue a training with other data; before its first checkpoint nothing was learned."""
    if not (directory / _STATE).exists():
        return
    try:
        stored = json.loads((directory / _TABLE).read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{directory / _TABLE} is damaged: {error}.") from error
    if stored != fingerprint:
        raise RunError(
            f"The table has changed since {directory.path} was begun, so the run cannot be continued; "
            "begin a new one with another --out, or replace it with --overwrite."
        )


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Compute with so many threads, since the order of a sum depends on them."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _with_log(observer: Observer, directory: RunDirectory) -> Observer:
    """Write each evaluation to the log as well; a continued training tells its earlier ones again."""
    lines: list[str] = []

    def on_record(record: EvaluationRecord) -> None:
        lines.append(json.dumps(asdict(record)) + "\n")
        write_bytes(directory / _METRICS, "".join(lines).encode())
        observer.on_record(record)

    return replace(observer, on_record=on_record)
