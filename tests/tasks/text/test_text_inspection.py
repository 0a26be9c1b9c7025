"""What a language model is looked at on: the last symbols of passages; units followed through a text."""

from collections.abc import Iterable

import numpy as np
import pytest
import torch

from elman.errors import OptionError, RunError
from elman.tasks import LanguageModel, TextOptions
from elman.tasks.text.activity import watch_units

TEXT = "The cat sat on the mat.\nThe dog sat on the log.\n" * 20
SMALL = {"hidden_size": 8, "segment": 8, "batch_size": 4, "num_steps": 8, "dropout": 0.3}


@pytest.fixture(scope="module")
def fitted() -> LanguageModel:
    """A small model of `TEXT`; do not change it."""
    return LanguageModel(TextOptions(**SMALL)).fit(TEXT)


def last_losses(model: LanguageModel, begins: Iterable[int], length: int) -> list[float]:
    """Of passages of TEXT, each read alone: what the symbol after it costs."""
    codes = model.vocabulary.encode(TEXT)
    found = []
    for begin in begins:
        read = torch.from_numpy(codes[begin : begin + length])[:, None]
        with torch.no_grad():
            logits, _ = model.network(read)
        found.append(-float(logits[-1, 0].double().log_softmax(0)[codes[begin + length]]))
    return found


def test_the_loss_is_that_of_the_last_symbols(fitted: LanguageModel):
    found = fitted.inspect()
    assert (found.part, found.num_sequences, found.sequence, found.task_lag) == ("test", 16, "passage", 8)
    # The test part is 96 symbols long; 88 passages of 8 symbols and the one behind begin in it.
    begins = np.linspace(864, 951, 16).round().astype(int)
    expected = np.mean(last_losses(fitted, begins, 8))
    assert found.flow.loss == pytest.approx(expected, rel=1e-5)
    assert "".join(found.steps) == TEXT[864:872]
    assert found.flow.states[0].norms.shape == (8, 16)


def test_a_passage_is_as_long_as_the_lag_that_is_asked_for(fitted: LanguageModel):
    found = fitted.inspect(part="validation", task_lag=20)
    assert found.flow.states[0].norms.shape[0] == 20
    assert found.task_lag == 20
    # It reaches back before a part that is shorter: 43 symbols of validation, before them training.
    wide = fitted.inspect(part="validation", task_lag=60)
    assert "".join(wide.steps) == TEXT[803:863]
    assert wide.num_sequences == 1


def test_a_passage_has_an_end(fitted: LanguageModel):
    found = fitted.inspect(task_lag=100_000)
    assert found.flow.states[0].norms.shape[0] == 512


def test_a_unit_is_followed_symbol_by_symbol(fitted: LanguageModel):
    passage = fitted.follow_unit(3)
    assert "".join(passage.symbols) == TEXT[864:]
    state, expected = None, []
    for code in fitted.vocabulary.encode(TEXT[864:]).tolist():
        with torch.no_grad():
            features, state = fitted.network.features(torch.tensor([[code]]), state)
        expected.append(float(features[0, 0, 3]))
    assert (passage.activity.unit, passage.unit, passage.part) == (3, "character", "test")
    np.testing.assert_allclose(passage.activity.values, expected, atol=1e-4)  # of 4 decimals


def test_without_a_number_those_are_shown_that_hold_on_longest(fitted: LanguageModel):
    codes = fitted.vocabulary.encode(TEXT[864:])
    chosen = [one.unit for one in watch_units(fitted.network, codes, 6)]
    assert [one.activity.unit for one in fitted.inspect().passages] == chosen


@pytest.mark.parametrize("unit", [-1, 8, True, 1.0])
def test_a_unit_that_is_none_is_refused(fitted: LanguageModel, unit: int):
    with pytest.raises(OptionError, match=r"`unit` must be .* in \[0, 7\], but it is"):
        fitted.follow_unit(unit)


def test_words_and_other_texts_are_looked_at(fitted: LanguageModel):
    words = LanguageModel(TextOptions(unit="word", **SMALL)).fit(TEXT).inspect()
    assert words.steps[0] in TEXT.split()
    assert "the last word of each passage" in words.asked
    other = fitted.follow_unit(0, "the dog sat on the cat. " * 10)
    assert len(other.symbols) == 24


@pytest.mark.parametrize("lag", [0, -3, 1.5, True])
def test_a_lag_that_is_none_is_refused_before_anything_is_read(fitted: LanguageModel, lag: int):
    with pytest.raises(OptionError, match="`task_lag` must be a positive integer"):
        fitted.inspect(task_lag=lag)


def test_a_model_without_its_text_asks_for_it():
    with pytest.raises(RunError, match="does not hold its text"):
        LanguageModel(TextOptions(**SMALL)).inspect()
