"""`elman fit tag`: from labelled sequences to a tagger, its scores and its report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elman.cli import options
from elman.cli.running import begun, continued, stoppable

if TYPE_CHECKING:
    from elman.tasks.tag.settings import TagSettings
    from elman.training.run import Mode, RunDirectory

_table, _network, _training = options._table, options._network, options._training

_Data = Annotated[
    Path | None,
    typer.Argument(
        metavar="DATA",
        help="A column file: one step a line, a blank line between sequences. Or a table: .csv or .parquet.",
        show_default=False,
    ),
]
_Label = Annotated[
    str | None, _table("--label", "COLUMN", "What to tell of each step. Default of a column file: the last.")
]
_Sequence = Annotated[
    str | None, _table("--sequence", "COLUMN", "Of a table: names the sequence that a row belongs to.")
]
_Order = Annotated[
    str | None, _table("--order", "COLUMN", "Sorts the rows of a sequence. Default: as they are.")
]
_Symbols = Annotated[
    list[str] | None,
    _table(
        "--symbols",
        "COLUMN",
        "Words, letters or codes; repeat it for more. Default: the first, or all texts.",
    ),
]
_Features = Annotated[list[str] | None, _table("--features", "COLUMN", "Numbers; repeat it for more.")]
_Delimiter = Annotated[
    str | None,
    _table("--delimiter", "TEXT", "Of a column file. Default: tabs where all lines have them, or blanks."),
]
_ValidationData = Annotated[
    Path | None, _table("--validation-data", "FILE", "Sequences to tune by. Default: a share of DATA.")
]
_TestData = Annotated[
    Path | None, _table("--test-data", "FILE", "Sequences to judge by. Default: a share of DATA.")
]
_Validation = Annotated[
    float | None, _table("--validation", "SHARE", "Of the sequences, held out to tune. Default: 0.1.")
]
_Test = Annotated[float | None, _table("--test", "SHARE", "Held out to judge; 0 for none. Default: 0.1.")]
_Stream = Annotated[
    bool, _network("--stream", None, "Read from the start only, so that a tag waits for nothing to come.")
]
_Characters = Annotated[
    bool | None,
    _network(
        "--characters/--no-characters", None, "Read how symbols are spelt. Default: where many are new."
    ),
]
_ClassWeights = Annotated[
    str | None,
    _training("--class-weights", "KIND", "none, or balanced: rare labels weigh as much. Default: none."),
]
_HiddenSize = Annotated[
    int | None, _network("--hidden-size", "UNITS", "Of each layer and direction. Default: 100.")
]
_NumLayers = Annotated[int | None, _network("--layers", "LAYERS", "One on top of the other. Default: 1.")]
_Dropout = Annotated[
    float | None, _network("--dropout", "SHARE", "Of the features, dropped in training. Default: 0.5.")
]
_NumSteps = Annotated[int | None, _training("--steps", "STEPS", "Of the optimizer, at most. Default: 1000.")]
_BatchSize = Annotated[int | None, _training("--batch-size", "SEQUENCES", "For each step. Default: 32.")]
_LearningRate = Annotated[float | None, _training("--learning-rate", "RATE", "Its peak. Default: 0.005.")]


def command(
    context_: typer.Context,
    data: _Data = None,
    label: _Label = None,
    sequence: _Sequence = None,
    order: _Order = None,
    symbols: _Symbols = None,
    features: _Features = None,
    delimiter: _Delimiter = None,
    validation_data: _ValidationData = None,
    test_data: _TestData = None,
    validation: _Validation = None,
    test: _Test = None,
    stream: _Stream = False,
    characters: _Characters = None,
    cell: options.CellName = None,
    hidden_size: _HiddenSize = None,
    num_layers: _NumLayers = None,
    dropout: _Dropout = None,
    class_weights: _ClassWeights = None,
    num_steps: _NumSteps = None,
    batch_size: _BatchSize = None,
    learning_rate: _LearningRate = None,
    seed: options.Seed = None,
    threads: options.Threads = None,
    device: options.Device = None,
    out: options.Out = None,
    config: options.Config = None,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
) -> None:
    """Fit a tagger: a label at every step of a sequence, scored beside baselines, with a report.

    Reads column files as of the CoNLL tasks (a word and its tag on each line, a
    blank line between sentences) and tables with a row for each step. Tags such
    as B-PER, I-PER, O are scored as spans, too.

    [bold]Example[/bold]: elman fit tag train.conll --test-data test.conll --out runs/names

    Ctrl-C stops it; --resume --out runs/names goes on to the same weights.
    """
    out = options.check_run_options(out, config, resume, overwrite)
    given = options.given_settings(context_)
    for name in ("validation_data", "test_data"):
        if name in given:
            given[name] = str(given[name].resolve())
    from elman.training.run import RunDirectory

    directory = RunDirectory(out)
    mode = "resume" if resume else "overwrite" if overwrite else "new"
    with stoppable(directory, "tag"):
        from elman.tasks.tag.run import load_settings
        from elman.tasks.tag.settings import TagSettings

        make = TagSettings.from_mapping
        settings = continued(load_settings, directory, given) if resume else begun(make, config, given)
        _run(settings, directory, mode, quiet)


def _run(settings: TagSettings, directory: RunDirectory, mode: Mode, quiet: bool) -> None:
    from elman.cli.progress import watch
    from elman.cli.scores import print_report
    from elman.report import write_report
    from elman.tasks.tag.run import run_tag
    from elman.training.run import REPORT

    with watch(settings.num_steps, quiet=quiet) as observer:
        report = run_tag(settings, directory, mode, observer)
    path = write_report(report, directory / REPORT)
    print_report(report, path, quiet=quiet)
