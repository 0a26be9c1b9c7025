"""`elman inspect` on runs of texts, classifiers and taggers: tables, units, pages."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from command_line import Outcome, run_main

from elman.cli.passages import _write
from elman.tasks.language_model import LanguageModel
from elman.tasks.registry import runs_of
from elman.training.run import RunDirectory

Elman = Callable[..., Outcome]

TEXT = "The cat sat on the mat.\nThe dog sat on the log.\n" * 20
TAGS = "".join(f"The DET\n{animal} NOUN\nsleeps VERB\n\n" for animal in ("cat", "dog", "owl") * 10)
STEPS = pl.DataFrame(
    [(f"s{at}", t, t * (at % 2) + at % 3, "ab"[at % 2]) for at in range(40) for t in range(3 + at % 5)],
    schema=["who", "t", "x", "class"],
    orient="row",
)
FITS = {
    "text": ("book.txt", "--segment", "8", "--steps", "8", "--batch-size", "4"),
    "tag": ("tags.conll", "--steps", "6"),
    "classify": ("steps.csv", "--id", "who", "--order", "t", "--label", "class", "--steps", "6"),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run of each task, under its name; do not write to it."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "book.txt").write_text(TEXT)
    (folder / "tags.conll").write_text(TAGS)
    STEPS.write_csv(folder / "steps.csv")
    for task, (data, *options) in FITS.items():
        arguments = [task, str(folder / data), *options, "--hidden-size", "6", "--quiet"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["elman", "fit", *arguments, "--out", str(folder / task)])
            assert run_main() == 0
    return folder


def unit_of(runs: Path, unit: int) -> list[float]:
    model = LanguageModel.load(runs / "text" / "model.safetensors")
    return list(model.follow_unit(unit, runs / "book.txt").activity.values)


@pytest.mark.parametrize(
    ("task", "read", "layer"),
    [
        ("text", "16 passages", "layers.layers.0"),
        ("tag", "3 sequences", "tagger.layer"),
        ("classify", "8 sequences", "layers.0"),
    ],
)
def test_every_task_has_the_same_tables(elman: Elman, runs: Path, task: str, read: str, layer: str):
    result = elman("inspect", runs / task, "--part", "test")
    assert (result.code, result.err) == (0, "")
    sections = [section.splitlines() for section in result.out.split("\n\n")]
    assert sections[0] == [f"test part, {read}"]
    assert len(sections) == 6
    directory = RunDirectory(runs / task)
    found = runs_of(directory).inspect(directory, None, "test", None)
    for lines, entries in zip(sections[1:3], (found.flow.states, found.lags), strict=True):
        assert [line.startswith(layer) for line in lines[2:]] == [True] * len(entries)
    for line, one in zip(sections[3][3:], found.lags, strict=True):
        radius, singular, horizon, recall, capacity = line.split()[-5:]
        (step,) = [other for other in found.jacobians if other.layer == one.layer]
        memory = found.memory[one.layer]
        assert 0 < float(radius) <= float(singular)
        assert float(radius) == pytest.approx(step.spectral_radius[:, 0].mean(), abs=1e-3)
        assert horizon == (
            f">{len(one.gain) - 1}" if one.horizon() == float("inf") else f"{one.horizon():.0f}"
        )
        assert (recall, capacity) == (str(memory.horizon()), f"{memory.total:.1f}")


def test_other_data_and_another_lag_are_taken(elman: Elman, runs: Path):
    told = elman("inspect", runs / "classify", "--data", runs / "steps.csv")
    assert told.out.startswith("other part, 16 sequences")
    told = elman("inspect", runs / "tag", "--data", runs / "tags.conll", "--part", "validation")
    assert told.out.startswith("validation part, 16 sequences")
    told = elman("inspect", runs / "text", "--lag", "30", "--part", "validation")
    assert re.search(r"^ +1 +2 +4 +8 +16$", told.out, re.MULTILINE)
    assert elman("inspect", runs / "tag", "--lag", "0").code == 2


def test_a_unit_is_printed_below_the_text(elman: Elman, runs: Path):
    result = elman("inspect", runs / "text", "--unit", "3")
    assert (result.code, result.err) == (0, "")
    head, body = result.out.split("\n\n", 1)
    values = unit_of(runs, 3)
    assert f"test part, 96 characters, unit 3: {min(values):.3f} to {max(values):.3f}" in head
    lines = body.splitlines()
    text = "".join(line[2:] for line in lines if line.startswith("  ")).replace("↵", "\n")
    assert text == TEXT[-96:]
    # Each digit stands below its symbol, in the line of its sign.
    scale = max(map(abs, values))
    first = dict.fromkeys("+-", "")
    for line in lines[1 : next(at for at, line in enumerate(lines) if at and line.startswith("  "))]:
        first[line[0]] = line[2:]
    for at in range(TEXT[-96:].index("\n") + 1):
        level = round(4 * values[at] / scale)
        for sign, factor in (("+", 1), ("-", -1)):
            expected = str(level * factor) if level * factor > 0 else " "
            assert first[sign].ljust(80)[at] == expected


def test_a_terminal_gets_colours(elman: Elman, runs: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("elman.cli.passages.sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    body = elman("inspect", runs / "text", "--unit", "3").out.split("\n\n", 1)[1]
    assert re.sub(r"\x1b\[[0-9;]*m", "", body).replace("↵\n", "\n") == TEXT[-96:]
    values = unit_of(runs, 3)
    strongest = max(range(96), key=lambda at: abs(values[at]))
    color = 33 if values[strongest] > 0 else 202
    letter = TEXT[-96:][strongest].replace("\n", "↵")
    assert f"\x1b[30;48;5;{color}m{letter}\x1b[0m" in body
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in elman("inspect", runs / "text", "--unit", "3").out


def test_words_are_parted_and_what_cannot_be_printed_is_a_dot():
    assert list(_write([("the ", 4), ("cat ", -1)])) == ["  the cat", "+ 4", "-     1"]
    assert list(_write([("a", 0)])) == ["  a"]


@pytest.mark.parametrize("task", FITS)
def test_a_page_is_drawn(elman: Elman, runs: Path, tmp_path: Path, task: str):
    result = elman("inspect", runs / task, "--out", tmp_path / "new" / "inside.html")
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith(f"report: {tmp_path / 'new' / 'inside.html'}\n")
    page = (tmp_path / "new" / "inside.html").read_text()
    assert f"<h1>Inside {task}</h1>" in page
    assert ("What single units follow" in page) == (task == "text")
    assert "The settings of the run that was looked at." in page


def test_the_unit_that_is_asked_for_comes_first_on_the_page(elman: Elman, runs: Path, tmp_path: Path):
    result = elman("inspect", runs / "text", "--unit", "2", "--out", tmp_path / "a.html")
    assert result.out.startswith("test part, 96 characters, unit 2")
    page = (tmp_path / "a.html").read_text()
    assert re.findall(r"<summary>Unit (\d)", page)[0] == "2"
    assert sorted(re.findall(r"<summary>Unit (\d)", page)) == list("012345")


def test_a_run_that_has_not_ended_says_so(elman: Elman, runs: Path, tmp_path: Path):
    for task in FITS:
        (tmp_path / task).mkdir()
        (tmp_path / task / "config.toml").write_bytes((runs / task / "config.toml").read_bytes())
        result = elman("inspect", tmp_path / task)
        assert (result.code, result.out) == (2, "")
        assert "is not finished (it has no model.safetensors); continue it with --resume" in result.err
