"""`elman bench` prints tables, writes JSON, and ends badly where numbers are wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Outcome

from elman.benchmark import BenchmarkReport
from elman.benchmark.settings import KIND_NAMES, PEERS, SECTIONS
from elman.benchmark.work import MODES
from elman.cli.bench import command
from elman.layers import GRU

Elman = Callable[..., Outcome]

TINY = ("--shape", "3,2,4,5", "--seconds", 0, "--repeats", 1)
LAYERS = ("bench", "--section", "layers", "--kind", "gru", "--mode", "train", *TINY)


def test_tables_and_verdicts_are_printed(elman: Elman):
    result = elman(*LAYERS, "--section", "step", "--kind", "lstm", "--shape", "2,1,4,5")
    assert result.code == 0
    lines = [line.split() for line in result.out.splitlines()]
    assert ["T,N,I,H", "torch.nn", "elman", "ratio", "backend"] in lines
    assert [line[:2] for line in lines if line[1:2] == ["3,2,4,5"]] == [
        ["GRU", "3,2,4,5"],
        ["LSTM", "3,2,4,5"],
    ]
    assert "Training: forward and backward, ms" in result.out
    assert "One time step of one sequence, no gradient, us" in result.out
    of_gru = next(line for line in lines if line[:4] == ["train", "GRU", "geometric", "mean"])
    assert of_gru[4:6] == ["of", "2"]
    assert of_gru[7:9] == ["5.00", "8.00"]
    assert "note: The bars are meant for the standing shapes; other ones were measured.\n" in result.out
    assert result.err.count("\n") == 6


def test_json_goes_to_a_file_beside_the_tables(elman: Elman, tmp_path: Path):
    result = elman(*LAYERS, "--json", tmp_path / "bench.json")
    assert "Beside the bars" in result.out
    report = BenchmarkReport.from_data(json.loads((tmp_path / "bench.json").read_text()))
    assert [(row.section, row.name) for row in report.rows] == [("train", "GRU")]
    assert {"processor", "threads", "torch"} <= report.machine.keys()


def test_json_goes_to_stdout_instead_of_the_tables(elman: Elman):
    report = BenchmarkReport.from_data(json.loads(elman(*LAYERS, "--json", "-").out))
    assert len(report.rows) == 1


def test_wrong_numbers_end_with_exit_code_two(elman: Elman, monkeypatch: pytest.MonkeyPatch):
    forward = GRU.forward

    def wrong(self: GRU, input: Any, hx: Any = None, **more: Any) -> tuple[Any, Any]:
        output, state = forward(self, input, hx, **more)
        return output + 1e-3, state

    monkeypatch.setattr(GRU, "forward", wrong)
    result = elman(*LAYERS, "--kind", "lstm")
    assert result.code == 2
    last = result.err.splitlines()[-2:]
    assert last[0] == "elman: What computes other numbers is not timed."
    assert last[1].startswith("    train, GRU at 3,2,4,5: elman and torch.nn disagree: output: ")
    assert [line.split()[2:] for line in result.out.splitlines() if line.startswith(" GRU")] == [
        ["red", "red", "red", "llvm"]
    ]
    assert " LSTM" in result.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "gruu"], "`kind` must be one of 'rnn-tanh', 'rnn-relu', 'gru', 'lstm', but it is 'gruu'"),
        (["--shape", "3,2"], "A shape is T,N,I,H"),
        (["--section", "everything"], "`section` must be one of"),
        (["--repeats", "0"], "`repeats` must be 1 or more"),
        (["--seconds", "long"], "Invalid value for '--seconds'"),
        (["--json", "nowhere/bench.json"], "--json must be a file in a folder that exists, or -"),
        (["--json", "."], "--json must be a file in a folder that exists, or -"),
    ],
)
def test_mistakes_cost_no_time(elman: Elman, arguments: list[str], said: str):
    result = elman("bench", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_help_names_every_choice(elman: Elman, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "200")
    told = elman("bench", "--help").out
    assert command.__doc__
    assert all(name in told for name in (*KIND_NAMES, *MODES, *SECTIONS, *PEERS))
