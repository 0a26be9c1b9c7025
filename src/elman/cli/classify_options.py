"""The options of `elman fit classify`, one declaration each; those of every fit stand in `options`.

The defaults stand in `ClassifyOptions`; the help repeats them, since reading them there would load torch.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from elman.cli.options import network, option, training

_data = partial(option, "The data")

Data = Annotated[
    Path | None,
    typer.Argument(
        metavar="DATA", help="A CSV or Parquet table, a .ts file, or a folder.", show_default=False
    ),
]
TestData = Annotated[Path | None, _data("--test-data", "DATA", "The test part, if it is apart.")]
Id = Annotated[str | None, _data("--id", "COLUMN", "Names the sequence that a row is a step of.")]
Order = Annotated[str | None, _data("--order", "COLUMN", "Sorts the steps. Default: as they stand.")]
Features = Annotated[
    list[str] | None, _data("--feature", "COLUMN", "A channel; repeat it. Default: all other numbers.")
]
Label = Annotated[str | None, _data("--label", "COLUMN", "The class, one a sequence.")]
Group = Annotated[str | None, _data("--group", "COLUMN", "Such as a person: never split between parts.")]
Part = Annotated[str | None, _data("--part", "COLUMN", "Says train, validation or test itself.")]
Labels = Annotated[
    Path | None, _data("--labels", "FILE", "Of a folder: a table with --id (the file) and --label.")
]
Encoding = Annotated[
    str | None, _data("--encoding", "NAME", "Of files that are not UTF-8, such as windows-1252.")
]
Validation = Annotated[
    float | None, _data("--validation", "SHARE", "Held out to decide when to stop. Default: 0.2.")
]
Test = Annotated[float | None, _data("--test", "SHARE", "Held out to judge; 0 for none. Default: 0.2.")]
HiddenSize = Annotated[
    int | None, network("--hidden-size", "UNITS", "Of each layer and direction. Default: 100.")
]
NumLayers = Annotated[int | None, network("--layers", "LAYERS", "Default: 1.")]
Bidirectional = Annotated[
    bool | None,
    network("--bidirectional/--unidirectional", None, "Read from both ends, or forward only. Default: True."),
]
Convolution = Annotated[
    int | None, network("--convolution", "STEPS", "Width of one in front; 0 for none. Default: 0.")
]
Pooling = Annotated[str | None, network("--pooling", "KIND", "last, mean, max or attention. Default: mean.")]
Dropout = Annotated[float | None, network("--dropout", "SHARE", "Of the features. Default: 0.3.")]
Noise = Annotated[
    float | None, training("--noise", "DEVIATIONS", "Added to the input in training. Default: 0.3.")
]
ClassWeights = Annotated[str | None, training("--class-weights", "KIND", "none, or balanced. Default: none.")]
Linear = Annotated[
    bool | None,
    network("--linear/--no-linear", None, "A linear model beside the network. Default: True."),
]
Refit = Annotated[
    bool | None, training("--refit/--no-refit", None, "Learn again from both parts. Default: True.")
]
NumSteps = Annotated[int | None, training("--steps", "STEPS", "Of the optimizer, at most. Default: 600.")]
BatchSize = Annotated[int | None, training("--batch-size", "SEQUENCES", "For each step. Default: 32.")]
LearningRate = Annotated[float | None, training("--learning-rate", "RATE", "Its peak. Default: 0.003.")]
ThroughTime = Annotated[
    str | None,
    training(
        "--through-time",
        "METHOD",
        "Gradient of the one loss at the end: bptt, or tbptt:STEPS to cut it before. Default: bptt.",
    ),
]
