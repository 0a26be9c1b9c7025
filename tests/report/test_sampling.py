from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from elman.report.sampling import gaps, isolated, spread, thin

VALUES = st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=300)


@given(VALUES, st.integers(2, 50))
def test_thinned_series_keeps_its_extremes_and_every_bucket_with_a_gap(values, max_points):
    kept = thin(values, max_points)
    known = [value for value in values if value is not None]
    drawn = [values[index] for index in kept]
    assert kept == sorted(set(kept))
    assert sum(value is not None for value in drawn) <= max_points
    assert (None in values) == (None in drawn)
    if known:
        numbers = [value for value in drawn if value is not None]
        assert (min(numbers), max(numbers)) == (min(known), max(known))


def test_short_series_is_left_alone():
    assert thin([1.0, None, 2.0], 3) == [0, 1, 2]


@given(VALUES)
def test_gaps_hold_all_missing_values_and_do_not_touch(values):
    runs = gaps(values)
    covered = [index for first, last in runs for index in range(first, last + 1)]
    assert covered == [index for index, value in enumerate(values) if value is None]
    assert all(before[1] + 1 < after[0] for before, after in pairwise(runs))


@given(VALUES)
def test_isolated_values_stand_between_gaps(values):
    beside = {index + side for first, last in gaps(values) for index in (first, last) for side in (-1, 1)}
    edges = {-1, len(values)}
    for index in isolated(values):
        assert {index - 1, index + 1} <= edges | {i for i, value in enumerate(values) if value is None}
        assert index in beside or len(values) == 1


@given(st.integers(1, 100), st.integers(2, 20))
def test_spread_reaches_both_ends(length, amount):
    chosen = spread(length, amount)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(amount, length)
    assert {chosen[0], chosen[-1]} == {0, length - 1}
