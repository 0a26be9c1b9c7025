"""Problems say what they promise: against sequences written by hand and rules computed anew."""

import numpy as np
import pytest
import torch

from elman.errors import OptionError
from elman.experiments.problems import ALL_PROBLEMS, Examples, Problem
from elman.experiments.problems.counting import strings
from elman.experiments.problems.embedded_reber import SYMBOLS


def draw(name: str, length: int, num_sequences: int = 64, seed: int = 0, *, test: bool = False) -> Examples:
    problem = ALL_PROBLEMS[name](length)
    generator = np.random.default_rng(seed)
    return (problem.draw_test if test else problem.draw)(num_sequences, generator)


@pytest.mark.parametrize("test", [False, True])
@pytest.mark.parametrize("name", ALL_PROBLEMS)
def test_shapes_fit_one_another(name: str, test: bool):
    problem: type[Problem] = ALL_PROBLEMS[name]
    found = draw(name, problem.default_lengths[0], num_sequences=20, test=test)
    num_steps, num_sequences = found.input.shape[:2]
    assert found.input.shape == (num_steps, num_sequences, problem.input_size)
    assert found.input.dtype == torch.float32
    assert found.target.shape[:2] == found.counts.shape == (num_steps, num_sequences)
    assert int(found.lengths.max()) == num_steps
    beyond = torch.arange(num_steps)[:, None] >= found.lengths
    assert not found.counts[beyond].any()
    assert not found.input[beyond].any()
    assert found.counts.any(dim=0).all()


