"""Covariates as numbers."""

import json
import re
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.data.encoding import CovariateEncoder
from elman.errors import ColumnError

TRAIN = pl.DataFrame(
    {
        "heat": [1.0, 3.0, None, 5.0],
        "count": [10, 20, 30, 40],
        "open": [True, None, False, True],
        "holiday": [True, True, False, True],
        "sky": ["grey", "blue", None, "blue"],
        "constant": [0.1] * 4,
    }
)
NAMES = ["sky", "heat", "count", "open", "holiday", "constant"]
ENCODER = CovariateEncoder.fit([TRAIN[:1], TRAIN[1:]], NAMES)


def test_names_and_sizes():
    values = ("heat", "count", "open", "holiday", "constant", "heat is observed", "open is observed")
    assert ENCODER.value_names == values
    assert ENCODER.code_names == ("sky",)
    assert ENCODER.vocabulary_sizes == (3,)
    assert ENCODER.constant_names == ("constant",)


def test_training_rows():
    encoded = ENCODER.transform(TRAIN)
    heat = np.array([1.0, 3.0, 5.0])
    columns = dict(zip(ENCODER.value_names, encoded.values.T, strict=True))
    standard = (heat - 3) / heat.std()
    assert columns["heat"] == pytest.approx([standard[0], standard[1], 0, standard[2]])
    assert columns["count"] == pytest.approx((np.array([10, 20, 30, 40]) - 25) / np.std([10, 20, 30, 40]))
    assert columns["open"].tolist() == [1, 0, 0, 1]
    assert columns["holiday"].tolist() == [1, 1, 0, 1]
    assert columns["constant"].tolist() == [0, 0, 0, 0]
    assert columns["heat is observed"].tolist() == [1, 1, 0, 1]
    assert columns["open is observed"].tolist() == [1, 0, 1, 1]
    assert encoded.codes.tolist() == [[2], [1], [0], [1]]
    assert (encoded.values.dtype, encoded.codes.dtype) == (np.float32, np.int64)
    assert (encoded.num_unseen_missing, encoded.num_unseen_categories) == (0, 0)


def test_later_rows():
    later = pl.DataFrame(
        {
            "heat": [None, float("nan"), float("inf")],
            "count": [None, 25, 45],
            "open": [None, True, False],
            "holiday": [None, None, True],
            "sky": ["red", None, "grey"],
            "constant": [7.0, None, 0.1],
        }
    )
    encoded = ENCODER.transform(later)
    columns = dict(zip(ENCODER.value_names, encoded.values.T, strict=True))
    assert columns["heat"].tolist() == [0, 0, 0]
    assert columns["heat is observed"].tolist() == [0, 0, 0]
    assert columns["count"] == pytest.approx([0, 0, 20 / np.std([10, 20, 30, 40])])
    assert columns["holiday"].tolist() == [0, 0, 1]
    assert columns["constant"].tolist() == [0, 0, 0]
    assert encoded.codes.tolist() == [[0], [0], [2]]
    assert encoded.num_unseen_missing == 1 + 2 + 1
    assert encoded.num_unseen_categories == 1


def test_no_covariates():
    encoder = CovariateEncoder.fit([TRAIN], [])
    encoded = encoder.transform(TRAIN)
    assert encoded.values.shape == (4, 0)
    assert encoded.codes.shape == (4, 0)
    assert (encoder.value_names, encoder.vocabulary_sizes) == ((), ())


def test_no_rows():
    encoded = ENCODER.transform(TRAIN.clear())
    assert encoded.values.shape == (0, 7)
    assert encoded.codes.shape == (0, 1)


def test_column_without_any_value():
    empty = pl.DataFrame({"x": [None, None]})
    encoder = CovariateEncoder.fit([empty], ["x"])
    assert encoder.constant_names == ("x",)
    assert encoder.transform(empty).values.tolist() == [[0, 0], [0, 0]]
    later = TRAIN.with_columns(pl.lit(None).alias(name) for name in NAMES)
    assert not ENCODER.transform(later).values.any()
    assert not ENCODER.transform(later).codes.any()


def test_equal_numbers_are_constant_whatever_the_rounding():
    encoder = CovariateEncoder.fit([pl.DataFrame({"x": [0.1] * 7})], ["x"])
    assert np.std([0.1] * 7) > 0  # what rounding makes of it
    assert encoder.transform(pl.DataFrame({"x": [0.2]})).values.tolist() == [[0]]


