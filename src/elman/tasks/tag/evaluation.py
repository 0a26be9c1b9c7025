"""Some sequences, tagged once: scores, spans, confusion, examples."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from elman.data.step_tables import StepTable
from elman.tasks.results import ScoreTable
from elman.tasks.results.tag import SpanRow, TaggedSequence
from elman.tasks.tag.inputs import rows_of
from elman.tasks.tag.model import TagModel
from elman.tasks.tag.scoring import Truth, confusion_of, probabilities_of, score_table
from elman.tasks.tag.spans import are_spans

NUM_EXAMPLES, _MAX_SHOWN = 8, 60


class TagEvaluation:
    """Tags some sequences of a table, once, and looks at what came out.

    Args:
        model: fitted.
        table: the sequences.
        sequences: the numbers of those to tag.
        device: where the network is.
    """

    def __init__(self, model: TagModel, table: StepTable, sequences: np.ndarray, device: str) -> None:
        self.model, self.table, self.sequences = model, table, sequences
        self.steps = model.encoder.encode(table)
        self.rows = rows_of(table.starts, sequences)
        found = probabilities_of(model.network, self.steps, sequences, device)[self.rows]
        self.tags: np.ndarray = found.argmax(axis=1)
        self.probabilities: np.ndarray = found.max(axis=1).astype(np.float64)

    @cached_property
    def truth(self) -> Truth:
        """The labels of the sequences."""
        labels = self.table.labels.to_list()
        return Truth(self.model.encoder.labels, labels, self.table.starts, self.sequences)

    def scores(self, part: str, name: str) -> ScoreTable:
        """Score the tags beside the baselines'.

        Args:
            part: "test" or "validation".
            name: what the tagger is called.
        """
        baselines = self.model.baselines.tags(self.steps, self.rows)
        return score_table(part, self.truth, self.tags, baselines, name)

    def spans(self) -> list[SpanRow]:
        """Return the scores of spans; none if the labels spell none."""
        return self.truth.spans(self.tags) if are_spans(self.model.encoder.labels) else []

    def confusion(self) -> list[list[int]]:
        """Count steps by label and tag."""
        return confusion_of(self.truth, self.tags)

    def examples(self) -> list[TaggedSequence]:
        """Return a few sequences, spread over all of them."""
        chosen = np.linspace(0, len(self.sequences) - 1, min(NUM_EXAMPLES, len(self.sequences)))
        return [self._sequence(int(at)) for at in chosen.round()]

    def hardest(self) -> list[TaggedSequence]:
        """Return the sequences with the most wrong tags in proportion, the worst first; no perfect ones."""
        shares = [self._accuracy(at) for at in range(len(self.sequences))]
        order = np.argsort(np.nan_to_num(shares, nan=1.0), kind="stable")[:NUM_EXAMPLES]
        return [self._sequence(int(at)) for at in order if shares[at] < 1]

    def _bounds(self, at: int) -> tuple[int, int]:
        """Return which of `rows` belong to one of `sequences`."""
        ends = np.cumsum(self.table.lengths[self.sequences])
        return int(ends[at - 1]) if at else 0, int(ends[at])

    @cached_property
    def _is_right(self) -> np.ndarray:
        """1 where the tag of a row is right, 0 where it is wrong, NaN without a label."""
        names = self.model.encoder.labels
        pairs = zip((self.truth.texts[row] for row in self.rows), self.tags, strict=True)
        return np.array([np.nan if text is None else text == names[tag] for text, tag in pairs], dtype=float)

    def _accuracy(self, at: int) -> float:
        first, end = self._bounds(at)
        right = self._is_right[first:end]
        known = right[~np.isnan(right)]
        return float(known.mean()) if len(known) else float("nan")

    def _sequence(self, at: int) -> TaggedSequence:
        first, end = self._bounds(at)
        shown = slice(first + self._window(first, end), None)
        shown = slice(shown.start, min(end, shown.start + _MAX_SHOWN))
        names = self.model.encoder.labels
        accuracy = self._accuracy(at)
        return TaggedSequence(
            name=self.table.names[self.sequences[at]],
            texts=[self._text(int(row)) for row in self.rows[shown]],
            labels=[self.truth.texts[row] for row in self.rows[shown]],
            tags=[names[tag] for tag in self.tags[shown]],
            probabilities=[round(float(one), 4) for one in self.probabilities[shown]],
            first=shown.start - first + 1,
            num_steps=end - first,
            accuracy=1.0 if np.isnan(accuracy) else accuracy,
        )

    def _window(self, first: int, end: int) -> int:
        """Return where the shown part of a long sequence begins: shortly before its first mistake."""
        if end - first <= _MAX_SHOWN:
            return 0
        wrong = np.flatnonzero(self._is_right[first:end] == 0)
        begin = max(0, int(wrong[0]) - 5) if len(wrong) else 0
        return min(begin, end - first - _MAX_SHOWN)

    def _text(self, row: int) -> str:
        columns = self.table.columns
        name = columns.symbols[0] if columns.symbols else columns.features[0]
        value = self.table.frame[name][row]
        if value is None:
            return "–"
        return f"{value:.4g}" if isinstance(value, float) else str(value)
