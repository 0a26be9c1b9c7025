"""Plain result objects of a tagging: ready to print, save or draw; nothing here needs torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from elman.data.findings import Finding
from elman.tasks.results.forecast import FlowPoint
from elman.tasks.results.scores import ScoreTable
from elman.training.records import EvaluationRecord


@dataclass(frozen=True)
class SpanRow:
    """How many spans of a type there are, how many were found, and how many of those are exact.

    Args:
        type: of the spans; "all" for all types together.
        num_true: spans in the data.
        num_found: spans that the tagger found.
        num_right: found ones whose type and both ends are right.
    """

    type: str
    num_true: int
    num_found: int
    num_right: int

    @property
    def precision(self) -> float:
        """Share of the found spans that are right; 0 if none was found."""
        return self.num_right / self.num_found if self.num_found else 0.0

    @property
    def recall(self) -> float:
        """Share of the true spans that were found; 0 if there is none."""
        return self.num_right / self.num_true if self.num_true else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 if both are."""
        total = self.num_true + self.num_found
        return 2 * self.num_right / total if total else 0.0


@dataclass(frozen=True)
class TaggedSequence:
    """One sequence with its labels and the tags it was given.

    Args:
        name: of the sequence.
        texts: T, what is shown of each step.
        labels: T, the truth, `None` where it is missing.
        tags: T, what the tagger says.
        probabilities: T, how sure it is of its tag.
        first: step of the sequence that is shown first, from 1.
        num_steps: steps of the whole sequence.
        accuracy: share of its labelled steps that are right.
    """

    name: str
    texts: Sequence[str]
    labels: Sequence[str | None]
    tags: Sequence[str]
    probabilities: Sequence[float]
    first: int
    num_steps: int
    accuracy: float


@dataclass(frozen=True)
class TagReport:
    """Everything the report of a tagger shows.

    Args:
        title: of the page.
        labels: the tags, in the order of the confusion matrix.
        scores: score tables, test part first.
        spans: a row for all spans together, then one a type; empty if the labels spell no spans.
        confusion: row: true label; column: tag; steps counted.
        examples: sequences as they come.
        hardest: the sequences with the lowest accuracy, the worst first.
        curve: the learning curve.
        findings: what was odd in the data.
        configuration: everything needed to repeat the run.
        seconds: wall time of the training.
        num_parameters: trainable parameters.
        kernel: what ran the recurrent layer.
        seconds_per_epoch: wall time of as many sequences as the training part holds.
        flow: how far back gradients reached at each look, in each tensor of the layers' states.
    """

    title: str
    labels: Sequence[str]
    scores: Sequence[ScoreTable]
    spans: Sequence[SpanRow]
    confusion: Sequence[Sequence[int]]
    examples: Sequence[TaggedSequence]
    hardest: Sequence[TaggedSequence]
    curve: Sequence[EvaluationRecord]
    findings: Sequence[Finding]
    configuration: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    num_parameters: int = 0
    kernel: str = ""
    seconds_per_epoch: float = 0.0
    flow: Sequence[FlowPoint] = ()
