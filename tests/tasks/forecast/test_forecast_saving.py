"""What is saved forecasts the same after it was loaded, whatever it was made of."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from forecast_tables import (
    KNOWN,
    PAST,
    assert_same_model,
    hourly_table,
    plain_table,
    quantiles_of,
    rich_forecaster,
    small_forecaster,
    small_options,
    stacked_table,
)

from elman.cells import ElmanCell
from elman.errors import ColumnError, DataError, OptionError, RunError
from elman.tasks import Forecaster, ForecastOptions
from elman.training import TrainingOptions, read_tensors, write_tensors


def saved(forecaster: Forecaster, folder: Path) -> Forecaster:
    forecaster.save(folder / "model.safetensors")
    return Forecaster.load(folder / "model.safetensors")


def assert_same_forecasts(one: Forecaster, other: Forecaster, table: pl.DataFrame, **parts: Any) -> None:
    for method in ("predict", "backtest"):
        mine, theirs = (getattr(forecaster, method)(table, **parts) for forecaster in (one, other))
        assert mine.equals(theirs)
        assert mine.schema == theirs.schema


def blank_end(table: pl.DataFrame, num_steps: int = 40) -> pl.DataFrame:
    """Take away the last targets of each series: their covariates are the known future."""
    place = pl.int_range(pl.len()).reverse()
    place = place.over("series") if "series" in table.columns else place
    return table.with_columns(y=pl.when(place < num_steps).then(None).otherwise(pl.col("y")))


def test_one_series_with_covariates_of_every_kind(rich: Forecaster, hourly: pl.DataFrame, tmp_path: Path):
    again = saved(rich, tmp_path)
    assert_same_forecasts(rich, again, blank_end(hourly))
    assert_same_model(rich, again)
    assert again.columns == rich.columns
    assert again.options == rich.options
    assert again.horizon == rich.horizon
    assert again.evaluate(hourly) == rich.evaluate()


def test_several_series_and_one_that_training_never_saw(
    several: Forecaster, stacked: pl.DataFrame, tmp_path: Path
):
    again = saved(several, tmp_path)
    table = pl.concat([stacked, stacked_table(new=hourly_table(200, seed=8))])
    assert_same_forecasts(several, again, blank_end(table))
    assert_same_model(several, again)
    forecast = again.predict(blank_end(table))
    assert forecast["series"].unique(maintain_order=True).to_list() == ["a", "b", "c", "new"]
    assert np.isfinite(quantiles_of(forecast)).all()


def test_a_zone_from_the_options(hourly: pl.DataFrame, tmp_path: Path):
    forecaster = rich_forecaster(time_zone="Europe/Berlin").fit(hourly)
    again = saved(forecaster, tmp_path)
    assert_same_forecasts(forecaster, again, blank_end(hourly))
    assert str(again.predict(blank_end(hourly)).schema["time"]).endswith("time_zone='Europe/Berlin')")


def test_month_ends_and_groups_and_missing_values(tmp_path: Path):
    ends = pl.date_range(pl.date(1990, 1, 1), pl.date(2023, 12, 1), "1mo", eager=True).dt.month_end()
    values = np.random.default_rng(0).normal(size=len(ends)).tolist()
    table = pl.DataFrame(
        {"time": ends, "y": [None if at % 9 == 4 else value for at, value in enumerate(values)]}
    )
    forecaster = small_forecaster(4).fit(table)
    assert_same_forecasts(forecaster, saved(forecaster, tmp_path), table)


EVERY_OPTION = {
    "context": 7,
    "quantiles": (0.05, 0.31, 0.5, 0.975),
    "validation": "1d",
    "test": 30,
    "frequency": "60m",
    "time_zone": "Asia/Kolkata",
    "time_format": "%d.%m.%Y %H:%M",
    "encoding": "windows-1252",
    "cell": "gru",
    "hidden_size": 3,
    "num_layers": 2,
    "dropout": 0.125,
    "batch_size": 5,
    "training": TrainingOptions(
        num_steps=3,
        evaluate_every=1,
        learning_rate=0.01,
        warmup=0.5,
        weight_decay=0.0,
        clip_norm=inf,
        averaging=0.0,
        patience=2,
        recovery="skip",
        max_recoveries=2,
        seed=2**32 - 1,
    ),
    "through_time": "tbptt:3",
    "memory": "64MB",
    "device": "cpu",
}


def test_every_option(hourly: pl.DataFrame, tmp_path: Path):
    assert set(EVERY_OPTION) == {field.name for field in dataclasses.fields(ForecastOptions)}
    defaults, training = ForecastOptions(), TrainingOptions()
    same = {name for name, value in EVERY_OPTION.items() if getattr(defaults, name) == value}
    assert same == {"device"}
    own = dataclasses.asdict(EVERY_OPTION["training"])
    assert not {name for name, value in own.items() if getattr(training, name) == value}
    options = ForecastOptions(**EVERY_OPTION)
    forecaster = Forecaster(horizon=5, time="time", target="y", known=KNOWN, past=PAST, options=options)
    again = saved(forecaster.fit(hourly), tmp_path)
    assert again.options == options
    assert again.model.geometry == forecaster.model.geometry
    assert_same_forecasts(forecaster, again, blank_end(hourly))


def test_no_test_part(tmp_path: Path):
    table = plain_table(np.random.default_rng(0).normal(size=80))
    forecaster = small_forecaster(3, test=0).fit(table)
    again = saved(forecaster, tmp_path)
    assert again.predict(table).equals(forecaster.predict(table))
    with pytest.raises(OptionError, match="There is no test part: the forecaster was fitted with test=0"):
        again.evaluate(table)


def test_a_model_of_another_device_loads_here(rich: Forecaster, hourly: pl.DataFrame, tmp_path: Path):
    rich.save(tmp_path / "model")
    tensors, values = read_tensors(tmp_path / "model")
    values["options"]["device"] = "cuda:7"
    write_tensors(tmp_path / "moved", tensors, values)
    again = Forecaster.load(tmp_path / "moved")
    assert again.options.device == "cpu"
    assert_same_forecasts(rich, again, blank_end(hourly))


def test_after_load_the_table_is_needed_again(rich: Forecaster, tmp_path: Path):
    again = saved(rich, tmp_path)
    for act in (again.evaluate, again.backtest, again.report, lambda: again.fitted):
        with pytest.raises(RunError, match="does not hold its table"):
            act()


def test_nothing_to_save_before_a_fit(tmp_path: Path):
    with pytest.raises(RunError, match="not fitted"):
        small_forecaster().save(tmp_path / "model")


def test_a_cell_that_nothing_names_cannot_be_saved(tmp_path: Path):
    forecaster = small_forecaster(cell=lambda *sizes: ElmanCell(*sizes)).fit(hourly_table(200))
    with pytest.raises(OptionError, match="can be saved if its class is in a file"):
        forecaster.save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_files_that_are_none_of_ours(tmp_path: Path):
    (tmp_path / "text").write_text("no model")
    with pytest.raises(RunError):
        Forecaster.load(tmp_path / "text")
    with pytest.raises(RunError):
        Forecaster.load(tmp_path / "absent")
    write_tensors(tmp_path / "other", {"weight": torch.zeros(1)}, {"something": 1})
    with pytest.raises(RunError):
        Forecaster.load(tmp_path / "other")


class TestOtherTables:
    """Tables that a loaded forecaster was not fitted on."""

    @pytest.mark.parametrize("num_rows", [1, 2, 5, 30])
    def test_shorter_than_the_context(self, rich: Forecaster, hourly: pl.DataFrame, num_rows: int):
        assert rich.model.geometry.context > num_rows
        forecast = rich.predict(hourly[200 : 200 + num_rows], hourly[200 + num_rows :].drop("y", "load"))
        assert np.isfinite(quantiles_of(forecast)).all()
        assert forecast["origin"].to_list() == [hourly["time"][199 + num_rows]] * 6
        assert forecast["time"].to_list() == hourly["time"][200 + num_rows : 206 + num_rows].to_list()

    def test_one_row_of_a_series_that_training_never_saw(self, several: Forecaster):
        rows = stacked_table(new=hourly_table(30, seed=3))
        forecast = several.predict(rows[:1], rows[1:].drop("y", "load"))
        assert np.isfinite(quantiles_of(forecast)).all()

    @pytest.mark.parametrize(("every", "own"), [("1d", "1d"), ("30m", "30m"), ("2h", "2h"), ("1mo", "1mo")])
    def test_another_frequency_is_refused(self, every: str, own: str):
        forecaster = small_forecaster().fit(hourly_table(200))
        stamps = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2031, 1, 1), every, eager=True)[:60]
        table = pl.DataFrame({"time": stamps, "y": np.arange(60.0)})
        message = f"rows of this table are {own} apart, but the forecaster was fitted on steps of 1h"
        for act in (forecaster.predict, forecaster.backtest, forecaster.evaluate):
            with pytest.raises(DataError, match=message):
                act(table)

    def test_other_stamps_are_refused(self):
        forecaster = small_forecaster().fit(hourly_table(200))
        with pytest.raises(DataError, match="1i apart, but the forecaster was fitted on steps of 1h"):
            forecaster.predict(plain_table(np.arange(30.0)))

    def test_gaps_are_no_other_frequency(self):
        forecaster = small_forecaster().fit(hourly_table(200))
        table = hourly_table(200).filter(pl.int_range(pl.len()) % 3 > 0)
        assert np.isfinite(quantiles_of(forecaster.predict(table))).all()
        few = hourly_table(200)[[0, 2, 4]]
        assert np.isfinite(quantiles_of(forecaster.predict(few))).all()

    def test_a_named_frequency_is_taken_at_its_word(self):
        table = hourly_table(200)[::2].select("time", "y")
        forecaster = small_forecaster(frequency="1h").fit(table)
        assert forecaster.predict(table)["time"].diff().drop_nulls().unique().to_list() == [
            timedelta(hours=1)
        ]

    def test_a_missing_column_is_named(self, rich: Forecaster, hourly: pl.DataFrame):
        for name, part in (("load", "past"), ("heat", "known"), ("y", "target"), ("time", "time")):
            with pytest.raises(ColumnError, match=f"The table has no column {part}='{name}'"):
                rich.predict(hourly.drop(name))

    def test_a_column_of_another_type_is_named(self, rich: Forecaster, hourly: pl.DataFrame):
        with pytest.raises(ColumnError, match="'heat' held numbers in training, but now it holds text"):
            rich.predict(blank_end(hourly).with_columns(pl.col("heat").cast(pl.String)))

    def test_the_series_column_is_needed_again(self, several: Forecaster, hourly: pl.DataFrame):
        with pytest.raises(ColumnError, match="no column series='series'"):
            several.predict(hourly)

    def test_unseen_texts_and_more_columns_are_no_error(self, rich: Forecaster, hourly: pl.DataFrame):
        table = blank_end(hourly).with_columns(sky=pl.lit("green"), extra=pl.lit(1))
        assert np.isfinite(quantiles_of(rich.predict(table))).all()


def test_options_are_checked():
    for change, message in {
        "hidden_size": (0, "`hidden_size` must be a whole number, 1 or more, but it is 0"),
        "num_layers": (True, "`num_layers` must be a whole number, 1 or more, but it is True"),
        "batch_size": (2.5, "`batch_size` must be a whole number, 1 or more, but it is 2.5"),
        "dropout": ("much", r"`dropout` must be in \[0, 1\), but it is 'much'"),
        "context": (0, "`context` must be a whole number of steps, 1 or more, but it is 0"),
        "validation": (0, "`validation` must not be 0"),
        "cell": ("grü", "`cell` must be one of"),
        "through_time": ("rtrl", "`through_time` of a forecast must be bptt or tbptt:STEPS, since a window"),
        "memory": ("64 apples", "`memory` must be a size such as"),
        "device": ("abacus", "`device` must be one that can be used here"),
    }.items():
        value, text = message
        with pytest.raises(OptionError, match=text):
            small_options(**{change: value})
