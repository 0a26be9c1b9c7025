"""The options of `elman fit text` that no other command has, one declaration each.

The defaults stand in `TextOptions`; the help repeats them, since reading them there would load torch.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from elman.cli.options import network, option, training

_text = partial(option, "The text")

Data = Annotated[Path | None, typer.Argument(metavar="FILE", help="A text file.", show_default=False)]
Unit = Annotated[
    str | None, _text("--unit", "UNIT", "What is predicted: character, byte or word. Default: character.")
]
Encoding = Annotated[str | None, _text("--encoding", "NAME", "Of the file. Default: utf-8.")]
VocabularySize = Annotated[
    int | None,
    _text("--vocabulary", "SYMBOLS", "Most frequent ones with a code of their own. Default: 10000."),
]
Validation = Annotated[
    float | None,
    _text("--validation", "SHARE", "Held out to choose weights by. Default: 0.05, at most 10000 symbols."),
]
Test = Annotated[
    float | None, _text("--test", "SHARE", "Held out at the end to judge; 0 for none. Default: 0.1.")
]
CellName = Annotated[
    str | None, network("--cell", "NAME", "One of `elman cells`, such as gru. Default: gru.")
]
HiddenSize = Annotated[int | None, network("--hidden-size", "UNITS", "Of each layer. Default: 512.")]
NumLayers = Annotated[int | None, network("--layers", "LAYERS", "On top of one another. Default: 1.")]
EmbeddingSize = Annotated[
    int | None, network("--embedding-size", "SIZE", "Of a symbol. Default: 64; 128 for words.")
]
Ngram = Annotated[
    int | None,
    network("--ngram", "N", "Mix in n-grams; the model then holds the text. Default: 8; 0 for none."),
]
Tied = Annotated[bool, network("--tied", None, "Read out with the weights of the embedding.")]
Dropout = Annotated[
    float | None,
    network(
        "--dropout",
        "SHARE",
        "Of features, between layers and after. Default: from 0 up as the text is reread.",
    ),
]
InputDropout = Annotated[
    float | None, network("--input-dropout", "SHARE", "Of features of the embedded symbols. Default: 0.")
]
WeightDropout = Annotated[
    float | None, network("--weight-dropout", "SHARE", "Of recurrent weights. Default: 0.")
]
Seconds = Annotated[
    float | None, training("--seconds", "SECONDS", "Budget: train for so long. Default: 300.")
]
NumSteps = Annotated[
    int | None,
    training("--steps", "STEPS", "Budget in steps of the optimizer; such a run repeats bit by bit."),
]
Threads = Annotated[
    int | None, training("--threads", "NUMBER", "For tensor operations. Default: found by a trial.")
]
Segment = Annotated[
    int | None, training("--segment", "SYMBOLS", "That gradients flow back through. Default: 64.")
]
ThroughTime = Annotated[
    str | None, training("--through-time", "METHOD", "The segment as other tasks say it: tbptt:SYMBOLS.")
]
Memory = Annotated[
    str | None, training("--memory", "SIZE", "Of the layers' gradient, such as 64MB. Default: all it needs.")
]
BatchSize = Annotated[
    int | None, training("--batch-size", "ROWS", "Of the text, read side by side. Default: 32.")
]
LearningRate = Annotated[float | None, training("--learning-rate", "RATE", "Its peak. Default: 0.004.")]
