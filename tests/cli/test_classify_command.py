"""`elman fit classify` and what is done with its run; every mistake ends with one message."""

import io
import json
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from command_line import Outcome

from elman.data.ts_file import read_ts

Elman = Callable[..., Outcome]
FIT = ("fit", "classify")
COLUMNS = ("--id", "who", "--order", "t", "--label", "class", "--group", "house")
SMALL = ("--hidden-size", "4", "--steps", "6", "--batch-size", "8", "--quiet")


def steps(number: int = 40) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    parts = []
    for at in range(number):
        length = int(draw.integers(2, 9))
        kind = ("flat", "steep")[at % 2]
        values = draw.normal(0, 1, length) + np.arange(length) * (at % 2)
        rows = {"who": [f"s{at}"] * length, "house": [at // 2] * length, "t": range(length)}
        parts.append(pl.DataFrame({**rows, "x": values, "class": [kind] * length}))
    return pl.concat(parts)


@pytest.fixture
def place_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elman: Elman) -> Path:
    """A folder with `steps.csv` and the finished run `run`, as the current one."""
    monkeypatch.chdir(tmp_path)
    steps().write_csv("steps.csv")
    result = elman(*FIT, "steps.csv", *COLUMNS, *SMALL, "--out", "run")
    assert result.code == 0, result.err
    assert result.out.splitlines()[0] == "test part, 8 sequences"
    return tmp_path


def test_run_is_used_by_the_other_commands(place_: Path, elman: Elman):
    first = elman("evaluate", "run")
    saved = json.loads(Path("run/evaluation.json").read_text())["scores"]
    assert first.code == 0
    assert f"{saved[0]['rows'][0]['metrics']['accuracy']:.4g}" in first.out.splitlines()[3]
    assert elman("evaluate", "run", "--part", "validation").out.startswith("validation part, 8 sequences")
    assert elman("evaluate", "run", "--data", "steps.csv").out.startswith("other part, 40 sequences")
    steps().drop("class", "house").write_csv("new.csv")
    told = elman("predict", "run", "new.csv", "--out", "given.csv")
    assert (told.code, told.out) == (0, "40 sequences: given.csv\n")
    given = pl.read_csv("given.csv")
    assert given.columns == ["id", "length", "predicted", "p(flat)", "p(steep)"]
    np.testing.assert_allclose(given["p(flat)"] + given["p(steep)"], 1, rtol=1e-9)
    page = Path("run/report.html").read_bytes()
    Path("run/report.html").unlink()
    assert elman("report", "run").code == 0
    assert Path("run/report.html").read_bytes() == page


def test_resumed_run_ends_with_the_same_model(place_: Path, elman: Elman):
    model = Path("run/model.safetensors").read_bytes()
    Path("run/model.safetensors").unlink()
    assert elman("predict", "run", "steps.csv", "--out", "given.csv").code == 2
    assert elman(*FIT, "--resume", "--out", "run", "--quiet").code == 0
    assert Path("run/model.safetensors").read_bytes() == model
    steps(38).write_csv("steps.csv")
    refused = elman(*FIT, "--resume", "--out", "run", "--quiet")
    assert refused.code == 2
    assert "has changed since run was begun" in refused.err


def test_ts_files_are_read_and_judged_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elman: Elman):
    monkeypatch.chdir(tmp_path)
    head = "@problemName Toy\n@classLabel true 1 2\n@data\n"
    lines = [f"{','.join(['1', '?', '2'][: 1 + at % 3])}:{at % 2},3:{1 + at % 2}\n" for at in range(20)]
    Path("toy_TRAIN.ts").write_text(head + "".join(lines))
    Path("toy_TEST.ts").write_text(head + "".join(lines[:6]))
    assert len(read_ts(Path("toy_TRAIN.ts"))) == 20
    result = elman(*FIT, "toy_TRAIN.ts", "--test-data", "toy_TEST.ts", *SMALL, "--out", "run")
    assert result.code == 0, result.err
    assert result.out.startswith("test part, 6 sequences")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.csv"], "There is no file"),
        (["empty.csv"], "is empty"),
        (["binary.ts"], "is no text: it holds zero bytes"),
        (["hollow"], "holds no files"),
        (["one class.csv"], "There must be two classes or more to tell apart, but all are 'flat'"),
        (["no label.csv"], "There is no column 'class'"),
        (["some labels.csv"], "20 sequences have no label"),
        (["steps.csv", "--id", "whom"], "There is no column 'whom'"),
        (["steps.csv", "--feature", "house"], "'house' is given two parts"),
        (["steps.csv", "--pooling", "sum"], "`pooling` must be one of"),
        (["steps.csv", "--order", "class"], "is given two parts"),
        (["one house.csv"], "too few to split: more groups"),
        (["steps.csv", "--test-data", "other channel.csv"], "The test data have the channels ['z']"),
        (["steps.csv", "--test-data", "steps.csv"], "is in the test data and in the others"),
        (["steps.csv", "--cell", "lstn"], "`cell` must be one of"),
    ],
)
def test_mistake_ends_with_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elman: Elman, arguments: list[str], message: str
):
    monkeypatch.chdir(tmp_path)
    whole = steps()
    half = pl.when(pl.col("house") < 10).then(None).otherwise("class").alias("class")
    tables = {
        "steps": whole,
        "one class": whole.with_columns(pl.lit("flat").alias("class")),
        "no label": whole.drop("class"),
        "some labels": whole.with_columns(half),
        "one house": whole.with_columns(house=pl.lit(1)),
        "other channel": whole.rename({"x": "z"}),
    }
    for name, table in tables.items():
        table.write_csv(f"{name}.csv")
    Path("empty.csv").write_bytes(b"")
    Path("binary.ts").write_bytes(bytes(range(256)))
    Path("hollow").mkdir()
    result = elman(*FIT, arguments[0], *COLUMNS, *SMALL, *arguments[1:], "--out", "run")
    assert result.code == 2
    assert message in result.err
    assert result.err.startswith("elman: ")
    assert not Path("run").exists()


