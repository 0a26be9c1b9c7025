"""A classifier learns, gives the same whatever it is batched with, and has the manners of scikit-learn."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from classify_samples import SMALL, waves
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from elman import SequenceClassifier
from elman.data.sequences import sequences_from_arrays
from elman.errors import DataError, OptionError, RunError
from elman.tasks.classify.evaluation import score_part
from elman.tasks.classify.split import split_sequences


def test_it_learns_more_than_the_majority(fitted: SequenceClassifier):
    sequences, labels = waves(80, seed=1)
    assert fitted.score(sequences, labels) > 0.8
    rows = fitted.evaluate(sequences_from_arrays(sequences, labels)).rows
    assert rows[0].metrics["accuracy"] == fitted.score(sequences, labels)
    assert rows[-1].metrics["accuracy"] == 0.5


def test_network_alone_learns():
    classifier = SequenceClassifier(**{**SMALL, "num_steps": 150}, linear=False, learning_rate=1e-2)
    classifier.fit(*waves())
    assert classifier.model.blend == 0
    assert classifier.score(*waves(80, seed=1)) > 0.8


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize(
    "more", [{}, {"bidirectional": False}, {"convolution": 5}, {"cell": "light_recurrent"}]
)
def test_class_depends_on_no_batch_and_no_padding(pooling: str, more: dict[str, Any]):
    sequences, labels = waves(24)
    options = {**SMALL, "num_steps": 4, "evaluate_every": 2, "linear": False, "refit": False}
    model = SequenceClassifier(**options, pooling=pooling, **more).fit(sequences, labels).model
    alone = model.probabilities(sequences, batch_size=1)
    # Products of other shapes are summed in another order: a few roundings of float32.
    np.testing.assert_allclose(model.probabilities(sequences, batch_size=64), alone, rtol=0, atol=2e-6)
    longer = [*sequences, np.zeros((500, 2))]
    np.testing.assert_allclose(model.probabilities(longer, batch_size=64)[:-1], alone, rtol=0, atol=2e-6)


def test_missing_values_are_no_numbers(fitted: SequenceClassifier):
    probabilities = fitted.predict_proba([np.full((5, 2), np.nan), np.zeros((1, 2))])
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)


def test_same_seed_gives_the_same_bits(fitted: SequenceClassifier):
    again = SequenceClassifier(**SMALL).fit(*waves())
    np.testing.assert_array_equal(again.predict_proba(waves()[0]), fitted.predict_proba(waves()[0]))


def test_training_that_was_cut_off_ends_with_the_same_bits(fitted: SequenceClassifier, tmp_path: Path):
    def stop(record: Any) -> None:
        if record.step == 20:
            raise KeyboardInterrupt

    from elman.tasks import Observer

    data = sequences_from_arrays(*waves())
    with pytest.raises(KeyboardInterrupt):
        SequenceClassifier(**SMALL).fit_sequences(
            data, test=0.0, checkpoint=tmp_path / "state", observer=Observer(on_record=stop)
        )
    again = SequenceClassifier(**SMALL).fit_sequences(data, test=0.0, checkpoint=tmp_path / "state")
    np.testing.assert_array_equal(again.predict_proba(waves()[0]), fitted.predict_proba(waves()[0]))


def test_saved_and_loaded_it_gives_the_same_bits(fitted: SequenceClassifier, tmp_path: Path):
    fitted.save(tmp_path / "model")
    loaded = SequenceClassifier.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(waves()[0]), fitted.predict_proba(waves()[0]))
    assert loaded.predict(waves()[0]).tolist() == fitted.predict(waves()[0]).tolist()


def test_input_gradient_is_that_of_finite_differences(fitted: SequenceClassifier):
    sequences = [np.where(np.isnan(one), 0.0, one) for one in waves(2)[0]]
    network, encoder = fitted.model.network, fitted.model.encoder
    exact = fitted.explain(sequences)[0]
    step, at = 1e-2, (len(sequences[0]) // 2, 1)

    def log_probability(change: float) -> float:
        moved = sequences[0].copy()
        moved[at] += change * encoder.scales[1]
        return float(np.log(fitted.model.network_probabilities([moved]).max()))

    slope = (log_probability(step) - log_probability(-step)) / (2 * step)
    assert not network.training
    # float32 differences over 0.02: 1e-7 / 0.02, and the curvature.
    assert exact[at] == pytest.approx(slope, abs=1e-3)


def test_manners_of_scikit_learn():
    sequences, labels = waves(24)
    classifier = SequenceClassifier(**{**SMALL, "num_steps": 4, "evaluate_every": 2})
    strict: Any = "raise"
    assert is_classifier(classifier)
    copy: Any = clone(classifier)
    assert copy.get_params() == classifier.get_params()
    assert len(cross_val_score(classifier, sequences, labels, cv=2, error_score=strict)) == 2
    doubled = FunctionTransformer(lambda sequences: [2 * one for one in sequences])
    assert set(make_pipeline(doubled, classifier).fit(sequences, labels).predict(sequences)) <= set(labels)
    search = GridSearchCV(classifier, {"hidden_size": [2, 3]}, cv=2, error_score=strict).fit(
        sequences, labels
    )
    assert search.best_params_["hidden_size"] in (2, 3)


def test_labels_keep_their_type():
    sequences, labels = waves(24)
    classifier = SequenceClassifier(**{**SMALL, "num_steps": 4, "evaluate_every": 2})
    classifier.fit(sequences, [label == "fast" for label in labels])
    assert classifier.classes_.tolist() == [False, True]
    assert classifier.predict(sequences).dtype == bool


def test_groups_are_never_split():
    data = sequences_from_arrays(*waves(60), groups=[at // 6 for at in range(60)])
    split = split_sequences(data, np.arange(60) % 2, validation=0.2, test=0.2, seed=3)
    groups = [{int(row) // 6 for row in split.rows(part)} for part in ("train", "validation", "test")]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 10
    assert len(split.validation) == len(split.test) == 12


def test_every_class_is_in_every_part():
    codes = np.repeat([0, 1, 2], [80, 15, 5])
    data = sequences_from_arrays([[1.0]] * 100, codes)
    split = split_sequences(data, codes, validation=0.2, test=0.2, seed=0)
    for part in ("train", "validation", "test"):
        assert set(codes[split.rows(part)]) == {0, 1, 2}
    rows = np.concatenate([split.train, split.validation, split.test])
    assert sorted(rows) == list(range(100))


def test_balanced_weights_change_the_loss_as_defined():
    from elman.tasks.classify.learning import _class_weights

    options = SequenceClassifier(class_weights="balanced").options
    weights = _class_weights(np.array([0, 0, 0, 1]), 3, options)
    torch.testing.assert_close(weights, torch.tensor([4 / 6, 2.0, 1.0]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": "sum"}, "`pooling` must be one of last, mean, max, attention, but it is 'sum'"),
        ({"class_weights": "rare"}, "`class_weights` must be one of none, balanced"),
        ({"cell": "lstn"}, "`cell` must be one of"),
        ({"validation": 0}, r"`validation` must be a share in \(0, 1\), but it is 0"),
        ({"num_steps": 0}, "`num_steps` must be a whole number 1 or more"),
    ],
)
def test_option_that_is_not_legal_is_refused(options: dict[str, Any], message: str):
    with pytest.raises(OptionError, match=message):
        SequenceClassifier(**options).fit(*waves(12))


def test_mistakes_are_named(fitted: SequenceClassifier, tmp_path: Path):
    sequences, labels = waves(12)
    with pytest.raises(OptionError, match="There is no option 'hiden'"):
        SequenceClassifier(hiden=3)
    with pytest.raises(RunError, match="not fitted"):
        SequenceClassifier().predict(sequences)
    with pytest.raises(DataError, match="two classes or more to tell apart, but all are 1"):
        SequenceClassifier().fit(sequences, [1] * 12)
    with pytest.raises(DataError, match="3 channels, but the classifier learned 2"):
        fitted.predict([np.zeros((4, 3))])
    with pytest.raises(DataError, match="The class 'odd' was not in the data"):
        fitted.evaluate(sequences_from_arrays(sequences, ["odd", *labels[1:]]))
    (tmp_path / "model").write_bytes(b"no")
    with pytest.raises(RunError, match="is damaged or was not written by elman"):
        SequenceClassifier.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("blend", "told"),
    [
        (0.0, "The validation part preferred the network alone: the linear model counts nothing here."),
        (1.0, "The validation part preferred the linear model alone: the network counts nothing here."),
        (0.4, None),
    ],
)
def test_a_branch_that_counts_nothing_is_told(fitted: SequenceClassifier, blend: float, told: str | None):
    values, labels = waves()
    codes = np.array([fitted.model.classes.index(label) for label in labels])
    table = score_part(replace(fitted.model, blend=blend), fitted.options, values, codes, "other")
    assert table.verdict[1:] == ([told] if told else [])
    assert "the linear model on summary statistics" in table.verdict[0]