def test_integers_and_floats_are_both_numbers():
    frames = [pl.DataFrame({"x": [1, 2]}), pl.DataFrame({"x": [3.0, 4.0]})]
    encoder = CovariateEncoder.fit(frames, ["x"])
    assert encoder == CovariateEncoder.fit([pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})], ["x"])
    assert (
        encoder.transform(frames[0]).values.tolist()
        == encoder.transform(frames[0].cast(pl.Float32)).values.tolist()
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heat": "warm"}, "The covariate 'heat' held numbers in training, but now it holds text."),
        ({"heat": True}, "The covariate 'heat' held numbers in training, but now it holds true or false."),
        ({"open": 1}, "The covariate 'open' held true or false in training, but now it holds numbers."),
        ({"sky": 1.5}, "The covariate 'sky' held text in training, but now it holds numbers."),
    ],
)
def test_type_that_changed(change: dict, message: str):
    with pytest.raises(ColumnError, match=re.escape(message)):
        ENCODER.transform(TRAIN.with_columns(pl.lit(value).alias(name) for name, value in change.items()))


def test_column_that_is_gone():
    with pytest.raises(ColumnError, match=r"^The table has no column 'sky'\. Did you mean 'Sky'\?"):
        ENCODER.transform(TRAIN.rename({"sky": "Sky"}))


def test_columns_that_cannot_be_encoded():
    with pytest.raises(ColumnError, match="'x' must be numeric, boolean or text, but it is dates"):
        CovariateEncoder.fit([pl.DataFrame({"x": [date(2024, 1, 1)]})], ["x"])
    with pytest.raises(ColumnError, match="'x' is of unequal types: numbers, text"):
        CovariateEncoder.fit([pl.DataFrame({"x": [1]}), pl.DataFrame({"x": ["a"]})], ["x"])


FLOATS = st.one_of(st.none(), st.floats(width=32))
ROWS = st.lists(
    st.tuples(FLOATS, st.one_of(st.none(), st.booleans()), st.one_of(st.none(), st.text())), min_size=1
)
SCHEMA = {"x": pl.Float64, "b": pl.Boolean, "s": pl.String}


def framed(rows: list[tuple]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@settings(max_examples=40)
@given(ROWS, ROWS)
def test_encoder_survives_json_exactly(train: list[tuple], later: list[tuple]):
    encoder = CovariateEncoder.fit([framed(train)], list(SCHEMA))
    again = CovariateEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder
    assert np.array_equal(again.transform(framed(later)).values, encoder.transform(framed(later)).values)
    assert np.array_equal(again.transform(framed(later)).codes, encoder.transform(framed(later)).codes)


@settings(max_examples=40)
@given(ROWS, ROWS, ROWS)
def test_rows_after_training_move_nothing(train: list[tuple], later: list[tuple], other: list[tuple]):
    """Neither what is learned, nor a row's numbers, depends on the rows that come after."""
    frames = [framed(train + rows) for rows in (later, other)]
    encoders = [CovariateEncoder.fit([frame[: len(train)]], list(SCHEMA)) for frame in frames]
    assert encoders[0] == encoders[1]
    encoded = [encoders[0].transform(frame) for frame in frames]
    assert np.array_equal(encoded[0].values[: len(train)], encoded[1].values[: len(train)])
    assert np.array_equal(encoded[0].codes[: len(train)], encoded[1].codes[: len(train)])


@settings(max_examples=40)
@given(ROWS)
def test_everything_is_finite(rows: list[tuple]):
    encoded = CovariateEncoder.fit([framed(rows)], list(SCHEMA)).transform(framed(rows))
    assert np.isfinite(encoded.values).all()
    assert (encoded.codes >= 0).all()


@settings(max_examples=40)
@given(ROWS, st.integers(0, 5))
def test_cutting_the_training_rows_into_series_changes_nothing(rows: list[tuple], at: int):
    frame = framed(rows)
    parts = [part for part in (frame[:at], frame[at:]) if part.height]
    assert CovariateEncoder.fit(parts, list(SCHEMA)) == CovariateEncoder.fit([frame], list(SCHEMA))
