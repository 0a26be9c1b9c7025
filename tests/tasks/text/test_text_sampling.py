"""Draws follow the probabilities they should; what must not be drawn never is."""

import numpy as np
import pytest
import torch

from elman.data.vocabulary import Vocabulary
from elman.errors import OptionError
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.options import TextOptions
from elman.tasks.text.sampling import Sampling, draw_codes
from elman.tasks.text.writing import write_text

LOGITS = np.log([0.4, 0.3, 0.2, 0.1])


@pytest.mark.parametrize(
    ("sampling", "chances"),
    [
        (Sampling(), [0.4, 0.3, 0.2, 0.1]),
        (Sampling(0.5), np.array([16, 9, 4, 1]) / 30),
        (Sampling(0), [1, 0, 0, 0]),
        (Sampling(top_k=2), [4 / 7, 3 / 7, 0, 0]),
        (Sampling(top_k=9), [0.4, 0.3, 0.2, 0.1]),
        (Sampling(top_p=0.65), [4 / 7, 3 / 7, 0, 0]),
        (Sampling(top_p=0.01), [1, 0, 0, 0]),
        (Sampling(top_k=3, top_p=0.7), [4 / 7, 3 / 7, 0, 0]),
    ],
)
def test_probabilities_by_hand(sampling: Sampling, chances: list[float]):
    np.testing.assert_allclose(sampling.probabilities(LOGITS), chances, rtol=1e-12)


def test_a_small_temperature_neither_overflows_nor_divides_by_zero():
    for temperature in (1e-300, 5e-324):
        assert Sampling(temperature).probabilities(np.array([-1e3, 5.0, 4.0])).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1}, "`temperature` must be a finite number, 0 or more, but it is -1"),
        ({"temperature": float("nan")}, "`temperature` must be a finite number"),
        ({"top_k": 0}, "`top_k` must be a whole number, 1 or more, but it is 0"),
        ({"top_p": 0}, r"`top_p` must be in \(0, 1\], but it is 0"),
        ({"top_p": "a"}, "`top_p` must be a number, but it is 'a'"),
    ],
)
def test_illegal_options_are_refused(options: dict, message: str):
    with pytest.raises(OptionError, match=message):
        Sampling(**options)


@pytest.mark.parametrize(
    ("prompt", "drawn", "text"),
    [
        ("the cat", ". sat", "the cat. sat"),
        ("the cat", "sat .", "the cat sat."),
        ("the (", "cat", "the (cat"),
        ("the ", "cat", "the cat"),
        ("", "cat", "cat"),
        ("the cat\n", "sat", "the cat\nsat"),
        ("Ж", "cat", "Ж cat"),
    ],
)
def test_words_follow_a_prompt_as_print_parts_them(
    monkeypatch: pytest.MonkeyPatch, prompt: str, drawn: str, text: str
):
    vocabulary = Vocabulary.of(["the", "cat", "sat", ".", "(", "\n"], "word")
    codes = vocabulary.encode(drawn).tolist()
    monkeypatch.setattr("elman.tasks.text.writing.draw_codes", lambda *arguments, **options: codes)
    network = TextNetwork(len(vocabulary), TextOptions(hidden_size=2, num_steps=1)).eval()
    assert write_text(network, vocabulary, len(codes), prompt=prompt).text == text


@pytest.fixture
def constant() -> TextNetwork:
    """Predicts 0.4, 0.3, 0.2, 0.1 whatever it has read."""
    network = TextNetwork(4, TextOptions(hidden_size=2, num_steps=1)).eval()
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor(LOGITS))
    return network


def test_frequencies_of_draws_are_the_probabilities(constant: TextNetwork):
    number = 4000
    counts = np.bincount(draw_codes(constant, [0], number, Sampling(), seed=3), minlength=4)
    expected = number * np.exp(LOGITS)
    # 16.27 is exceeded once in a thousand draws of chi squared with three degrees of freedom.
    assert ((counts - expected) ** 2 / expected).sum() < 16.27


def test_forbidden_codes_are_never_drawn_and_a_seed_repeats(constant: TextNetwork):
    drawn = draw_codes(constant, [0], 200, Sampling(), seed=1, forbidden=[0])
    assert set(drawn) == {1, 2, 3}
    assert drawn == draw_codes(constant, [0], 200, Sampling(), seed=1, forbidden=[0])
    assert drawn != draw_codes(constant, [0], 200, Sampling(), seed=2, forbidden=[0])
