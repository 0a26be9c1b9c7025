"""What a fitted network says of sequences, and scores of that beside simple baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from elman.tasks.results import ScoreRow, ScoreTable
from elman.tasks.results.tag import SpanRow
from elman.tasks.tag.batches import batches_by_length, make_batch
from elman.tasks.tag.inputs import Steps, rows_of
from elman.tasks.tag.network import TagNetwork
from elman.tasks.tag.spans import are_spans, score_spans, spans_of

_STEPS_AT_ONCE = 20_000
BASELINES = ("most frequent tag of the symbol", "majority tag", "linear, each step alone")


def probabilities_of(network: TagNetwork, steps: Steps, sequences: np.ndarray, device: str) -> np.ndarray:
    """Return the probability of each label at each row, (R, K); NaN in rows of other sequences."""
    pieces = [(int(steps.starts[one]), int(steps.starts[one + 1])) for one in sequences]
    found = None
    longest = max(end - first for first, end in pieces)
    with torch.no_grad():
        for chosen in batches_by_length(pieces, max(1, _STEPS_AT_ONCE // longest)):
            batch = make_batch(steps, [pieces[at] for at in chosen], torch.device(device))
            shares = network(batch).softmax(dim=-1).cpu().numpy()
            if found is None:
                found = np.full((len(steps.values), shares.shape[2]), np.nan, dtype=np.float32)
            for at, one in enumerate(chosen):
                first, end = pieces[one]
                found[first:end] = shares[: end - first, at]
    assert found is not None
    return found


@dataclass(frozen=True)
class Baselines:
    """The simple rules a tagger must beat, learned from its training part.

    Args:
        majority: the most frequent label.
        by_symbol: (codes,) for each code of the first column of symbols its most frequent label; the
            majority for one that training did not see. None without symbols.
        linear: (V + 1, K) weights of features of the same step; None without features.
    """

    majority: int
    by_symbol: np.ndarray | None
    linear: np.ndarray | None

    @classmethod
    def fit(cls, steps: Steps, training: np.ndarray, num_labels: int, num_codes: int) -> Baselines:
        """Learn from labelled rows of the training part; ties go to the label that is more frequent."""
        rows = training[steps.labels[training] >= 0]
        labels = steps.labels[rows]
        counts = np.bincount(labels, minlength=num_labels)
        by_symbol, linear = None, None
        if num_codes:
            table = np.zeros((num_codes, num_labels))
            np.add.at(table, (steps.codes[rows, 0], labels), 1)
            by_symbol = (table + counts / (counts.sum() + 1)).argmax(axis=1)
        if steps.values.shape[1]:
            inputs = _with_ones(steps.values[rows])
            penalty = 1e-3 * len(rows) * np.eye(inputs.shape[1])
            linear = np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ np.eye(num_labels)[labels])
        return cls(int(counts.argmax()), by_symbol, linear)

    def tags(self, steps: Steps, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return what each baseline says of some rows."""
        found = {}
        if self.by_symbol is not None:
            found[BASELINES[0]] = self.by_symbol[steps.codes[rows, 0]]
        if self.linear is not None:
            found[BASELINES[2]] = (_with_ones(steps.values[rows]) @ self.linear).argmax(axis=1)
        return {**found, BASELINES[1]: np.full(len(rows), self.majority)}


def _with_ones(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values.astype(np.float64), np.ones((len(values), 1))], axis=1)


