"""`elman stream`: lines in, forecasts out at once; mistakes are named and cost one line."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from command_line import Outcome

from elman.tasks.forecast.run import load_forecaster
from elman.training.files import csv_of
from elman.training.run import RunDirectory

Elman = Callable[..., Outcome]
HORIZON = 4


@pytest.fixture
def stream(elman: Elman, place: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Call `elman stream run` with lines on standard input."""

    def call(lines: list[str] | bytes, *options: str) -> Outcome:
        content = lines if isinstance(lines, bytes) else "".join(f"{line}\n" for line in lines).encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        return elman("stream", "run", *options)

    return call


def table_lines(num_past: int, num_future: int = HORIZON) -> list[str]:
    """The header, rows of the past, and rows of the future, whose target is empty."""
    header, *rows = Path("table.csv").read_text().splitlines()
    future = [row.split(",") for row in rows[num_past : num_past + num_future]]
    return [header, *rows[:num_past], *(",".join([time, "", *rest]) for time, _, *rest in future)]


def predicted(num_past: int) -> pl.DataFrame:
    """What the run predicts for as many rows of the past."""
    table = pl.read_csv("table.csv", try_parse_dates=True)
    future = table[num_past : num_past + HORIZON].drop("Demand")
    return load_forecaster(RunDirectory(Path("run"))).predict(table[:num_past], future)


def test_lines_of_csv_end_in_the_forecast_of_the_table(stream: Callable[..., Outcome]):
    result = stream(table_lines(60))
    assert result.code == 0
    assert result.out == csv_of(predicted(60))
    (note,) = result.err.splitlines()
    assert note.startswith(
        "elman: line 8: no forecast after 2024-01-01 05:00: the known covariate 'Temp' has no"
    )


def test_each_observation_is_answered_in_the_form_of_its_line(stream: Callable[..., Outcome]):
    header, *rows = table_lines(60, 0)
    ahead = table_lines(50, 14)[51:]
    answered = stream([header, *rows[:50], *ahead, *rows[50:]])
    names, *forecasts = answered.out.splitlines()
    assert names == "series,origin,time,step,q0.1,q0.5,q0.9"
    assert len(forecasts) == 11 * HORIZON
    assert "\n".join(forecasts[-HORIZON:]) in csv_of(predicted(60))
    lines = [header, *rows[:50], *ahead, *rows[50:]]
    semicolons = stream([line.replace(",", ";") for line in lines])
    assert semicolons.out == answered.out.replace(",", ";")


def json_lines(lines: list[str]) -> list[dict[str, Any]]:
    rows = pl.read_csv("\n".join(lines).encode()).to_dicts()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def test_lines_of_json_are_answered_in_json(stream: Callable[..., Outcome]):
    rows = json_lines(table_lines(60))
    result = stream([json.dumps(row) for row in rows])
    answers = [json.loads(line) for line in result.out.splitlines()]
    expected = predicted(60)
    assert [row["q0.5"] for row in answers] == expected["q0.5"].to_list()
    assert [row["step"] for row in answers] == [1, 2, 3, 4]
    assert answers[0]["time"] == "2024-01-03T12:00:00"
    assert answers[0]["series"] is None


BAD = {
    "2024-01-01T03:30:00.000000,1,2,north": "2024-01-01 03:30 is off the grid of 1h",
    "2024-01-01T00:00:00.000000,1,2,north": "2024-01-01 00:00 comes too late",
    "2024-01-01T09:00:00.000000,one,2,north": "'Demand' must be a number such as 3.5, but it is 'one'",
    "2024-01-01T09:00:00.000000,1,2": "expected 4 fields as in the header, got 3",
    '2024-01-01T09:00:00.000000,1,2,"north': "no CSV: unexpected end of data",
    "2024-01-01T09:00:00.000000,1,2,\xff": "not UTF-8: byte 0xff in place",
    "x" * 3_000_000: "longer than a mebibyte",
}


def test_bad_lines_are_named_and_the_others_lose_nothing(stream: Callable[..., Outcome]):
    lines = table_lines(60)
    mixed = [*lines[:5], "", *BAD, *lines[5:6], lines[0], *lines[6:]]
    result = stream("\n".join(mixed).replace("\n", "\r\n").encode("latin-1"))
    assert (result.code, result.out) == (0, csv_of(predicted(60)))
    said = [line for line in result.err.splitlines() if "no forecast" not in line]
    for number, (line, fault) in enumerate(zip(said, BAD.values(), strict=False), start=7):
        assert line.startswith(f"elman: line {number}: {fault}")
    assert said[-1] == "elman: 7 lines were not used."
    assert len(said) == 8


def test_strict_stops_at_the_first_bad_line(stream: Callable[..., Outcome]):
    lines = table_lines(60)
    result = stream([*lines[:5], "a,b", *lines[5:]], "--strict")
    assert (result.code, result.out) == (2, "")
    assert result.err == "elman: line 6: expected 4 fields as in the header, got 2.\n"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"Time": "2024-01-01 01:00", "Demand": 1', "no JSON: "),
        ("[1, 2]", "expected an object of JSON"),
        (
            '{"Time": "2024-01-01 01:00", "Demnd": 1}',
            "there is no 'Demand' but a 'Demnd'",
        ),
        ('{"Demand": 1}', "The row has no time stamp in 'Time'."),
        ('{"Time": "2024-01-01 01:00", "Demand": {}}', "'Demand' must be a number"),
        ("[" * 100_000, "no JSON: "),
    ],
)
def test_bad_object_is_named(stream: Callable[..., Outcome], line: str, fault: str):
    result = stream(['{"Time": "2024-01-01", "Demand": 1, "Temp": NaN}', line])
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith(f"elman: line 2: {fault}")
    assert result.err.endswith("elman: 1 line was not used.\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "There is nothing to read: no line came on standard input."),
        (b"\n \n", "There is nothing to read"),
        (b"2024-01-01,3,4,north\n", "The first line must be a header with the columns Time, Demand, Temp"),
        (b"Time,Demand,temp\n", "The table has no column 'Temp'. Did you mean 'temp'?"),
        (b"Time,Demand,Temp,Temp\n", "The stream has 2 columns named 'Temp'"),
        (b"\x80\n", "not UTF-8"),
    ],
)
def test_stream_that_does_not_begin_well_is_refused(
    stream: Callable[..., Outcome], content: bytes, said: str
):
    result = stream(content)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_header_alone_says_nothing(stream: Callable[..., Outcome]):
    assert stream(b"\xef\xbb\xbfDemand,Time,Temp,more\n") == Outcome(0, "", "")


def start(stdout: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "from elman.cli import main; main()", "stream", "run"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE)


def write(process: subprocess.Popen[bytes], lines: list[str]) -> None:
    assert process.stdin
    process.stdin.write("".join(f"{line}\n" for line in lines).encode())
    process.stdin.flush()


def test_answer_comes_before_the_next_line_and_control_c_is_quiet(place: Path):
    process = start(stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    write(process, table_lines(60))
    # Nothing is closed: what comes now was flushed.
    answer = b"".join(process.stdout.readline() for _ in range(1 + HORIZON))
    assert answer.decode() == csv_of(predicted(60))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err


def test_closed_output_ends_quietly(place: Path):
    reader, writer = os.pipe()
    os.close(reader)
    process = start(stdout=writer)
    os.close(writer)
    write(process, table_lines(60))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert [line for line in err.decode().splitlines() if "no forecast" not in line] == []
