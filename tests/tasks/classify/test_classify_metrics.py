"""Scores agree with scikit-learn; the calibration error with a count by hand."""

import numpy as np
import pytest
from sklearn import metrics  # pyright: ignore[reportMissingTypeStubs]

from elman.tasks.classify.metrics import confusion, reliability, score


@pytest.mark.parametrize("num_given", [5, 3])
def test_scores_agree_with_scikit_learn(num_given: int):
    draw = np.random.default_rng(0)
    truth = draw.integers(4, size=200)  # the class 4 never occurs
    probabilities = draw.dirichlet(np.ones(5), size=200)
    probabilities[:, num_given:] = 0
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    probabilities = 0.99 * probabilities + 0.01 / 5
    given = probabilities.argmax(axis=1)
    found = score(truth, probabilities)
    expected = {
        "accuracy": metrics.accuracy_score(truth, given),
        "balanced accuracy": metrics.recall_score(truth, given, average="macro", labels=np.unique(truth)),
        "macro F1": metrics.f1_score(truth, given, average="macro"),
        "log loss": metrics.log_loss(truth, probabilities, labels=range(5)),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    theirs = metrics.confusion_matrix(truth, given, labels=range(5))
    np.testing.assert_array_equal(confusion(truth, given, 5), theirs)


def test_calibration_error_by_hand():
    probabilities = np.array([[0.95, 0.05], [0.91, 0.09], [0.4, 0.6], [0.35, 0.65]])
    truth = np.array([0, 1, 1, 1])
    assert reliability(truth, probabilities) == [
        (pytest.approx(0.625), 1.0, 2),
        (pytest.approx(0.93), 0.5, 2),
    ]
    # (2 x 0.375 + 2 x 0.43) / 4
    assert score(truth, probabilities)["calibration error"] == pytest.approx(0.4025)