@dataclass(frozen=True)
class Truth:
    """The labels of some sequences.

    Args:
        names: of the labels; spans are scored where these spell spans.
        texts: (R,) the labels of all rows as they stand in the table, one that training lacks among them.
        starts: (S + 1,) where each sequence begins.
        sequences: those that are scored.
    """

    names: Sequence[str]
    texts: Sequence[str | None]
    starts: np.ndarray
    sequences: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """The rows of the sequences, those without a label too."""
        return rows_of(self.starts, self.sequences)

    @property
    def labelled(self) -> np.ndarray:
        """Which of `rows` have a label."""
        return np.array([self.texts[row] is not None for row in self.rows], dtype=bool)

    def metrics(self, tags: np.ndarray) -> dict[str, float | None]:
        """Return the scores of the tags, codes, of `rows`."""
        guesses = [self.names[int(tag)] for tag in tags]
        pairs = [
            (self.texts[row], guess)
            for row, guess in zip(self.rows, guesses, strict=True)
            if self.texts[row] is not None
        ]
        right = sum(truth == guess for truth, guess in pairs)
        accuracy = {"token accuracy": right / len(pairs)}
        if are_spans(self.names):
            every = self.spans(tags)[0]
            return {
                **accuracy,
                "span F1": every.f1,
                "span precision": every.precision,
                "span recall": every.recall,
            }
        return {**accuracy, "macro F1": _macro_f1(pairs)}

    def spans(self, tags: np.ndarray) -> list[SpanRow]:
        """Return the scores of spans; a step without a label is O in both, so that no tag there counts."""
        texts = [self.texts[row] for row in self.rows]
        guesses = [
            None if text is None else self.names[int(tag)] for text, tag in zip(texts, tags, strict=True)
        ]
        lengths = np.diff(self.starts)[self.sequences]
        bounds = [0, *np.cumsum(lengths).tolist()]
        parts = list(pairwise(bounds))
        return score_spans(
            (spans_of(texts[first:end]) for first, end in parts),
            (spans_of(guesses[first:end]) for first, end in parts),
        )


def _macro_f1(pairs: Sequence[tuple[str | None, str]]) -> float:
    """Return the mean F1 of the labels that occur among the truths."""
    labels = sorted({truth for truth, _ in pairs if truth is not None})
    scores = []
    for label in labels:
        right = sum(truth == guess == label for truth, guess in pairs)
        total = sum(truth == label for truth, _ in pairs) + sum(guess == label for _, guess in pairs)
        scores.append(2 * right / total)
    return float(np.mean(scores))


def score_table(
    part: str, truth: Truth, tags: np.ndarray, baselines: dict[str, np.ndarray], name: str
) -> ScoreTable:
    """Score a network's tags beside the baselines'.

    Args:
        part: "validation" or "test".
        truth: the labels.
        tags: the network's, of the rows of `truth`.
        baselines: name -> tags.
        name: what the network is called.
    """
    rows = [ScoreRow(name, truth.metrics(tags), is_baseline=False)]
    rows += [ScoreRow(one, truth.metrics(guess), is_baseline=True) for one, guess in baselines.items()]
    judged = "span F1" if "span F1" in rows[0].metrics else "token accuracy"
    return ScoreTable(part, rows, int(truth.labelled.sum()), _verdict(rows, judged), "tagger", "step")


def _verdict(rows: Sequence[ScoreRow], metric: str) -> list[str]:
    own = rows[0].metrics[metric] or 0.0
    best = max(rows[1:], key=lambda row: row.metrics[metric] or 0.0)
    other = best.metrics[metric] or 0.0
    if own > other:
        return [
            f"{rows[0].model} beats the best baseline, {best.model}: {metric} {own:.4f} against {other:.4f}."
        ]
    if own == other:
        return [f"{rows[0].model} only ties with {best.model}: {metric} {own:.4f}."]
    return [
        f"The baseline, {best.model}, beats {rows[0].model}: {metric} {other:.4f} against {own:.4f}; "
        "use it, or give the network more data or steps."
    ]


def confusion_of(truth: Truth, tags: np.ndarray) -> list[list[int]]:
    """Count steps by true label, a row, and tag, a column; labels that training did not see are left out."""
    codes = {name: at for at, name in enumerate(truth.names)}
    counts = np.zeros((len(codes), len(codes)), dtype=np.int64)
    for row, tag in zip(truth.rows, tags, strict=True):
        text = truth.texts[row]
        if text in codes:
            counts[codes[text], tag] += 1
    return counts.tolist()
