"""`elman plan` prints what training takes, and what fits."""

import json
from collections.abc import Callable

import pytest
from command_line import Outcome

Elman = Callable[..., Outcome]

SMALL = ("plan", "--input", 3, "--hidden", 8, "--length", 2000, "--batch", 2, "--no-time")


def test_a_table_has_a_row_for_each_method(elman: Elman):
    result = elman(*SMALL, "--cell", "gru")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    # Three gates of 8 units: 3 + 8 weights, and the two biases that a reset gate asks for.
    assert lines[0].endswith(" parameters, 2,000 time steps, 2 sequences")
    assert lines[1].split() == ["total", "kept", "work", "buffers", "weights", "a", "pass"]
    assert [line.split()[0] for line in lines[2:]] == ["BPTT()", "TBPTT(100)", "PerStep()", "RTRL()"]
    assert all(line.split()[-1] == "-" for line in lines[2:])


def test_time_is_foretold_unless_it_is_not_wanted(elman: Elman):
    out = elman(*SMALL[:-1], "--length", 20).out
    assert {line.split()[-1] for line in out.splitlines()[2:]} <= {"ms", "s"}


def test_with_memory_what_fits_is_named(elman: Elman):
    out = elman(*SMALL, "--memory", "1.2MB").out
    budgeted = next(line for line in out.splitlines() if line.startswith("BPTT(memory="))
    assert budgeted.split()[-1] == "yes"
    assert [line.split(" in 1.2MB")[0] for line in out.splitlines()[-3:]] == [
        "largest length",
        "largest length within a budget",
        "largest hidden size",
    ]


def test_json_holds_the_same(elman: Elman):
    found = json.loads(elman(*SMALL, "--layers", 2, "--memory", "2.3MB", "--json").out)
    exact, budgeted, *_, rtrl = found["methods"]
    assert exact["memory"]["total"] == sum(exact["memory"].values()) - exact["memory"]["total"]
    assert (exact["fits"], budgeted["fits"]) == (False, True)
    assert rtrl["memory"] is None
    assert rtrl["refusal"].startswith("RTRL needs one elman.Recurrent")
    assert found["largest"]["length"] < 2000 <= found["largest"]["length within a budget"]


def test_nothing_fits_into_a_thimble(elman: Elman):
    result = elman(*SMALL, "--memory", "10kB")
    assert result.code == 0
    assert "largest hidden size in 10kB: none" in result.out
    assert "BPTT(memory=10000): 2000 time steps of a batch of 2 take" in result.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cell", "lstn"], "There is no cell called 'lstn'"),
        (["--hidden", "0"], "must be a positive integer"),
        (["--memory", "lots"], "`memory` must be a size such as"),
        (["--optimizer", "lion"], "`optimizer` must be one of"),
    ],
)
def test_mistakes_are_one_message(elman: Elman, arguments: list[str], said: str):
    result = elman(*SMALL, *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
