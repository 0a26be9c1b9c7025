"""What a tagger is looked at on: the last step of each sequence, and the first for layers that read back."""

import numpy as np
import polars as pl
import pytest
import torch
from tag_samples import look_ahead, look_back, tagger_of_letters, tagger_of_numbers

from elman.errors import DataError, OptionError, RunError
from elman.tasks import SequenceTagger
from elman.tasks.tag.batches import make_batch


@pytest.fixture(scope="module")
def of_letters() -> SequenceTagger:
    """A tagger that reads from both ends; do not change it."""
    return tagger_of_letters().fit(look_ahead())


def end_losses(tagger: SequenceTagger, at: int) -> float:
    """The mean over the sequences of the test part, each read alone: the loss of its first or last step."""
    fit = tagger.fitted
    found = []
    for one in fit.parts.test:
        first, end = int(fit.steps.starts[one]), int(fit.steps.starts[one + 1])
        with torch.no_grad():
            logits = tagger.model.network(make_batch(fit.steps, [(first, end)], torch.device("cpu")))
        label = fit.steps.labels[first if at == 0 else end - 1]
        found.append(-float(logits[at, 0].double().log_softmax(0)[label]))
    return float(np.mean(found))


def test_each_direction_is_asked_where_it_ends(of_letters: SequenceTagger):
    found = of_letters.inspect()
    assert found.flow.loss == pytest.approx(end_losses(of_letters, -1) + end_losses(of_letters, 0), rel=1e-5)
    test = of_letters.fitted.parts.test
    lengths = of_letters.fitted.table.lengths[test]
    assert found.flow.states[0].lengths.tolist() == sorted(lengths.tolist(), reverse=True)
    assert (found.part, found.num_sequences, found.task_lag) == ("test", len(test), lengths.max() - 1)


def test_the_steps_of_the_longest_sequence_are_named(of_letters: SequenceTagger):
    table = look_ahead(12, seed=4)
    found = of_letters.inspect(table)
    longest = max(table.partition_by("line", maintain_order=True), key=len)
    assert list(found.steps) == longest["letter"].to_list()
    assert found.num_sequences == 12


def test_a_stream_is_asked_at_its_end_alone():
    tagger = tagger_of_numbers().fit(look_back())
    found = tagger.inspect()
    assert found.flow.loss == pytest.approx(end_losses(tagger, -1), rel=1e-5)
    assert found.steps == []


def test_of_a_long_sequence_the_beginning_is_read(of_letters: SequenceTagger):
    table = look_ahead(1).head(1)
    long = table[np.zeros(600, dtype=int)].with_columns(at=pl.Series(range(600)))
    found = of_letters.inspect(long)
    assert found.flow.states[0].norms.shape == (512, 1)
    assert found.task_lag == 511


def test_what_cannot_be_looked_at_is_refused(of_letters: SequenceTagger):
    with pytest.raises(OptionError, match="`part` must be 'test' or 'validation', but it is 'all'"):
        of_letters.inspect(part="all")
    with pytest.raises(OptionError, match="`task_lag` must be a positive integer, but it is 0"):
        of_letters.inspect(task_lag=0)
    with pytest.raises(DataError, match="No step has a label"):
        of_letters.inspect(look_ahead(2).with_columns(next=None))
    with pytest.raises(RunError, match="does not hold its table"):
        tagger_of_letters().inspect()
