"""The options of `elman fit text` that no other command has, one declaration each.

The defaults stand in `TextOptions`; the help repeats them, since reading them there would load torch.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer


def _option(panel: str, name: str, metavar: str | None, text: str) -> Any:
    return typer.Option(name, metavar=metavar, help=text, rich_help_panel=panel, show_default=False)


_text = partial(_option, "The text")
_network = partial(_option, "The network")
_training = partial(_option, "The training")

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
    str | None, _network("--cell", "NAME", "One of `elman cells`, such as gru. Default: gru.")
]
HiddenSize = Annotated[int | None, _network("--hidden-size", "UNITS", "Of each layer. Default: 512.")]
NumLayers = Annotated[int | None, _network("--layers", "LAYERS", "On top of one another. Default: 1.")]
EmbeddingSize = Annotated[int | None, _network("--embedding-size", "SIZE", "Of a symbol. Default: 128.")]
Tied = Annotated[bool, _network("--tied", None, "Read out with the weights of the embedding.")]
Dropout = Annotated[
    float | None, _network("--dropout", "SHARE", "Of features, between layers and after. Default: 0.25.")
]
InputDropout = Annotated[
    float | None, _network("--input-dropout", "SHARE", "Of features of the embedded symbols. Default: 0.")
]
WeightDropout = Annotated[
    float | None, _network("--weight-dropout", "SHARE", "Of recurrent weights. Default: 0.")
]
Seconds = Annotated[
    float | None, _training("--seconds", "SECONDS", "Budget: train for so long. Default: 300.")
]
NumSteps = Annotated[
    int | None,
    _training("--steps", "STEPS", "Budget in steps of the optimizer; such a run repeats bit by bit."),
]
Threads = Annotated[
    int | None, _training("--threads", "NUMBER", "For tensor operations. Default: found by a trial.")
]
Segment = Annotated[
    int | None, _training("--segment", "SYMBOLS", "That gradients flow back through. Default: 64.")
]
BatchSize = Annotated[
    int | None, _training("--batch-size", "ROWS", "Of the text, read side by side. Default: 32.")
]
LearningRate = Annotated[float | None, _training("--learning-rate", "RATE", "Its peak. Default: 0.004.")]
