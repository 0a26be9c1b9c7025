"""Spans as the shared tasks read them, against hand-made cases and an independent reading of BIO."""

import random

import pytest

from elman.tasks.tag.spans import are_spans, score_spans, spans_of


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("O O O", []),
        ("B-PER I-PER O B-LOC", [("PER", 0, 1), ("LOC", 3, 3)]),
        ("B-PER B-PER", [("PER", 0, 0), ("PER", 1, 1)]),
        ("I-PER I-PER O I-LOC", [("PER", 0, 1), ("LOC", 3, 3)]),
        ("I-PER B-PER I-PER", [("PER", 0, 0), ("PER", 1, 2)]),
        ("B-PER I-LOC I-LOC", [("PER", 0, 0), ("LOC", 1, 2)]),
        ("S-A B-A I-A E-A S-A", [("A", 0, 0), ("A", 1, 3), ("A", 4, 4)]),
        ("U-A B-A I-A L-A O", [("A", 0, 0), ("A", 1, 3)]),
        ("E-A E-A", [("A", 0, 0), ("A", 1, 1)]),
        ("S-A I-A", [("A", 0, 0), ("A", 1, 1)]),
        ("B-a-b I-a-b", [("a-b", 0, 1)]),
        ("B-A X I-A", [("A", 0, 0), ("A", 2, 2)]),
    ],
)
def test_spans_of_tags(tags: str, spans: list[tuple[str, int, int]]):
    assert spans_of(tags.split()) == spans


def test_a_missing_tag_ends_a_span():
    assert spans_of(["B-A", None, "I-A"]) == [("A", 0, 0), ("A", 2, 2)]


def bio(spans: list[tuple[str, int, int]], num_steps: int) -> list[str]:
    tags = ["O"] * num_steps
    for type_, first, last in spans:
        tags[first : last + 1] = [f"B-{type_}"] + [f"I-{type_}"] * (last - first)
    return tags


def bioes(spans: list[tuple[str, int, int]], num_steps: int) -> list[str]:
    tags = bio(spans, num_steps)
    for type_, first, last in spans:
        tags[last] = f"S-{type_}" if first == last else f"E-{type_}"
    return tags


@pytest.mark.parametrize("spell", [bio, bioes])
def test_spans_that_are_spelt_are_read_again(spell):
    generator = random.Random(0)
    for _ in range(200):
        cuts = sorted(generator.sample(range(30), 8))
        spans = [(generator.choice("AB"), a, b - 1) for a, b in zip(cuts[::2], cuts[1::2], strict=True)]
        assert spans_of(spell(spans, 30)) == spans


def test_scores_are_those_of_the_example_of_seqeval():
    # The example in the documentation of seqeval: F1 0.50; MISC 0, PER 1.
    truth = [["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
    guess = [["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
    rows = {row.type: row for row in score_spans(map(spans_of, truth), map(spans_of, guess))}
    assert [rows[name].f1 for name in ("all", "MISC", "PER")] == [0.5, 0.0, 1.0]
    assert (rows["all"].precision, rows["all"].recall) == (0.5, 0.5)


def test_precision_and_recall_by_hand():
    truth = [[("A", 0, 1), ("A", 3, 3), ("B", 5, 6)]]
    guess = [[("A", 0, 1), ("B", 3, 3)]]
    every = score_spans(truth, guess)[0]
    assert (every.precision, every.recall, every.f1) == (1 / 2, 1 / 3, 2 / 5)


def test_nothing_true_and_nothing_found_scores_zero():
    (every,) = score_spans([[]], [[]])
    assert (every.precision, every.recall, every.f1) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("labels", "is_spans"),
    [
        (["O", "B-PER"], True),
        (["S-A", "O"], True),
        (["I-A", "O"], True),
        (["O"], False),
        (["NOUN", "O"], False),
        (["B-A", "NOUN"], False),
        (["E-mail", "L-shaped"], False),
    ],
)
def test_labels_that_spell_spans(labels: list[str], is_spans: bool):
    assert are_spans(labels) is is_spans
