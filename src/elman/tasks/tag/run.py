"""A tagger as a run: settings in a file, results in a folder, a report at the end.

config.toml          the settings; they repeat the run
table.json           the fingerprint of the data, which a continued run must find again
metrics.jsonl        one line per evaluation
gradients.jsonl      one line per look at the flow of gradients, every 50 steps
state.safetensors    where the training stands, to continue it
model.safetensors    the tagger
evaluation.json      scores, spans, confusion, examples, findings
report.html          the report
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from pathlib import Path

from elman.tasks.flow import flow_points
from elman.tasks.observer import Observer
from elman.tasks.results.tag import TagReport
from elman.tasks.running import FLOW, MODEL, STATE, fingerprint, require_same_data, writing_run
from elman.tasks.saved import RESULTS
from elman.tasks.tag.saved import save_report
from elman.tasks.tag.settings import TagSettings
from elman.training.run import Mode, RunDirectory

_OWN = (FLOW, RESULTS)


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
        tagger.check(*settings.parts)
    found = _fingerprint(settings)
    with writing_run(
        settings, directory, mode, observer, found=found, threads=settings.threads, files=_OWN
    ) as log:
        tagger.fit(*settings.parts, checkpoint=directory / STATE, observer=log)
        tagger.save(directory / MODEL)
        title = f"{Path(settings.data).stem}: {settings.label or 'the tag'} of every step"
        report = tagger.report(title=title, configuration=asdict(settings))
        report = replace(report, flow=flow_points(directory))
        save_report(report, directory)
    return report


def _fingerprint(settings: TagSettings) -> str:
    found = [fingerprint(file) for file in settings.files]
    return found[0] if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest()