@pytest.mark.parametrize("name", ALL_PROBLEMS)
def test_seed_decides_the_sequences(name: str):
    length = ALL_PROBLEMS[name].default_lengths[0]
    first, again, other = (draw(name, length, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(first.input, again.input)
    assert torch.equal(first.target, again.target)
    assert first.input.shape != other.input.shape or not torch.equal(first.input, other.input)


@pytest.mark.parametrize("name", ALL_PROBLEMS)
def test_length_that_makes_no_sense_is_refused(name: str):
    with pytest.raises(OptionError, match=rf"`length` of \w+ .* at least {ALL_PROBLEMS[name].smallest}"):
        ALL_PROBLEMS[name](0)


@pytest.mark.parametrize("name", ["parity", "binary-addition", "embedded-reber"])
def test_success_is_confirmed_where_one_failure_of_the_test_is_too_many(name: str):
    problem = ALL_PROBLEMS[name](1)
    assert not problem.is_solved(1 - 1 / problem.num_test)
    assert problem.confirmations == 5


def test_delayed_recall_asks_for_the_first_symbol():
    found = draw("delayed-recall", 7)
    assert found.input.shape[0] == 8
    assert torch.equal(found.target[7], found.input[0, :, :4].argmax(-1))
    assert found.input[1:7, :, :4].sum(-1).eq(1).all()
    assert found.input[..., 4].nonzero()[:, 0].unique().tolist() == [0]
    assert found.input[..., 5].nonzero()[:, 0].unique().tolist() == [7]
    assert found.input[7, :, :4].eq(0).all()
    assert found.counts.nonzero()[:, 0].unique().tolist() == [7]


def test_adding_asks_for_the_sum_of_the_marked_numbers():
    found = draw("adding", 9, num_sequences=500)
    values, marks = found.input[..., 0], found.input[..., 1]
    assert marks[:4].sum(0).eq(1).all()
    assert marks[4:].sum(0).eq(1).all()
    torch.testing.assert_close(found.target[-1, :, 0], (values * marks).sum(0))
    assert marks.sum(1).gt(0).all()


def test_chance_of_adding_is_the_variance_of_the_sum():
    target = draw("adding", 20, num_sequences=40_000).target[-1]
    # The squared error of 40,000 sums has a relative standard error below 1 %.
    assert (target - 1).square().mean().item() == pytest.approx(ALL_PROBLEMS["adding"].chance, rel=0.03)


def test_copy_memory_asks_for_the_first_ten_symbols():
    found = draw("copy-memory", 5)
    seen = found.input.argmax(-1)
    assert seen.shape[0] == 25
    assert torch.equal(found.target[15:], seen[:10])
    assert seen[:10].lt(8).all()
    assert seen[10:14].eq(8).all()
    assert seen[14].eq(9).all()
    assert seen[15:].eq(8).all()
    assert found.counts.sum(0).eq(10).all()
    assert found.counts[15:].all()


def test_temporal_order_names_the_two_signs_in_their_order():
    found = draw("temporal-order", 100, num_sequences=300)
    seen = found.input.argmax(-1)
    assert seen[0].eq(6).all()
    assert seen[-1].eq(7).all()
    for row in range(300):
        places = [t for t in range(100) if seen[t, row] in (4, 5)]
        first, second = places
        assert 10 <= first <= 20
        assert 50 <= second <= 60
        assert found.target[-1, row] == 2 * (seen[first, row] - 4) + seen[second, row] - 4


def test_parity_is_that_of_each_string_to_its_end():
    found = draw("parity", 6, num_sequences=200)
    for row, length in enumerate(found.lengths.tolist()):
        assert found.target[length - 1, row] == int(found.input[:length, row].sum()) % 2
        assert found.counts[:, row].nonzero().squeeze(1).tolist() == [length - 1]
    assert set(found.lengths.tolist()) == {1, 2, 3, 4, 5, 6}
    assert set(draw("parity", 6, test=True).lengths.tolist()) == {60}


@pytest.mark.parametrize("test", [False, True])
def test_binary_addition_is_the_sum_of_python_integers(test: bool):
    found = draw("binary-addition", 7, num_sequences=50, test=test)
    for row, length in enumerate(found.lengths.tolist()):
        bits = found.input[:, row].int().tolist()
        numbers = [sum(pair[which] << t for t, pair in enumerate(bits)) for which in (0, 1)]
        asked = found.counts[:, row].nonzero().squeeze(1).tolist()
        assert asked == list(range(2, length))
        told = sum(int(found.target[t, row]) << (t - 2) for t in asked)
        assert told == sum(numbers)
    assert (int(found.lengths.max()) - 3) == (70 if test else 7)


# Reber's graph, as a table of pairs written from the figure in Hochreiter & Schmidhuber (1997).
ARCS = {
    ("start", "B"): "1", ("1", "T"): "2", ("1", "P"): "3", ("2", "S"): "2", ("2", "X"): "4", ("3", "T"): "3",
    ("3", "V"): "5", ("4", "X"): "3", ("4", "S"): "6", ("5", "P"): "4", ("5", "V"): "6", ("6", "E"): "end",
}  # fmt: skip


def words(found: Examples) -> list[str]:
    rows = zip(found.input.argmax(-1).T.tolist(), found.lengths.tolist(), strict=True)
    return ["".join(SYMBOLS[symbol] for symbol in row[:length]) for row, length in rows]


def test_embedded_reber_walks_the_graph_between_two_equal_symbols():
    found = draw("embedded-reber", 1, num_sequences=300)
    for row, word in enumerate(words(found)):
        inner, state = word[2:-1], "start"
        for t, symbol in enumerate(inner):
            state = ARCS[state, symbol]
            legal = {after for before, after in ARCS if before == state} or {word[1]}
            assert symbols(found, t + 2, row) == legal
        assert (word[0], word[1] in "TP", word[1], state) == ("B", True, word[-1], "end")
        assert symbols(found, 0, row) == {"T", "P"}
        assert symbols(found, 1, row) == {"B"}
        assert symbols(found, len(word) - 1, row) == {"E"}
        for t in range(len(word) - 1):
            assert SYMBOLS[found.target[t, row]] == word[t + 1]
            assert word[t + 1] in symbols(found, t, row)


def symbols(found: Examples, t: int, row: int) -> set[str]:
    assert found.legal is not None
    return {SYMBOLS[place] for place in found.legal[t, row].nonzero().squeeze(1).tolist()}


def test_nested_reber_is_wrapped_once_more():
    for word in words(draw("embedded-reber", 2)):
        assert (word[0], word[2], word[-2], word[1], word[3]) == ("B", "B", "E", word[-1], word[-3])


@pytest.mark.parametrize(
    ("num_letters", "seen", "following"),
    [
        (2, "SaaabbbSab", ["a", "ab", "ab", "ab", "b", "b", "$", "a", "ab", "$"]),
        (3, "SaabbccSabc", ["a", "ab", "ab", "b", "c", "c", "$", "a", "ab", "c", "$"]),
    ],
)
def test_strings_of_counting(num_letters: int, seen: str, following: list[str]):
    times = [seen.count("a") - 1, 1]
    found = strings(times, num_letters)
    letters, ends = ("Sabc"[: num_letters + 1], "abc"[:num_letters] + "$")
    sizes = [num_letters * n + 1 for n in times]
    assert found.lengths.tolist() == sizes
    places = [(t, row) for row, size in enumerate(sizes) for t in range(size)]
    for (t, row), symbol, legal in zip(places, seen, following, strict=True):
        assert letters[int(found.input[t, row].argmax())] == symbol
        assert {ends[k] for k in found.target[t, row].nonzero().squeeze(1).tolist()} == set(legal)


def test_counting_is_judged_on_every_n_up_to_ten_times_as_far():
    found = draw("anbn", 4, test=True)
    assert found.lengths.tolist() == [2 * n + 1 for n in range(1, 41)]
    assert ALL_PROBLEMS["anbn"](4).bar == 20
