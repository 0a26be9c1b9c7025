"""`elman fit tag` and the commands that use its run, on a small column file and on a table."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from command_line import Outcome, snapshot

from elman.tasks.registry import runs_of
from elman.tasks.settings import read_settings
from elman.training.run import RunDirectory

Elman = Callable[..., Outcome]

SMALL = "hidden_size = 6\nevaluate_every = 4\nnum_steps = 12\nlearning_rate = 0.02\n"


def sentences(num: int = 40) -> str:
    """Names of people and places among other words."""
    generator = random.Random(0)
    people, places = ["Anna", "Bert", "Carla"], ["Oslo", "Rome"]
    lines = []
    for _ in range(num):
        lines += [f"{generator.choice(people)} B-PER", "went O", "to O"]
        lines += [f"{generator.choice(places)} B-LOC", *["city I-LOC"] * generator.randint(0, 1), ""]
    return "\n".join(lines)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `names.conll` and `small.toml`, the current one."""
    (tmp_path / "names.conll").write_text(sentences())
    (tmp_path / "small.toml").write_text(SMALL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


FIT = ("fit", "tag", "names.conll", "--config", "small.toml", "--quiet")


def test_a_run_from_the_first_fit_to_the_last_report(elman: Elman, place: Path):
    fitted = elman(*FIT, "--out", "run")
    assert (fitted.code, fitted.err) == (0, "")
    assert fitted.out.splitlines()[1].split()[:3] == ["tagger", "token", "accuracy"]
    assert "most frequent tag of the symbol" in fitted.out
    assert read_settings(place / "run" / "config.toml")["data"] == str(place / "names.conll")

    evaluated = elman("evaluate", "run")
    assert fitted.out.startswith(evaluated.out)
    assert elman("evaluate", "run", "--part", "validation").out.startswith("validation part")
    whole = elman("evaluate", "run", "--data", "names.conll")
    steps = sum(bool(line) for line in sentences().split("\n"))
    assert whole.out.startswith(f"test part, {steps} steps")

    page = (place / "run" / "report.html").read_bytes()
    assert b"Hardest sequences" in page
    assert b"<h1>names: the tag of every step</h1>" in page
    assert b"Spans by type" in page
    assert elman("report", "run", "--out", "again.html").code == 0
    assert (place / "again.html").read_bytes() == page


def test_prediction_adds_two_columns(elman: Elman, place: Path):
    assert elman(*FIT, "--out", "run").code == 0
    result = elman("predict", "run", "names.conll", "--out", "tagged.csv")
    tagged = pl.read_csv(place / "tagged.csv")
    steps = [line for line in sentences().split("\n") if line]
    tags = tagged["tag"].n_unique()
    assert result.out == f"{len(steps)} steps, {tags} different tags: tagged.csv\n"
    assert tagged.columns == ["sequence", "column_1", "column_2", "tag", "probability"]
    assert [f"{a} {b}" for a, b in tagged.select("column_1", "column_2").rows()] == steps


def test_the_same_settings_give_the_same_bits(elman: Elman, place: Path):
    assert elman(*FIT, "--out", "one").code == 0
    assert elman("fit", "tag", "--config", "one/config.toml", "--out", "two", "--quiet").code == 0
    for name in ("config.toml", "model.safetensors"):
        assert (place / "two" / name).read_bytes() == (place / "one" / name).read_bytes()


def test_finished_run_can_be_resumed_and_changed_data_are_refused(elman: Elman, place: Path):
    assert elman(*FIT, "--out", "run").code == 0
    model = (place / "run" / "model.safetensors").read_bytes()
    assert elman("fit", "tag", "--resume", "--out", "run", "--quiet").code == 0
    assert (place / "run" / "model.safetensors").read_bytes() == model
    (place / "names.conll").write_text(sentences(41))
    before = snapshot(place / "run")
    result = elman("fit", "tag", "--resume", "--out", "run")
    assert result.code == 2
    assert "The table has changed since run was begun" in result.err
    assert snapshot(place / "run") == before


def test_table_of_numbers_with_files_of_their_own_to_tune_and_judge(elman: Elman, place: Path):
    generator = random.Random(1)
    for name in ("train", "tune", "judge"):
        rows = [(s, t, generator.gauss(0, 1)) for s in range(12) for t in range(5)]
        table = pl.DataFrame(rows, schema=["id", "at", "x"], orient="row")
        table.with_columns(up=pl.col("x") > 0).write_csv(place / f"{name}.csv")
    named = ("--label", "up", "--sequence", "id", "--order", "at", "--features", "x")
    held_out = ("--validation-data", "tune.csv", "--test-data", "judge.csv", "--validation", "0.2")
    options = (
        *named,
        *held_out,
        "--stream",
        "--class-weights",
        "balanced",
        "--config",
        "small.toml",
        "--quiet",
    )
    result = elman("fit", "tag", "train.csv", *options, "--out", "run")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("test part, 60 steps")
    assert "macro F1" in result.out
    assert "linear, each step alone" in result.out
    stream = runs_of(RunDirectory("run")).stream(RunDirectory("run"))
    assert stream.push({"id": 1, "x": "0.5"}).columns == ["id", "tag", "probability"]
    assert elman("evaluate", "run").out == "\n".join(result.out.splitlines()[:-1]) + "\n"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", (), "is empty: it holds no line with a step"),
        ("a X\nb\n", (), "line 2: expected 2 fields as in line 1, got 1"),
        ("a X\n\nb X\n\nc X\n", (), "holds the one label 'X'"),
        ("a X\nb Y\n", (), "There is 1 sequence, too few"),
        (None, ("--label", "tag"), "The table has no column 'tag' for `label`"),
        (None, ("--features", "column_1"), "'column_1' must hold numbers"),
        (None, ("--test", "1.5"), "`test` must be a share in [0, 1)"),
        (None, ("--class-weights", "even"), "`class_weights` must be one of 'none', 'balanced'"),
        (None, ("--cell", "lstmm"), "`cell` must be one of"),
        (None, ("--symbols", "column_2"), "'column_2'"),
    ],
)
def test_mistakes_end_with_one_message(
    elman: Elman, place: Path, content: str | None, options: tuple[str, ...], message: str
):
    if content is not None:
        (place / "names.conll").write_text(content)
    result = elman(*FIT, *options, "--out", "run")
    assert result.code == 2
    assert result.err.startswith("elman: ")
    assert message in result.err
    assert not (place / "run").exists()


