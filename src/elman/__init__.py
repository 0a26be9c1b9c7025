"""Recurrent neural networks, written as their equations.

Every name is loaded when it is first used: importing `elman` alone loads not even torch.
"""

from typing import TYPE_CHECKING

from elman._lazy import lazy

__version__ = "0.1.0"

__all__ = [
    "BPTT",
    "GRU",
    "LSTM",
    "RNN",
    "RTRL",
    "TBPTT",
    "Bidirectional",
    "Cell",
    "ElmanError",
    "EncoderDecoder",
    "Forecaster",
    "LanguageModel",
    "PerStep",
    "Recurrent",
    "SequenceClassifier",
    "SequenceTagger",
    "Stacked",
    "Stateful",
    "Stream",
    "cells",
    "clip_gradient",
    "data",
    "diagnostics",
    "errors",
    "layers",
    "observe",
    "report",
    "tasks",
    "training",
]

if TYPE_CHECKING:
    from elman import cells, data, diagnostics, errors, layers, report, tasks, training
    from elman.cells import Cell, clip_gradient, observe
    from elman.errors import ElmanError
    from elman.layers import (
        GRU,
        LSTM,
        RNN,
        Bidirectional,
        EncoderDecoder,
        Recurrent,
        Stacked,
        Stateful,
        Stream,
    )
    from elman.tasks import Forecaster, LanguageModel, SequenceClassifier, SequenceTagger
    from elman.training import BPTT, RTRL, TBPTT, PerStep
else:
    __getattr__, __dir__ = lazy(
        __name__,
        names={
            "BPTT": "elman.training",
            "Bidirectional": "elman.layers",
            "Cell": "elman.cells",
            "ElmanError": "elman.errors",
            "EncoderDecoder": "elman.layers",
            "Forecaster": "elman.tasks",
            "GRU": "elman.layers",
            "LSTM": "elman.layers",
            "LanguageModel": "elman.tasks",
            "PerStep": "elman.training",
            "RNN": "elman.layers",
            "RTRL": "elman.training",
            "Recurrent": "elman.layers",
            "SequenceClassifier": "elman.tasks",
            "Stream": "elman.layers",
            "SequenceTagger": "elman.tasks",
            "Stacked": "elman.layers",
            "Stateful": "elman.layers",
            "TBPTT": "elman.training",
            "clip_gradient": "elman.cells",
            "observe": "elman.cells",
        },
        modules=("cells", "data", "diagnostics", "errors", "layers", "report", "tasks", "training"),
    )