def test_run_knows_its_files_from_anywhere(place_: Path, elman: Elman, monkeypatch: pytest.MonkeyPatch):
    Path("files").mkdir()
    Path("tested").mkdir()
    for folder in ("files", "tested"):
        for at in range(20):
            Path(folder, f"{at}.csv").write_text("x\n" + "\n".join(map(str, range(at % 2, 9, 1 + at % 2))))
    pl.DataFrame({"file": [f"{at}.csv" for at in range(20)], "kind": ["a", "b"] * 10}).write_csv("kinds.csv")
    named = ("--id", "file", "--label", "kind", "--labels", "kinds.csv", "--test-data", "tested")
    result = elman(*FIT, "files", *named, *SMALL, "--out", "of_files")
    assert result.code == 0, result.err
    settings = tomllib.loads(Path("of_files/config.toml").read_text())
    assert {name: settings[name] for name in ("data", "labels", "test_data")} == {
        "data": str(place_ / "files"),
        "labels": str(place_ / "kinds.csv"),
        "test_data": str(place_ / "tested"),
    }
    monkeypatch.chdir("of_files")
    assert elman("evaluate", "../of_files").out.startswith("test part, 20 sequences")


def test_gradient_is_cut_or_bounded(place_: Path, elman: Elman):
    forward = ("--unidirectional", "--pooling", "last", "--through-time", "tbptt:3", "--memory", "8MB")
    result = elman(*FIT, "steps.csv", *COLUMNS, *SMALL, *forward, "--out", "cut")
    assert result.code == 0, result.err
    settings = tomllib.loads(Path("cut/config.toml").read_text())
    assert (settings["through_time"], settings["memory"]) == ("tbptt:3", "8MB")
    assert elman("evaluate", "cut").code == 0
    for arguments, message in [
        (("--through-time", "tbptt:3"), "but this network reads from both ends"),
        (("--through-time", "rtrl"), "must be bptt or tbptt:STEPS"),
        (("--memory", "much"), "`memory` must be a size"),
        (("--memory", "9kB"), "`memory` is too small"),
    ]:
        refused = elman(*FIT, "steps.csv", *COLUMNS, *SMALL, *arguments, "--out", "refused")
        assert refused.code == 2
        assert message in refused.err


@pytest.fixture
def answer(
    elman: Elman, place_: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, list[str]], Outcome]:
    """Call `elman stream RUN` with lines on standard input, in a folder with a run `forward` that can."""
    made = elman(*FIT, "steps.csv", *COLUMNS, *SMALL, "--unidirectional", "--out", "forward")
    assert made.code == 0, made.err

    def call(run: str, lines: list[str]) -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\n".join(lines).encode())))
        return elman("stream", run)

    return call


def test_stream_ends_with_what_predict_says(answer: Callable[[str, list[str]], Outcome], elman: Elman):
    table = steps(6).drop("class", "house")
    table.write_csv("new.csv")
    assert elman("predict", "forward", "new.csv", "--out", "given.csv").code == 0
    given = pl.read_csv("given.csv")
    told = answer("forward", Path("new.csv").read_text().splitlines())
    assert told.code == 0, told.err
    answers = pl.read_csv(told.out.encode())
    assert answers.columns == ["who", "step", "predicted", "p(flat)", "p(steep)"]
    assert answers.height == table.height
    last = answers.group_by("who", maintain_order=True).last()
    assert last["who"].to_list() == given["id"].to_list()
    assert last["step"].to_list() == given["length"].to_list()
    assert last["predicted"].to_list() == given["predicted"].to_list()
    # float32: the mean of at most 8 outputs, summed in another order.
    np.testing.assert_allclose(last["p(flat)"], given["p(flat)"], atol=1e-5)


def test_stream_names_what_it_cannot_use(answer: Callable[[str, list[str]], Outcome]):
    lines = ["who,x,t", "s,1.5,0", "s,high,1", "s,,2"]
    told = answer("forward", lines)
    assert told.code == 0
    assert [line.split(",")[:2] for line in told.out.splitlines()[1:]] == [["s", "1"], ["s", "2"]]
    assert "line 3: 'x' must be a number such as 3.5, but it is 'high'" in told.err
    of_json = answer("forward", ['{"who": "s", "x": 1.5}', '{"who": "s"}'])
    assert [json.loads(line)["step"] for line in of_json.out.splitlines()] == [1, 2]
    refused = answer("run", lines)
    assert refused.code == 2
    assert "reads sequences from both ends, and a stream has no end" in refused.err