def test_binary_file_and_folder_and_none(elman: Elman, place: Path):
    (place / "names.conll").write_bytes(b"\x7fELF\x00\x00")
    assert "is no text: it holds zero bytes" in elman(*FIT, "--out", "run").err
    assert "is a directory" in elman("fit", "tag", ".", "--out", "run").err
    assert "There is no file" in elman("fit", "tag", "none.conll", "--out", "run").err


def test_stream_of_a_tagger_of_both_directions_is_refused(elman: Elman, place: Path):
    assert elman(*FIT, "--out", "run").code == 0
    result = elman("predict", "run", "names.conll", "--future", "names.conll", "--out", "x.csv")
    assert "A tagger has no use for --future" in result.err
    assert json.loads((place / "run" / "evaluation.json").read_text())["spans"][0]["type"] == "all"


def test_a_cut_gradient_in_bounded_memory_is_written_down_and_looked_at(elman: Elman, place: Path):
    longer = SMALL.replace("num_steps = 12", "num_steps = 52")
    (place / "small.toml").write_text(longer)
    own = ("--stream", "--through-time", "tbptt:2", "--memory", "32MB")
    assert elman(*FIT, *own, "--out", "run").code == 0
    settings = read_settings(place / "run" / "config.toml")
    assert (settings["through_time"], settings["memory"]) == ("tbptt:2", "32MB")
    looks = [json.loads(line) for line in (place / "run" / "gradients.jsonl").read_text().splitlines()]
    assert [look["step"] for look in looks] == [50]
    page = (place / "run" / "report.html").read_text()
    assert "Gradient flow" in page
    assert "an epoch" in page
    assert elman("report", "run", "--out", "again.html").code == 0
    assert (place / "again.html").read_text() == page
    report = json.loads((place / "run" / "evaluation.json").read_text())
    # 32 of the 32 sequences of the training part at each of 52 steps: 40, less a tenth for each other part.
    assert report["seconds_per_epoch"] == pytest.approx(report["seconds"] / 52)
    assert elman("fit", "tag", "--resume", "--out", "run", "--quiet").code == 0


def test_a_cut_of_both_directions_is_refused(elman: Elman, place: Path):
    result = elman(*FIT, "--through-time", "tbptt:2", "--out", "run")
    assert result.code == 2
    assert "reads from both ends" in result.err
    assert not (place / "run").exists()
