"""A language model as a run: settings in a file, results in a folder, a report at the end.

config.toml          the settings; they repeat the run
vocabulary.json      the symbols, which a continued run must find again
table.json           the fingerprint of the text, which a continued run must find again
metrics.jsonl        one line per evaluation
gradients.jsonl      one line per look at the flow of gradients, every 50 steps
state.safetensors    where the training stands, to continue it
model.safetensors    the model
evaluation.json      scores, samples, activities, findings
report.html          the report
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from elman.data.vocabulary import Vocabulary
from elman.errors import RunError
from elman.tasks.flow import flow_points
from elman.tasks.language_model import LanguageModel
from elman.tasks.observer import Observer
from elman.tasks.results.text import TextReport
from elman.tasks.running import FLOW, MODEL, STATE, fingerprint, require_same_data, writing_run
from elman.tasks.saved import RESULTS, require_finished
from elman.tasks.text.saved import save_report
from elman.tasks.text.settings import TextSettings
from elman.tasks.text.threads import choose_threads
from elman.training.files import write_bytes
from elman.training.run import Mode, RunDirectory

VOCABULARY = "vocabulary.json"
_OWN = (FLOW, VOCABULARY, RESULTS)


def run_text(settings: TextSettings, directory: RunDirectory, mode: Mode, observer: Observer) -> TextReport:
    """Fit, evaluate and write everything but the drawn report into the run's folder.

    Args:
        settings: what to do.
        directory: where to write.
        mode: begin a run, continue one, or replace one.
        observer: is told how it goes.

    Raises:
        ElmanError: anything the settings or the text make impossible; what was saved stays.
    """
    directory.check(mode)
    model, text = settings.model(), Path(settings.data)
    # Mistakes in the text are found before an old run is replaced.
    parts = model.check(text, encoding=settings.encoding)
    vocabulary = parts.vocabulary
    found = fingerprint(text)
    if mode == "resume":
        _require_same_vocabulary(directory, vocabulary)
        require_same_data(directory, found)
    threads = settings.threads or choose_threads(parts, model.options)
    # Written down, so that a continued run computes as this one does.
    settings = replace(settings, threads=threads, segment=model.options.segment)
    with writing_run(settings, directory, mode, observer, found=found, threads=threads, files=_OWN) as log:
        write_bytes(directory / VOCABULARY, _as_json(vocabulary))
        model.fit(
            text,
            encoding=settings.encoding,
            checkpoint=directory / STATE,
            observer=log,
        )
        model.save(directory / MODEL)
        observer.on_stage("scoring and writing samples")
        report = model.report(title=f"A language model of {text.name}", configuration=asdict(settings))
        report = replace(report, flow=flow_points(directory))
        save_report(report, directory)
    return report


def load_model(directory: RunDirectory) -> LanguageModel:
    """Read the model of a run.

    Raises:
        RunError: there is no run, or it is not finished, or the file is damaged.
        OptionError: the run is not of a language model.
    """
    TextSettings.of_run(directory)
    require_finished(directory, MODEL)
    return LanguageModel.load(directory / MODEL)


def _as_json(vocabulary: Vocabulary) -> bytes:
    # Escaped, since a text may hold lone surrogates that UTF-8 cannot.
    return json.dumps({"unit": vocabulary.unit, "symbols": vocabulary.symbols}).encode()


def _require_same_vocabulary(directory: RunDirectory, now: Vocabulary) -> None:
    """Refuse to continue with other symbols; before the first checkpoint nothing was learned of them."""
    if not (directory / STATE).exists():
        return
    try:
        stored = json.loads((directory / VOCABULARY).read_text(encoding="utf-8"))
        before = Vocabulary(stored["unit"], tuple(stored["symbols"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{directory / VOCABULARY} is damaged: {error}.") from error
    difference = before.difference(now)
    if difference:
        raise RunError(
            f"The vocabulary has changed since {directory.path} was begun: {difference}. Put the text back, "
            "or begin a new run with another --out."
        )
