"""Segments of a text: every pair of neighbours once a pass, each row where the last segment ended."""

from itertools import pairwise

import numpy as np
import pytest

from elman.tasks.text.segments import Segments


@pytest.mark.parametrize(
    ("size", "length", "batch_size"), [(100, 7, 4), (50, 64, 8), (2, 5, 3), (129, 64, 2)]
)
def test_rows_go_on_where_they_ended(size: int, length: int, batch_size: int):
    segments = Segments(np.arange(size), length=length, batch_size=batch_size, seed=0)
    steps = segments.steps_per_pass
    batches = [segments.batch(step) for step in range(1, steps + 1)]
    for input, target in batches:
        assert input.shape == target.shape
        assert bool((target == input + 1).all())
    for (_, before), (after, _) in pairwise(batches):
        assert bool((before[-1] == after[0]).all())
    read = np.concatenate([input.flatten().numpy() for input, _ in batches])
    assert len(set(read.tolist())) == len(read) == segments.num_rows * segments.row_length
    assert len(read) > size - 1 - segments.num_rows
    assert [segments.begins_pass(step) for step in range(1, steps + 2)] == [
        True,
        *[False] * (steps - 1),
        True,
    ]


def test_a_batch_depends_on_seed_and_step_alone():
    make = lambda seed: Segments(np.arange(100), length=8, batch_size=3, seed=seed)  # noqa: E731
    one, other = make(1), make(1)
    for step in (40, 3, 17):
        assert bool((one.batch(step)[0] == other.batch(step)[0]).all())
    assert not bool((one.batch(40)[0] == make(2).batch(40)[0]).all())


def test_a_text_shorter_than_a_segment_is_one_short_row():
    segments = Segments(np.arange(6), length=64, batch_size=64, seed=0)
    assert (segments.num_rows, segments.length) == (1, 5)
