"""Plain result objects of a language model: ready to print, save or draw. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from elman.data.findings import Finding
from elman.tasks.results.forecast import FlowPoint
from elman.tasks.results.scores import ScoreTable
from elman.training.records import EvaluationRecord


@dataclass(frozen=True)
class Generation:
    """Text that a model wrote.

    Args:
        text: prompt and continuation.
        continuation: what the model wrote alone.
        unknown: symbols of the prompt that training never saw, each once.
    """

    text: str
    continuation: str
    unknown: Sequence[str] = ()


@dataclass(frozen=True)
class LineScore:
    """How likely a model finds a line.

    Args:
        line: the line.
        log_probability: of its symbols, and of its end where the model knows line ends; in nats.
        num_symbols: symbols that were scored, the end of the line included.
        unknown: symbols that training never saw, each once.
    """

    line: str
    log_probability: float
    num_symbols: int
    unknown: Sequence[str] = ()


@dataclass(frozen=True)
class Sample:
    """A text that the model wrote for the report.

    Args:
        temperature: it was drawn at.
        text: what was drawn.
    """

    temperature: float
    text: str


@dataclass(frozen=True)
class UnitActivity:
    """What one unit of the last layer put out while a text was read.

    Args:
        unit: its number, from 0.
        values: its output after each symbol, (T,).
    """

    unit: int
    values: Sequence[float]


@dataclass(frozen=True)
class TextReport:
    """Everything the report of a language model shows.

    Args:
        title: of the page.
        unit: "character", "byte" or "word".
        num_symbols: symbols of each part, by its name.
        vocabulary_size: codes there are.
        scores: score tables, test part first.
        curve: the learning curve.
        samples: texts at several temperatures.
        symbols: the symbols that `activities` belong to, as people read them.
        activities: a few units, while they read `symbols`.
        kernel: which backend ran the layers, and how.
        findings: what was odd in the text.
        configuration: everything needed to repeat the run.
        seconds: wall time of the training.
        seconds_per_epoch: training time for a pass over the training part.
        seconds_per_1000: training time for a thousand symbols read.
        num_parameters: trainable parameters.
        flow: how far back gradients reached in training.
    """

    title: str
    unit: str
    num_symbols: Mapping[str, int]
    vocabulary_size: int
    scores: Sequence[ScoreTable]
    curve: Sequence[EvaluationRecord]
    samples: Sequence[Sample]
    symbols: Sequence[str]
    activities: Sequence[UnitActivity]
    kernel: str
    findings: Sequence[Finding] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    seconds_per_epoch: float = 0.0
    seconds_per_1000: float = 0.0
    num_parameters: int = 0
    flow: Sequence[FlowPoint] = ()
