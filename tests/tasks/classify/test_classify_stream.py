"""A class after each step: what `predict_proba` says of the sequence so far."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from classify_samples import SMALL, waves

from elman import SequenceClassifier
from elman.errors import DataError, OptionError
from elman.tasks.classify import stream as streams
from elman.tasks.streaming import RowStream

FORWARD: dict[str, Any] = {**SMALL, "bidirectional": False}


def row(values: np.ndarray, **more: Any) -> dict[str, Any]:
    return {**more, **{f"channel {at + 1}": None if np.isnan(one) else one for at, one in enumerate(values)}}


def told(stream: RowStream, cells: dict[str, Any]) -> dict[str, Any]:
    frame = stream.push(cells)
    assert frame is not None
    return frame.to_dicts()[0]


@pytest.mark.parametrize(
    "options",
    [
        {"pooling": "last", "linear": False},
        {"pooling": "mean", "num_layers": 2},
        {"pooling": "max", "cell": "gru", "linear": False},
        {"pooling": "attention", "cell": "minimal_gated", "linear": False},
    ],
    ids=str,
)
def test_each_step_is_answered_as_the_sequence_so_far(options: dict[str, Any]):
    sequences, labels = waves()
    classifier = SequenceClassifier(**{**FORWARD, **options}).fit(sequences, labels)
    stream = classifier.stream("who")
    pair = [one for one in sequences if len(one) > 20][:2]
    for at in range(20):
        for who, one in zip("ab", pair, strict=True):
            answer = told(stream, row(one[at], who=who))
            truth = classifier.predict_proba([one[: at + 1]])[0]
            found = [answer["p(fast)"], answer["p(slow)"]]
            # float32: at most 20 outputs below 1 are summed in another order.
            np.testing.assert_allclose(found, truth, atol=1e-5)
            assert (answer["who"], answer["step"]) == (who, at + 1)
            assert answer["predicted"] == classifier.classes_[np.argmax(found)]
            assert max(found) > 0.5


@pytest.fixture(scope="module")
def forward() -> SequenceClassifier:
    """A classifier that reads forward, with its linear branch; do not change it."""
    return SequenceClassifier(**FORWARD).fit(*waves())


def test_a_stream_without_names_is_one_sequence(forward: SequenceClassifier):
    one = waves()[0][3]
    stream = forward.stream()
    assert stream.columns == ("channel 1", "channel 2")
    answers = [told(stream, row(step)) for step in one]
    assert [answer["step"] for answer in answers] == [*range(1, len(one) + 1)]
    stream.reset()
    assert told(stream, row(one[0])) == answers[0]


def test_a_row_that_cannot_be_used_changes_nothing(forward: SequenceClassifier):
    stream, other = forward.stream("who"), forward.stream("who")
    first, second = row(np.array([0.1, 0.2]), who="a"), row(np.array([0.3, np.nan]), who="a")
    told(stream, first)
    told(other, first)
    for cells, message in [
        ({**first, "channel 2": "high"}, "'channel 2' must be a number such as 3.5, but it is 'high'"),
        ({**first, "channel 2": 1e200}, "too large to compute with"),
        ({**first, "who": " "}, "The row has no sequence in 'who'"),
    ]:
        with pytest.raises(DataError, match=message):
            stream.push(cells)
    assert told(stream, second) == told(other, second)


def test_of_too_many_sequences_the_one_that_rested_longest_begins_anew(
    forward: SequenceClassifier, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(streams, "_MOST_OPEN", 2)
    stream = forward.stream("who")
    steps = [told(stream, row(np.zeros(2), who=who))["step"] for who in "abacba"]
    assert steps == [1, 1, 2, 1, 1, 1]


def test_a_network_that_waits_is_refused(fitted: SequenceClassifier):
    with pytest.raises(OptionError, match="reads sequences from both ends, and a stream has no end"):
        fitted.stream()
    wide = SequenceClassifier(**{**FORWARD, "convolution": 3, "num_steps": 2}).fit(*waves())
    with pytest.raises(OptionError, match="looks at steps to come"):
        wide.stream()
