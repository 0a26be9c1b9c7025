"""A mixture says the same whichever way it is asked, and takes of the counts what the held-out part likes."""

from dataclasses import replace
from math import log
from pathlib import Path

import numpy as np
import pytest
import torch

from elman.tasks.language_model import LanguageModel
from elman.tasks.text.counts import NgramCounts
from elman.tasks.text.mixture import Mixture
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.options import TextOptions
from elman.tasks.text.reading import log_probabilities, predict_next
from elman.tasks.text.sampling import Sampling, draw_codes
from elman.tasks.text.tables import UNSEEN

TEXT = "the cat sat on the mat and the dog sat on the log.\nthe end of it all\n" * 12
OPTIONS = TextOptions(hidden_size=12, segment=8, batch_size=4, num_steps=6, ngram=4)
CODES = np.random.default_rng(0).integers(0, 4, size=300) ** 2 % 5


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return LanguageModel(OPTIONS).fit(TEXT)


@pytest.mark.parametrize("order", [1, 2, 5])
def test_distributions_hold_the_probabilities_of_all_symbols(order: int):
    counts = NgramCounts(CODES[:200], 5, order)
    contexts = counts.follow(CODES[200:, None], counts.begin(1))[:, :-1, 0]
    chances = counts.distributions(contexts)
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-12)
    for code in range(5):
        asked = counts.probabilities(contexts, np.full(100, code))
        np.testing.assert_allclose(chances[:, code], asked, rtol=1e-12)


def test_a_context_in_pieces_is_the_context_of_the_whole():
    counts = NgramCounts(CODES, 5, 4)
    rows = CODES[:60].reshape(20, 3)
    whole = counts.follow(rows, counts.begin(3))
    first = counts.follow(rows[:7], counts.begin(3))
    second = counts.follow(rows[7:], first[:, -1])
    np.testing.assert_array_equal(np.concatenate([first, second[:, 1:]], axis=1), whole)
    assert whole[3, 2, 0] == UNSEEN  # two symbols are no context of three


def test_weight_is_where_the_likelihood_is_largest():
    # Eight zeros and a one: the counts give a zero (8 + 1) / (9 + 2), that is 1/2 + a; the network gives 1/2.
    read, counted, a = np.log(np.full(3, 0.5)), [0] * 8 + [1], 9 / 11 - 1 / 2
    # Two ones and a zero: log(1/2 + a w) + 2 log(1/2 - a w) falls for all w.
    assert Mixture.fitted(np.array([*counted, 1, 1, 0]), 9, 2, 1, read).weight < 1e-3
    # Two zeros and a one: 2 log(1/2 + a w) + log(1/2 - a w) is largest at w = 1 / (6 a).
    mixed = Mixture.fitted(np.array([*counted, 0, 0, 1]), 9, 2, 1, read)
    assert mixed.weight == pytest.approx(1 / (6 * a), rel=1e-3)


def test_every_way_to_ask_gives_the_same_probability(model: LanguageModel):
    assert model.mixture is not None
    line = "the dog sat on the cat"
    read = model.vocabulary.encode("\n" + line)
    asked = model.mixture.log_probabilities(read, 1, log_probabilities(model.network, read, 1))
    # Tolerances: sums of single precision in another order.
    own, likeliest, chances = predict_next(model.network, model.mixture, int(read[0]), read[1:])
    np.testing.assert_allclose(own, asked, atol=1e-5)
    assert chances.min() >= 1 / len(model.vocabulary)
    assert likeliest.shape == read[1:].shape
    stream = model.stream()
    pieces = [stream.push(piece) for piece in ("the do", "g", " sat on the cat")]
    assert sum(piece for piece in pieces if piece is not None) == pytest.approx(asked.sum(), abs=1e-4)
    alone, other = model.score([line, "the"])
    end = np.append(read, model.vocabulary.newline)
    whole = model.mixture.log_probabilities(end, 1, log_probabilities(model.network, end, 1))
    assert alone.log_probability == pytest.approx(whole.sum(), abs=1e-4)
    assert other.num_symbols == 4


