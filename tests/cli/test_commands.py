"""The four commands, one after another, on a small table."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from command_line import FIT, STEPS, Outcome, fit_options, snapshot, table

from elman.tasks.settings import read_settings

Elman = Callable[..., Outcome]

RESULTS = {
    "config.toml",
    "evaluation.json",
    "forecasts.csv",
    "forecasts.parquet",
    "history.parquet",
    "metrics.jsonl",
    "model.safetensors",
    "report.html",
    "state.safetensors",
    "table.json",
}


def test_run_holds_what_it_promises(finished: Path):
    run = finished / "run"
    assert {path.name for path in run.iterdir()} == RESULTS
    assert read_settings(run / "config.toml")["known"] == ["Temp"]
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [3, 6, 9, 12]
    forecasts = pl.read_parquet(run / "forecasts.parquet")
    assert pl.read_csv(run / "forecasts.csv").height == forecasts.height > 0
    assert {"origin", "time", "step", "target", "q0.5", "ridge"} <= set(forecasts.columns)


def test_quiet_fit_prints_scores_and_the_report_only(elman: Elman, place: Path):
    result = elman(*fit_options(place / "table.csv", place / "quiet"), "--quiet")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].startswith("test part, ")
    assert lines[1].split()[:2] == ["forecaster", "MASE"]
    assert lines[-1] == f"report: {place / 'quiet' / 'report.html'}"
    assert not any(line.startswith(("note:", "warning:")) for line in lines)


def test_config_repeats_the_run_bit_for_bit(elman: Elman, place: Path):
    assert elman(*FIT, "--config", "run/config.toml", "--out", "again").code == 0
    for name in ("model.safetensors", "config.toml", "forecasts.parquet"):
        assert (place / "again" / name).read_bytes() == (place / "run" / name).read_bytes()


def test_command_line_comes_before_the_config(elman: Elman, place: Path):
    arguments = [*FIT, "--config", "run/config.toml", "--seed", 7, "--test", 8, "--quantile", 0.5]
    assert elman(*arguments, "--out", "other").code == 0
    before, after = (read_settings(place / run / "config.toml") for run in ("run", "other"))
    assert after == {**before, "seed": 7, "test": 8, "quantiles": [0.5]}
    assert (place / "other/model.safetensors").read_bytes() != (place / "run/model.safetensors").read_bytes()


def test_overwriting_replaces_the_run_and_nothing_else(elman: Elman, place: Path):
    (place / "run" / "notes.txt").write_text("mine")
    before = snapshot(place / "run")
    assert elman(*FIT, "--config", "run/config.toml", "--seed", 7, "--out", "run", "--overwrite").code == 0
    after = snapshot(place / "run")
    assert after.keys() == before.keys() == RESULTS | {"notes.txt"}
    assert after["notes.txt"] == b"mine"
    assert after["model.safetensors"] != before["model.safetensors"]


def test_finished_run_can_be_resumed_and_stays_as_it_is(elman: Elman, place: Path):
    before = snapshot(place / "run")
    assert elman(*FIT, "--resume", "--out", "run", "--seed", 0, "--known", "Temp").code == 0
    after = snapshot(place / "run")
    assert {name for name in after if after[name] != before.get(name)} <= {"report.html", "evaluation.json"}


def test_evaluation_repeats_the_scores_of_the_fit(elman: Elman, place: Path):
    scores = json.loads((place / "run" / "evaluation.json").read_text())["scores"]
    for table_, part in zip(scores, ["test", "validation"], strict=True):
        result = elman("evaluate", "run", "--part", part)
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith(f"{part} part, {table_['num_origins']} forecasts\n")
        for row in table_["rows"]:
            (line,) = [one for one in result.out.splitlines()[3:] if one.startswith(row["model"] + "  ")]
            assert f"{row['metrics']['MASE']:.4g}" in line.split()
        assert result.out.endswith("\n".join([*table_["verdict"], ""]))


def test_evaluation_on_another_table(elman: Elman, place: Path):
    other = table(400).with_columns(Demand=pl.col("Demand") * 3)
    other.write_parquet(place / "other.parquet")
    result = elman("evaluate", "run", "--data", "other.parquet")
    assert result.code == 0
    assert result.out != elman("evaluate", "run").out


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".CSV"])
def test_prediction_with_the_future_in_the_table(elman: Elman, place: Path, suffix: str):
    last = pl.when(pl.int_range(pl.len()) < 300).then("Demand")
    table(304).with_columns(Demand=last).write_csv(place / "new.csv")
    result = elman("predict", "run", "new.csv", "--out", f"forecast{suffix}")
    assert (result.code, result.out, result.err) == (0, f"4 rows, 1 series: forecast{suffix}\n", "")
    read = pl.read_parquet if suffix == ".parquet" else pl.read_csv
    forecast = read(place / f"forecast{suffix}")
    assert forecast["step"].to_list() == [1, 2, 3, 4]
    assert forecast["q0.5"].is_finite().all()
    assert str(forecast["time"][0]).startswith("2024-01-13")


def test_prediction_with_the_future_beside_the_table(elman: Elman, place: Path):
    last = pl.when(pl.int_range(pl.len()) < 300).then("Demand")
    table(304).with_columns(Demand=last).write_csv(place / "both.csv")
    table(304).tail(4).drop("Demand").write_csv(place / "future.csv")
    assert elman("predict", "run", "both.csv", "--out", "one.csv").code == 0
    assert elman("predict", "run", "table.csv", "--future", "future.csv", "--out", "two.csv").code == 0
    assert (place / "one.csv").read_bytes() == (place / "two.csv").read_bytes()


def test_report_is_drawn_again_byte_for_byte(elman: Elman, place: Path):
    drawn = (place / "run" / "report.html").read_bytes()
    (place / "run" / "report.html").unlink()
    result = elman("report", "run")
    assert (result.code, result.out) == (0, "report: run/report.html\n")
    assert elman("report", "run", "--out", "elsewhere.html").code == 0
    assert (place / "run" / "report.html").read_bytes() == drawn == Path("elsewhere.html").read_bytes()


def test_version(elman: Elman):
    result = elman("--version")
    assert result.code == 0
    assert result.out.startswith("elman ")


def test_plain_lines_where_there_is_no_terminal(elman: Elman, place: Path):
    result = elman(*fit_options(place / "table.csv", place / "plain"))
    assert result.code == 0
    lines = result.err.splitlines()
    steps = [line for line in lines if line.startswith("step ")]
    assert [line.split()[1] for line in steps] == [f"{step}/{STEPS}" for step in (3, 6, 9, 12)]
    assert all(" loss " in line and " validation " in line and line.endswith(" left") for line in steps)
    assert ", best so far" in steps[0]
    assert "\x1b" not in result.err
    assert "\r" not in result.err
