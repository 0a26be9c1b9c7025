"""`elman bench`: the layers timed beside their peers on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.errors import MismatchError, OptionError

if TYPE_CHECKING:
    from elman.benchmark import BenchmarkReport

_KINDS = "rnn-tanh, rnn-relu, gru or lstm"
_MODES = "train, train-input (with a gradient of the input) or forward"
_SECTIONS = "layers, cells, lengths, first-call, peak, memory or step"

_STDOUT = Path("-")

Names = list[str] | None


def command(
    kind: Annotated[Names, typer.Option(metavar="KIND", help=f"{_KINDS}; repeat it for more.")] = None,
    shape: Annotated[
        Names, typer.Option(metavar="T,N,I,H", help="Steps, sequences, input and hidden size; repeatable.")
    ] = None,
    mode: Annotated[Names, typer.Option(metavar="MODE", help=f"{_MODES}; repeatable.")] = None,
    section: Annotated[Names, typer.Option(metavar="PART", help=f"{_SECTIONS}; repeatable.")] = None,
    peer: Annotated[Names, typer.Option(metavar="PEER", help="jax or torch.compile. Default: jax.")] = None,
    seconds: Annotated[float | None, typer.Option(metavar="SECONDS", help="For one measurement.")] = None,
    repeats: Annotated[int | None, typer.Option(metavar="ROUNDS", help="Of one, at least.")] = None,
    threads: Annotated[int | None, typer.Option(metavar="NUMBER", help="Default: torch's own.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A minute: fewer shapes and rounds.")] = False,
    out: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="JSON; - is stdout.")] = None,
) -> None:
    """Time the layers beside torch.nn and the cells beside the plain loop.

    What computes other numbers than its peer is not timed, and ends with exit code 2.

    [bold]Example[/bold]: elman bench --quick --kind gru --json bench.json
    """
    _check_out(out)
    from elman.benchmark import BenchmarkSettings, quick_settings, run_benchmark
    from elman.benchmark.shapes import parse_shape
    from elman.cli.bench_tables import print_report, print_row

    named = {"kinds": kind, "modes": mode, "sections": section, "peers": peer}
    given: dict[str, Any] = {name: tuple(values) for name, values in named.items() if values}
    if shape:
        given["shapes"] = tuple(map(parse_shape, shape))
    numbers = {"seconds": seconds, "repeats": repeats, "threads": threads}
    given |= {name: value for name, value in numbers.items() if value is not None}
    settings = BenchmarkSettings(**given)
    report = run_benchmark(quick_settings(settings) if quick else settings, print_row)
    _write(report, out)
    if out != _STDOUT:
        print_report(report)
    _refuse_red(report)


def _check_out(out: Path | None) -> None:
    """Refuse a file that cannot be written before minutes are spent on what it is to hold."""
    if out not in (None, _STDOUT) and (out.is_dir() or not out.absolute().parent.is_dir()):
        raise OptionError(f"--json must be a file in a folder that exists, or -, but it is {out}.")


def _write(report: BenchmarkReport, out: Path | None) -> None:
    if out is None:
        return
    text = json.dumps(report.as_data(), indent=1) + "\n"
    if out == _STDOUT:
        sys.stdout.write(text)
        return
    from elman.training.files import write_bytes

    write_bytes(out, text.encode())


def _refuse_red(report: BenchmarkReport) -> None:
    if report.red:
        faults = [f"{row.section}, {row.name} at {row.shape}: {row.red}" for row in report.red]
        raise MismatchError("\n    ".join(["What computes other numbers is not timed.", *faults]))
