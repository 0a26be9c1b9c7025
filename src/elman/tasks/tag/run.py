"""A tagger as a run: settings in a file, results in a folder, a report at the end.

config.toml          the settings; they repeat the run
table.json           the fingerprint of the data, which a continued run must find again
metrics.jsonl        one line per evaluation
state.safetensors    where the training stands, to continue it
model.safetensors    the tagger
evaluation.json      scores, spans, confusion, examples, findings
report.html          the report
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

from elman.tasks.observer import Observer
from elman.tasks.results.tag import TagReport
from elman.tasks.running import (
    DATA,
    METRICS,
    STATE,
    computing_with,
    fingerprint,
    require_same_data,
    with_log,
    write_fingerprint,
)
from elman.tasks.saved import require_finished
from elman.tasks.settings import read_settings
from elman.tasks.tag.saved import EVALUATION, save_report
from elman.tasks.tag.settings import TagSettings
from elman.tasks.tagger import SequenceTagger
from elman.training.files import write_bytes
from elman.training.run import CONFIG, REPORT, Mode, RunDirectory

MODEL = "model.safetensors"
_RESULTS = (DATA, METRICS, STATE, MODEL, EVALUATION, REPORT)


def run_tag(settings: TagSettings, directory: RunDirectory, mode: Mode, observer: Observer) -> TagReport:
    """Fit, evaluate and write everything but the drawn report into the run's folder.

    Args:
        settings: what to do.
        directory: where to write.
        mode: begin a run, continue one, or replace one.
        observer: is told how it goes.

    Raises:
        ElmanError: anything the settings or the data make impossible; what was saved stays.
    """
    directory.check(mode)
    tagger = settings.tagger()
    if mode == "resume":
        require_same_data(directory, _fingerprint(settings))
    else:
        # Mistakes in the data are found before an old run is replaced.
        tagger.check(*settings.files)
    found = _fingerprint(settings)
    with directory.opened(mode, _RESULTS), computing_with(settings.threads):
        write_bytes(directory / CONFIG, settings.to_toml().encode())
        write_fingerprint(directory, found)
        tagger.fit(*settings.files, checkpoint=directory / STATE, observer=with_log(observer, directory))
        tagger.save(directory / MODEL)
        report = tagger.report(configuration=asdict(settings))
        save_report(report, directory)
    return report


def _fingerprint(settings: TagSettings) -> str:
    found = [fingerprint(Path(file)) for file in settings.files if file is not None]
    return found[0] if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest()


def load_settings(directory: RunDirectory) -> TagSettings:
    """Read the settings of a run.

    Raises:
        RunError: there is no run, or its settings are no TOML.
        OptionError: they are not those of a tagger.
    """
    directory.require_run()
    return TagSettings.from_mapping(read_settings(directory / CONFIG), str(directory / CONFIG))


def load_tagger(directory: RunDirectory) -> SequenceTagger:
    """Read the tagger of a run.

    Raises:
        RunError: there is no run, or it is not finished, or the file is damaged.
    """
    require_finished(directory, MODEL)
    return SequenceTagger.load(directory / MODEL)