def test_a_long_text_is_read_in_chunks(model: LanguageModel, monkeypatch: pytest.MonkeyPatch):
    codes, lengths, logits = model.vocabulary.encode(TEXT), list[int](), TextNetwork.logits

    def note(network: TextNetwork, features: torch.Tensor) -> torch.Tensor:
        lengths.append(len(features))
        return logits(network, features)

    monkeypatch.setattr(TextNetwork, "logits", note)
    own, _, _ = predict_next(model.network, model.mixture, model.vocabulary.newline, codes)
    whole = model.stream().push(TEXT)
    [line] = model.score([TEXT.removesuffix("\n")])
    assert max(lengths) == 128 < len(codes)
    # Sums of single precision in another order, over 828 symbols.
    assert whole == pytest.approx(own.sum(), abs=1e-3)
    assert line.log_probability == pytest.approx(own.sum(), abs=1e-3)
    lengths.clear()
    model.generate(1, prompt=TEXT)
    assert lengths == [1]


def test_the_test_part_changes_neither_the_network_nor_the_weight(model: LanguageModel):
    test_start = model._fitted.parts.test_start
    other = LanguageModel(OPTIONS).fit(TEXT[:test_start] + TEXT[test_start:][::-1])
    assert model.mixture is not None
    assert other.mixture is not None
    assert other.mixture.weight == model.mixture.weight
    weights = model.network.state_dict()
    assert all(torch.equal(one, weights[name]) for name, one in other.network.state_dict().items())
    assert other.evaluate() != model.evaluate()


def test_draws_follow_the_mixture(model: LanguageModel):
    mixture = Mixture(NgramCounts(model.vocabulary.encode("ac" * 50), len(model.vocabulary), 2), 1.0)
    a = int(model.vocabulary.encode("a")[0])
    drawn = draw_codes(model.network, [a], 6, Sampling(0), seed=0, mixture=mixture)
    assert model.vocabulary.decode(drawn) == "cacaca"


def test_a_mixture_comes_back_from_its_file(model: LanguageModel, tmp_path: Path):
    model.save(tmp_path / "model")
    again = LanguageModel.load(tmp_path / "model")
    assert model.mixture is not None
    assert again.mixture is not None
    assert again.mixture.weight == model.mixture.weight
    assert again.generate(40, seed=3) == model.generate(40, seed=3)
    assert again.score(["the mat"]) == model.score(["the mat"])


def test_mixture_is_no_worse_on_the_part_that_chose_it(model: LanguageModel):
    mixed, alone, *_ = [row.metrics["nats per character"] for row in model.evaluate(part="validation").rows]
    assert mixed is not None
    assert alone is not None
    assert mixed <= alone
    assert mixed < log(len(model.vocabulary))


def test_of_a_long_text_the_last_part_is_counted_and_said_so(monkeypatch: pytest.MonkeyPatch):
    assert not LanguageModel(OPTIONS).check(TEXT).findings
    for module in ("mixture", "parts"):
        monkeypatch.setattr(f"elman.tasks.text.{module}.MOST_COUNTED", 300)
    long = LanguageModel(OPTIONS).fit(TEXT)
    assert long.mixture is not None
    parts = long.check(TEXT)
    np.testing.assert_array_equal(
        long.mixture.counts.codes, parts.codes[parts.validation_start - 300 : parts.validation_start]
    )
    assert [finding.message for finding in parts.findings] == [
        "Of the 708 characters of the training part the network reads all, but the 4-grams it is mixed with "
        "count the last 300 only."
    ]
    assert not LanguageModel(replace(OPTIONS, ngram=0)).check(TEXT).findings


def test_scores_say_how_much_is_counted(model: LanguageModel):
    assert model.mixture is not None
    counted = f"{model.mixture.weight:.0%} those of counting 4-grams"
    assert [counted in sentence for sentence in model.evaluate().verdict] == [False, True]


def test_without_counts_the_network_stands_alone(tmp_path: Path):
    alone = LanguageModel(replace(OPTIONS, ngram=0)).fit(TEXT)
    assert alone.mixture is None
    assert [row.model for row in alone.evaluate().rows] == ["elman (GRU)", "5-gram (Witten-Bell)", "unigram"]
    alone.save(tmp_path / "model")
    again = LanguageModel.load(tmp_path / "model")
    assert again.mixture is None
    assert again.generate(20).text == alone.generate(20).text
    codes = torch.from_numpy(alone.vocabulary.encode("the"))[:, None]
    assert torch.equal(again.network(codes)[0], alone.network(codes)[0])
