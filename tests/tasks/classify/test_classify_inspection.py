"""What a classifier is looked at on: the class of each sequence, the longest first."""

import numpy as np
import pytest
import torch
from classify_samples import SMALL, waves

from elman import SequenceClassifier
from elman.data.sequences import sequences_from_arrays
from elman.errors import DataError, OptionError, RunError

X, Y = waves()


def class_losses(model: SequenceClassifier, values: list[np.ndarray], labels: list[str]) -> list[float]:
    """Of each sequence, read alone, what the recurrent branch says of its class."""
    columns = [list(model.classes_).index(label) for label in labels]
    found = [model.model.network_probabilities([one]) for one in values]
    return [-np.log(one[0, column]) for one, column in zip(found, columns, strict=True)]


def test_the_loss_is_that_of_the_class(fitted: SequenceClassifier):
    found = fitted.inspect(part="validation")
    fit = fitted.fitted
    rows = fit.split.validation
    assert 1 < len(rows) <= 16
    losses = class_losses(fitted, [X[row] for row in rows], [Y[row] for row in rows])
    assert found.flow.loss == pytest.approx(np.mean(losses), rel=1e-5)
    lengths = [len(X[row]) for row in rows]
    assert found.flow.states[0].lengths.tolist() == sorted(lengths, reverse=True)
    assert (found.part, found.num_sequences, found.task_lag) == ("validation", len(rows), max(lengths) - 1)
    assert "each state has a gradient of its own" in found.asked


def test_other_sequences_are_looked_at(fitted: SequenceClassifier):
    found = fitted.inspect(sequences_from_arrays(X[:3], Y[:3]), "other", task_lag=7)
    losses = class_losses(fitted, X[:3], Y[:3])
    assert found.flow.loss == pytest.approx(np.mean(losses), rel=1e-5)
    assert (found.part, found.num_sequences, found.task_lag) == ("other", 3, 7)


def test_of_a_long_sequence_the_end_is_read():
    model = SequenceClassifier(**{**SMALL, "bidirectional": False, "pooling": "last"}).fit(X, Y)
    long = np.random.default_rng(0).normal(size=(700, 2))
    found = model.inspect(sequences_from_arrays([long], ["slow"]))
    assert found.flow.states[0].norms.shape == (512, 1)
    assert found.flow.loss == pytest.approx(class_losses(model, [long[-512:]], ["slow"])[0], rel=1e-5)
    assert found.asked.endswith("read where each direction ends.")


def test_a_look_leaves_weights_and_gradients_alone(fitted: SequenceClassifier):
    def contents() -> list[torch.Tensor]:
        parameters = list(fitted.model.network.parameters())
        return [one.detach().clone() for one in parameters] + [
            one.grad.clone() for one in parameters if one.grad is not None
        ]

    before = contents()
    fitted.inspect(part="validation")
    after = contents()
    assert len(after) == len(before)
    assert all(torch.equal(now, was) for now, was in zip(after, before, strict=True))


def test_what_cannot_be_looked_at_is_refused(fitted: SequenceClassifier):
    with pytest.raises(OptionError, match="There is no test part"):
        fitted.inspect()
    with pytest.raises(OptionError, match="`part` must be test or validation, but it is 'all'"):
        fitted.inspect(part="all")
    with pytest.raises(DataError, match="have no classes"):
        fitted.inspect(sequences_from_arrays(X[:2]))
    with pytest.raises(RunError, match="does not hold its sequences"):
        SequenceClassifier().inspect()
