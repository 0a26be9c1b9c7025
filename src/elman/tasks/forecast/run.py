"""A forecast as a run: settings in a file, results in a folder, a report at the end.

config.toml          the settings; they repeat the run
table.json           the fingerprint of the table, which a continued run must find again
metrics.jsonl        one line per evaluation
gradients.jsonl      one line per look at the flow of gradients, every 50 steps
state.safetensors    where the training stands, to continue it
model.safetensors    the forecaster
forecasts.parquet    forecasts of the held-out part, with the truth and the baselines; also as CSV
history.parquet      the series that the report draws
evaluation.json      scores, calibration, findings
report.html          the report
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from elman.tasks.forecast.saved import FILES, save_report
from elman.tasks.forecast.settings import ForecastSettings
from elman.tasks.forecaster import Forecaster
from elman.tasks.observer import Observer
from elman.tasks.results import FlowPoint, ForecastReport
from elman.tasks.running import FLOW, MODEL, STATE, fingerprint, read_flow, require_same_data, writing_run
from elman.tasks.saved import require_finished
from elman.training.run import Mode, RunDirectory

_OWN = (FLOW, *FILES)


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
        require_same_data(directory, fingerprint(table))
    else:
        # Mistakes in the table are found before an old run is replaced.
        forecaster.check(table)
    found = fingerprint(table)
    with writing_run(
        settings, directory, mode, observer, found=found, threads=settings.threads, files=_OWN
    ) as log:
        forecaster.fit(table, checkpoint=directory / STATE, observer=log)
        forecaster.save(directory / MODEL)
        flow = [FlowPoint(look["step"], **one) for look in read_flow(directory) for one in look["states"]]
        report = replace(forecaster.report(configuration=asdict(settings)), flow=flow)
        save_report(report, directory)
    return report


def load_forecaster(directory: RunDirectory) -> Forecaster:
    """Read the forecaster of a run.

    Raises:
        RunError: there is no run, or it is not finished, or the file is damaged.
    """
    require_finished(directory, MODEL)
    return Forecaster.load(directory / MODEL)
