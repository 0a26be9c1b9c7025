"""A classifier as a run: settings in a file, results in a folder, a report at the end.

config.toml           the settings; they repeat the run
table.json            the fingerprint of the data, which a continued run must find again
metrics.jsonl         one line per evaluation
gradients.jsonl       one line per look at the flow of gradients, every 50 steps
state.safetensors     where the training stands, to continue it
refit.safetensors     where the second training, from both parts, stands
model.safetensors     the classifier
predictions.parquet   classes of the held-out part, with the truth; also as CSV
evaluation.json       scores, confusion, calibration, influence, findings
report.html           the report
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from elman.data.sequence_folder import read_sequences
from elman.data.sequences import Sequences
from elman.errors import DataError
from elman.tasks.classify.evaluation import part_rows, prediction_frame
from elman.tasks.classify.fitting import REFIT, classes_of, codes_of
from elman.tasks.classify.saved import FILES, load_report, save_report
from elman.tasks.classify.settings import ClassifySettings
from elman.tasks.classify.split import Split, split_sequences
from elman.tasks.classify.stream import ClassifyStream
from elman.tasks.flow import flow_points
from elman.tasks.inspection import NetworkInspection
from elman.tasks.observer import Observer
from elman.tasks.registry import Prediction, Runs
from elman.tasks.results import ClassificationReport, ScoreTable
from elman.tasks.running import FLOW, MODEL, STATE, fingerprint, require_same_data, writing_run
from elman.tasks.saved import require_finished
from elman.tasks.sequence_classifier import SequenceClassifier
from elman.training.run import Mode, RunDirectory

_OWN = (REFIT, FLOW, *FILES)


def run_classify(
    settings: ClassifySettings, directory: RunDirectory, mode: Mode, observer: Observer
) -> ClassificationReport:
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
    classifier = settings.classifier()
    found = "-".join(fingerprint(path) for path in settings.files)
    if mode == "resume":
        require_same_data(directory, found)
    sequences = settings.read()
    # Mistakes in the data are found before an old run is replaced.
    classifier.check(sequences)
    with writing_run(
        settings, directory, mode, observer, found=found, threads=settings.threads, files=_OWN
    ) as log:
        classifier.fit_sequences(sequences, checkpoint=directory / STATE, observer=log)
        classifier.save(directory / MODEL)
        title = f"{Path(settings.data).stem}: {len(classifier.model.classes)} classes"
        report = classifier.report(title=title, configuration=asdict(settings))
        report = replace(report, flow=flow_points(directory))
        save_report(report, directory)
    return report


class ClassifyRuns(Runs):
    """Runs of `elman fit classify`."""

    task = "classify"
    settings = ClassifySettings

    def fit(
        self, settings: ClassifySettings, directory: RunDirectory, mode: Mode, observer: Observer
    ) -> ClassificationReport:
        """Fit a classifier."""
        return run_classify(settings, directory, mode, observer)

    def load(self, directory: RunDirectory) -> SequenceClassifier:
        """Return the classifier."""
        require_finished(directory, MODEL)
        return SequenceClassifier.load(directory / MODEL)

    def predict(self, directory: RunDirectory, data: Path, future: Path | None = None) -> Prediction:
        """Give each sequence of other data its class."""
        if future is not None:
            raise DataError("--future is for forecasts; a class needs none.")
        classifier, settings = self.load(directory), ClassifySettings.of_run(directory)
        sequences = read_sequences(data, settings.source(), is_labelled=False)
        classifier.model.check(sequences)
        table = prediction_frame(classifier.model, sequences.ids, sequences.values)
        return Prediction(table, f"{table.height} sequences")

    def evaluate(self, directory: RunDirectory, data: Path | None, part: str) -> ScoreTable:
        """Score a held-out part, or all of other data."""
        if data is None and part == "validation":
            # The model has learned from that part since; what was found before stands in the results.
            return self._saved(directory, part)
        classifier, settings = self.load(directory), ClassifySettings.of_run(directory)
        if data is not None:
            return classifier.evaluate(read_sequences(data, settings.source()), part="other")
        sequences, split = _split(settings, classifier)
        if part != "test" or len(split.test) == 0:
            return self._saved(directory, part)
        return classifier.evaluate(sequences.take(split.test), part=part)

    def inspect(
        self, directory: RunDirectory, data: Path | None, part: str, task_lag: int | None
    ) -> NetworkInspection:
        """Look the recurrent branch over, on sequences of a held-out part, or of other data."""
        classifier, settings = self.load(directory), ClassifySettings.of_run(directory)
        if data is not None:
            return classifier.inspect(read_sequences(data, settings.source()), "other", task_lag=task_lag)
        sequences, split = _split(settings, classifier)
        return classifier.inspect(sequences.take(part_rows(split, part)), part, task_lag=task_lag)

    def stream(self, directory: RunDirectory) -> ClassifyStream:
        """Return what says the classes' probabilities after each step."""
        return self.load(directory).stream(ClassifySettings.of_run(directory).id_of_steps)

    def _saved(self, directory: RunDirectory, part: str) -> ScoreTable:
        tables = {table.part: table for table in self.load_report(directory).scores}
        if part not in tables:
            raise DataError(f"`part` must be {' or '.join(tables)}, but it is {part!r}.")
        return tables[part]

    def load_report(self, directory: RunDirectory) -> ClassificationReport:
        """Return the saved results."""
        return load_report(directory)


def _split(settings: ClassifySettings, classifier: SequenceClassifier) -> tuple[Sequences, Split]:
    """Read the sequences of a run again, and the parts that it split them into."""
    sequences, options = settings.read(), classifier.options
    codes = codes_of(sequences.labels or (), classes_of(sequences.labels or ()))
    split = split_sequences(
        sequences, codes, validation=options.validation, test=options.test, seed=options.seed
    )
    return sequences, split
