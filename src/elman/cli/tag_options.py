"""The options of `elman fit tag` that no other command has, one declaration each.

The defaults stand in `TagOptions`; the help repeats them, since reading them there would load torch.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from elman.cli.options import network, option, training

_table = partial(option, "The table")

Data = Annotated[
    Path | None,
    typer.Argument(
        metavar="DATA",
        help="A column file: one step a line, a blank line between sequences. Or a table: .csv or .parquet.",
        show_default=False,
    ),
]
Label = Annotated[
    str | None, _table("--label", "COLUMN", "What to tell of each step. Default of a column file: the last.")
]
Sequence = Annotated[
    str | None, _table("--sequence", "COLUMN", "Of a table: names the sequence that a row belongs to.")
]
Order = Annotated[
    str | None, _table("--order", "COLUMN", "Sorts the rows of a sequence. Default: as they are.")
]
Symbols = Annotated[
    list[str] | None,
    _table(
        "--symbols",
        "COLUMN",
        "Words, letters or codes; repeat it for more. Default: the first, or all texts.",
    ),
]
Features = Annotated[list[str] | None, _table("--features", "COLUMN", "Numbers; repeat it for more.")]
Delimiter = Annotated[
    str | None,
    _table("--delimiter", "TEXT", "Of a column file. Default: tabs where all lines have them, or blanks."),
]
ValidationData = Annotated[
    Path | None, _table("--validation-data", "FILE", "Sequences to tune by. Default: a share of DATA.")
]
TestData = Annotated[
    Path | None, _table("--test-data", "FILE", "Sequences to judge by. Default: a share of DATA.")
]
Validation = Annotated[
    float | None, _table("--validation", "SHARE", "Of the sequences, held out to tune. Default: 0.1.")
]
Test = Annotated[float | None, _table("--test", "SHARE", "Held out to judge; 0 for none. Default: 0.1.")]
Stream = Annotated[
    bool, network("--stream", None, "Read from the start only, so that a tag waits for nothing to come.")
]
Characters = Annotated[
    bool | None,
    network("--characters/--no-characters", None, "Read how symbols are spelt. Default: where many are new."),
]
ClassWeights = Annotated[
    str | None,
    training("--class-weights", "KIND", "none, or balanced: rare labels weigh as much. Default: none."),
]
HiddenSize = Annotated[
    int | None, network("--hidden-size", "UNITS", "Of each layer and direction. Default: 100.")
]
NumLayers = Annotated[int | None, network("--layers", "LAYERS", "One on top of the other. Default: 1.")]
Dropout = Annotated[
    float | None, network("--dropout", "SHARE", "Of the features, dropped in training. Default: 0.3.")
]
NumSteps = Annotated[int | None, training("--steps", "STEPS", "Of the optimizer, at most. Default: 1000.")]
BatchSize = Annotated[int | None, training("--batch-size", "SEQUENCES", "For each step. Default: 32.")]
LearningRate = Annotated[float | None, training("--learning-rate", "RATE", "Its peak. Default: 0.005.")]
ThroughTime = Annotated[
    str | None,
    training(
        "--through-time",
        "METHOD",
        "Gradient: bptt. With --stream also tbptt:STEPS, tbptt:STEPS:WINDOW or per-step, where weights move "
        "on the way. Default: bptt.",
    ),
]
