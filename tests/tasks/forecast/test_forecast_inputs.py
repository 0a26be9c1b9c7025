"""Tables from everywhere, covariates of every kind, and the future given in two ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from forecast_tables import HORIZON, PAST, hourly_table, quantiles_of, rich_forecaster, small_forecaster
from numpy.testing import assert_allclose

from elman.errors import ColumnError, DataError
from elman.tasks import Forecaster

PLACE = pl.int_range(pl.len())
TABLE = hourly_table().with_columns(
    y=pl.when(PLACE % 23 == 4).then(None).otherwise(pl.col("y")),
    load=pl.when(PLACE % 19 == 6).then(None).otherwise(pl.col("load")),
)


def to_pandas(table: pl.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: table[name].to_list() for name in table.columns})


def nullable(table: pl.DataFrame) -> pd.DataFrame:
    kinds = {"y": "Float64", "load": "Float64", "heat": "Float64", "holiday": "boolean", "sky": "string"}
    return to_pandas(table).astype(kinds)


def written(table: pl.DataFrame, folder: Path, kind: str) -> Path:
    path = folder / f"table.{kind}"
    if kind == "csv":
        table.write_csv(path)
    else:
        table.write_parquet(path)
    return path


SOURCES: dict[str, Any] = {
    "pandas": lambda table, folder: to_pandas(table),
    "pandas, indexed by time": lambda table, folder: to_pandas(table).set_index("time"),
    "pandas, nullable": lambda table, folder: nullable(table),
    "pandas, arrow types": lambda table, folder: to_pandas(table).convert_dtypes(dtype_backend="pyarrow"),
    "pandas, categorical": lambda table, folder: to_pandas(table).astype({"sky": "category"}),
    "pyarrow": lambda table, folder: table.to_arrow(),
    "pyarrow, dictionary": lambda table, folder: pa.table(
        table.with_columns(pl.col("sky").cast(pl.Categorical)).to_arrow()
    ),
    "lazy": lambda table, folder: table.lazy(),
    "polars, NaN": lambda table, folder: table.with_columns(pl.col("y", "load").fill_null(float("nan"))),
    "polars, shuffled": lambda table, folder: table.sample(fraction=1, shuffle=True, seed=1),
    "polars, enum": lambda table, folder: table.with_columns(
        pl.col("sky").cast(pl.Enum(["blue", "grey", "white"]))
    ),
    "polars, nanoseconds": lambda table, folder: table.with_columns(pl.col("time").dt.cast_time_unit("ns")),
    "CSV": lambda table, folder: written(table, folder, "csv"),
    "CSV by name": lambda table, folder: str(written(table, folder, "csv")),
    "Parquet": lambda table, folder: written(table, folder, "parquet"),
}


@pytest.fixture(scope="module")
def truth() -> tuple[Forecaster, pl.DataFrame]:
    forecaster = rich_forecaster().fit(TABLE)
    return forecaster, forecaster.backtest()


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_of_a_table_gives_the_same_forecasts(
    source: str, truth: tuple[Forecaster, pl.DataFrame], tmp_path: Path
):
    forecaster, expected = truth
    given = SOURCES[source](TABLE, tmp_path)
    again = rich_forecaster().fit(given)
    forecast = again.backtest()
    assert (quantiles_of(forecast) == quantiles_of(expected)).all()
    assert forecast["time"].dt.cast_time_unit("us").equals(expected["time"])
    assert (quantiles_of(forecaster.backtest(given)) == quantiles_of(expected)).all()


def test_stamps_with_a_zone_from_pandas_and_polars():
    zoned = TABLE.with_columns(pl.col("time").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo"))
    frame = to_pandas(TABLE)
    frame["time"] = frame["time"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    expected = rich_forecaster().fit(zoned).backtest()
    forecast = rich_forecaster().fit(frame).backtest()
    assert (quantiles_of(forecast) == quantiles_of(expected)).all()
    assert str(forecast["time"].dtype.time_zone) == "Asia/Tokyo"  # type: ignore[attr-defined]
    assert (
        forecast["time"].dt.convert_time_zone("UTC").to_list()
        == expected["time"].dt.convert_time_zone("UTC").to_list()
    )


def test_numbers_of_any_type_are_the_same_numbers():
    """Whole numbers as integers, floats or booleans of the target."""
    table = TABLE.select("time", y=(PLACE * 7 % 5), heat=(PLACE % 6))
    expected = small_forecaster(known=["heat"]).fit(table).backtest()
    for kind in (pl.Int8, pl.UInt16, pl.Float32, pl.Float64, pl.Decimal(10, 2)):
        changed = table.with_columns(pl.col("y", "heat").cast(kind))
        forecast = small_forecaster(known=["heat"]).fit(changed).backtest()
        assert (quantiles_of(forecast) == quantiles_of(expected)).all()


def test_a_boolean_target_is_zeros_and_ones():
    table = TABLE.select("time", y=(PLACE % 5 < 2))
    forecast = small_forecaster().fit(table).backtest()
    as_numbers = small_forecaster().fit(table.with_columns(pl.col("y").cast(pl.Float64))).backtest()
    assert (quantiles_of(forecast) == quantiles_of(as_numbers)).all()


class TestCovariates:
    """What a covariate may be."""

    def fit(self, **columns: Any) -> tuple[Forecaster, pl.DataFrame]:
        table = hourly_table(260).select("time", "y").with_columns(**columns)
        return small_forecaster(known=list(columns)).fit(table), table

    def test_a_constant_one_moves_nothing_and_is_reported(self):
        forecaster, table = self.fit(flat=pl.lit(5))
        kinds = [finding.kind for finding in forecaster.fitted.panel.findings]
        assert "constant_in_training" in kinds
        other = table.with_columns(flat=pl.lit(-1e9))
        assert (quantiles_of(forecaster.backtest(other)) == quantiles_of(forecaster.backtest())).all()

    def test_one_that_is_constant_in_training_alone_stays_without_effect(self):
        forecaster, _ = self.fit(late=pl.when(PLACE < 250).then(1.5).otherwise(1e6 * PLACE))
        assert forecaster.fitted.splits[0].train_end < 250
        assert np.isfinite(quantiles_of(forecaster.backtest())).all()
        same, _ = self.fit(late=pl.lit(1.5))
        assert (quantiles_of(forecaster.backtest()) == quantiles_of(same.backtest())).all()

    def test_a_boolean_that_is_false_in_training(self):
        forecaster, _ = self.fit(strike=PLACE >= 250)
        assert np.isfinite(quantiles_of(forecaster.backtest())).all()

    def test_a_text_that_training_never_saw_says_nothing(self):
        forecaster, table = self.fit(word=pl.when(PLACE % 2 == 0).then(pl.lit("a")).otherwise(pl.lit("b")))
        one = forecaster.backtest(table.with_columns(word=pl.lit("never")))
        other = forecaster.backtest(table.with_columns(word=pl.lit("seen")))
        assert (quantiles_of(one) == quantiles_of(other)).all()
        for embedding in (forecaster.model.network.embed_past, forecaster.model.network.embed_future):
            for tensor in embedding.state_dict().values():
                assert (tensor[0] == 0).all()
                assert (tensor[1:] != 0).all()

    def test_a_text_moves_the_forecast(self):
        pattern = PLACE // 7 % 2 == 0
        word = pl.when(pattern).then(pl.lit("high")).otherwise(pl.lit("low"))
        table = (
            hourly_table(400)
            .select("time", word=word)
            .with_columns(y=10 * (pl.col("word") == "high") + 0.1 * (PLACE % 5))
        )
        forecaster = small_forecaster(known=["word"]).fit(table)
        forecast = forecaster.backtest()
        assert_allclose(forecast["ridge"].to_numpy(), forecast["target"].to_numpy(), atol=1)

    def test_a_covariate_of_only_missing_values(self):
        forecaster, table = self.fit(none=pl.lit(None, dtype=pl.Float64))
        assert np.isfinite(quantiles_of(forecaster.predict(table))).all()

    def test_stamps_and_lists_are_refused(self):
        with pytest.raises(ColumnError, match="'when'"):
            self.fit(when=pl.col("time"))


class TestFuture:
    """The known future: trailing rows of the table, or a table of its own."""

    END = 200

    @pytest.fixture
    def past(self, hourly: pl.DataFrame) -> pl.DataFrame:
        return hourly[: self.END]

    @pytest.fixture
    def future(self, hourly: pl.DataFrame) -> pl.DataFrame:
        return hourly[self.END :].drop("y", *PAST)

    def test_both_ways_agree(
        self, rich: Forecaster, hourly: pl.DataFrame, past: pl.DataFrame, future: pl.DataFrame
    ):
        trailing = hourly.with_columns(
            pl.when(self.END > PLACE).then(pl.col(name)).otherwise(None).alias(name) for name in ("y", *PAST)
        )
        expected = rich.predict(trailing)
        assert rich.predict(past, future).equals(expected)
        assert rich.predict(past, future.sample(fraction=1, shuffle=True, seed=2)).equals(expected)
        assert rich.predict(past, hourly[self.END :]).equals(expected)  # its target is left out
        assert rich.predict(past, to_pandas(future)).equals(expected)
        text = pl.col("time").dt.strftime("%Y-%m-%d %H:%M")
        assert rich.predict(past, future.with_columns(text)).equals(expected)

    def test_targets_of_the_future_are_not_read(
        self, rich: Forecaster, past: pl.DataFrame, hourly: pl.DataFrame
    ):
        spoilt = hourly[self.END :].with_columns(y=pl.lit(1e9))
        assert rich.predict(past, spoilt).equals(rich.predict(past, hourly[self.END :]))

    def test_a_missing_future_names_the_first_step(
        self, rich: Forecaster, past: pl.DataFrame, hourly: pl.DataFrame
    ):
        first = hourly["time"][self.END]
        message = f"The known covariate 'heat' has no value at {first}, one of the 6 steps to forecast"
        with pytest.raises(DataError, match=message):
            rich.predict(past)

    def test_a_future_that_is_too_short(self, rich: Forecaster, past: pl.DataFrame, future: pl.DataFrame):
        for length in (1, HORIZON - 1):
            with pytest.raises(DataError, match=f"no value at {future['time'][length]}, one of the 6 steps"):
                rich.predict(past, future[:length])
        assert rich.predict(past, future[:HORIZON]).height == HORIZON

    def test_a_future_that_begins_too_late(self, rich: Forecaster, past: pl.DataFrame, future: pl.DataFrame):
        with pytest.raises(DataError, match=f"no value at {future['time'][0]}"):
            rich.predict(past, future[2:])

    @pytest.mark.parametrize("name", ["heat", "holiday", "sky"])
    def test_one_value_is_missing(
        self, rich: Forecaster, past: pl.DataFrame, future: pl.DataFrame, name: str
    ):
        gappy = future.with_columns(pl.when(PLACE == 3).then(None).otherwise(pl.col(name)).alias(name))
        with pytest.raises(DataError, match=f"'{name}' has no value at {future['time'][3]}"):
            rich.predict(past, gappy)

    def test_what_training_lacked_the_future_may_lack(
        self, hourly: pl.DataFrame, past: pl.DataFrame, future: pl.DataFrame
    ):
        gone = [
            pl.when(PLACE % 10 == 3).then(None).otherwise(pl.col(name)).alias(name)
            for name in ("heat", "holiday", "sky")
        ]
        forecaster = rich_forecaster().fit(hourly.with_columns(gone))
        forecast = forecaster.predict(past.with_columns(gone), future.with_columns(gone))
        assert np.isfinite(quantiles_of(forecast)).all()

    def test_the_series_is_named(self, several: Forecaster, stacked: pl.DataFrame):
        parts = {part["series"][0]: part for part in stacked.partition_by("series")}
        past = pl.concat([part[:200] for part in parts.values()])
        future = pl.concat([parts["a"][200:210], parts["b"][200:203], parts["c"][200:210]]).drop("y", "load")
        with pytest.raises(DataError, match="'heat' of series 'b' has no value at"):
            several.predict(past, future)

    def test_a_future_without_a_column(self, rich: Forecaster, past: pl.DataFrame, future: pl.DataFrame):
        with pytest.raises(
            DataError, match="The table of the future lacks the column 'sky'; it has time, heat"
        ):
            rich.predict(past, future.drop("sky"))

    def test_a_future_that_overlaps_the_past(
        self, rich: Forecaster, past: pl.DataFrame, hourly: pl.DataFrame
    ):
        future = hourly.drop("y", *PAST)
        with pytest.raises(DataError, match="2 rows of the future repeat a step of the past, the first at"):
            rich.predict(past, future[self.END - 2 :])
        with pytest.raises(DataError, match=f"1 row of the future repeats .* at {past['time'][-1]}:"):
            rich.predict(past, future[self.END - 1 :])

    def test_another_series_may_be_known_further(self, several: Forecaster, stacked: pl.DataFrame):
        parts = {part["series"][0]: part for part in stacked.partition_by("series")}
        past = pl.concat([parts["a"][:210], parts["b"][:200], parts["c"][:200]])
        future = pl.concat([parts["a"][210:230], parts["b"][200:230], parts["c"][200:230]]).drop("y", "load")
        forecast = several.predict(past, future)
        first = forecast.filter(pl.col("step") == 1)["time"].to_list()
        assert first == [parts["a"]["time"][210], parts["b"]["time"][200], parts["c"]["time"][200]]

    def test_a_future_of_other_stamps(self, rich: Forecaster, past: pl.DataFrame, future: pl.DataFrame):
        zoned = future.with_columns(pl.col("time").dt.replace_time_zone("UTC"))
        with pytest.raises(DataError, match="past and of the future do not fit together"):
            rich.predict(past, zoned)

    def test_a_future_of_other_types(self, rich: Forecaster, past: pl.DataFrame, future: pl.DataFrame):
        with pytest.raises(ColumnError, match="'heat' held numbers in training, but now it holds text"):
            rich.predict(past, future.with_columns(pl.col("heat").cast(pl.String)))

    def test_without_known_covariates_no_future_is_needed(self, hourly: pl.DataFrame):
        forecaster = small_forecaster().fit(hourly)
        assert forecaster.predict(hourly).height == HORIZON
