"""`elman fit text`: from a text to a language model, its scores and its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from elman.cli import options, text_options
from elman.cli.running import begun, continued, stoppable

if TYPE_CHECKING:
    from elman.tasks.text.settings import TextSettings
    from elman.training.run import Mode, RunDirectory


def command(
    context_: typer.Context,
    data: text_options.Data = None,
    unit: text_options.Unit = None,
    encoding: text_options.Encoding = None,
    vocabulary_size: text_options.VocabularySize = None,
    validation: text_options.Validation = None,
    test: text_options.Test = None,
    cell: text_options.CellName = None,
    hidden_size: text_options.HiddenSize = None,
    num_layers: text_options.NumLayers = None,
    embedding_size: text_options.EmbeddingSize = None,
    tied: text_options.Tied = False,
    dropout: text_options.Dropout = None,
    input_dropout: text_options.InputDropout = None,
    weight_dropout: text_options.WeightDropout = None,
    seconds: text_options.Seconds = None,
    num_steps: text_options.NumSteps = None,
    segment: text_options.Segment = None,
    batch_size: text_options.BatchSize = None,
    learning_rate: text_options.LearningRate = None,
    seed: options.Seed = None,
    threads: text_options.Threads = None,
    device: options.Device = None,
    out: options.Out = None,
    config: options.Config = None,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
) -> None:
    """Fit a language model to a text, score it beside counts, and write a report.

    The end of the text is kept for testing, what stands before it for
    validation; the network learns from the rest, for a budget of time.

    [bold]Example[/bold]: elman fit text book.txt --seconds 120 --out runs/book

    Ctrl-C stops it; --resume --out runs/book goes on from the last evaluation.
    """
    out = options.check_run_options(out, config, resume, overwrite)
    given = options.given_settings(context_)
    from elman.training.run import RunDirectory

    directory = RunDirectory(out)
    mode = "resume" if resume else "overwrite" if overwrite else "new"
    with stoppable(directory, "text"):
        from elman.tasks.text.run import load_settings
        from elman.tasks.text.settings import TextSettings

        make = TextSettings.from_mapping
        settings = continued(load_settings, directory, given) if resume else begun(make, config, given)
        _run(settings, directory, mode, quiet)


def _run(settings: TextSettings, directory: RunDirectory, mode: Mode, quiet: bool) -> None:
    from elman.cli.budget import watch_budget
    from elman.cli.scores import print_report
    from elman.report import write_report
    from elman.tasks.text.run import run_text
    from elman.training.run import REPORT

    with watch_budget(settings.model().options, quiet=quiet) as observer:
        report = run_text(settings, directory, mode, observer)
    path = write_report(report, directory / REPORT)
    print_report(report, path, quiet=quiet)
