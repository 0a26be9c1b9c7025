"""Plain results of a benchmark, to print and to keep as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from elman.benchmark.shapes import Shape


@dataclass(frozen=True)
class Row:
    """One measurement.

    Args:
        section: Which table it belongs to.
        name: Which layer or cell.
        shape: At which sizes; None where there are none.
        unit: Of the values.
        values: What was measured on each side, the peer's first.
        figure: What is judged, such as how many times faster ours is; None where nothing was measured.
        backend: What ran ours.
        others: The figure against each further peer.
        red: Why it was not measured; empty if it was.
    """

    section: str
    name: str
    shape: Shape | None
    unit: str
    values: Mapping[str, float]
    figure: float | None
    backend: str = ""
    others: Mapping[str, float] = field(default_factory=dict)
    red: str = ""


@dataclass(frozen=True)
class Verdict:
    """Rows summed up in one number, beside its bar.

    Args:
        section: Which table.
        name: Which of its rows.
        statistic: What the number is.
        value: The number; None if one of the rows is red.
        must: What it must reach; None without a bar.
        aim: What it aims at.
        more_is_better: Whether larger numbers are the better ones.
    """

    section: str
    name: str
    statistic: str
    value: float | None
    must: float | None
    aim: float | None
    more_is_better: bool

    @property
    def grade(self) -> str:
        """Return the highest bar that is reached, "aim" or "must"; else "missed"; nothing without a bar."""
        if self.value is None:
            return "red"
        sign = 1 if self.more_is_better else -1
        for name, bar in (("aim", self.aim), ("must", self.must)):
            if bar is not None and sign * self.value >= sign * bar:
                return name
        return "" if self.must is None else "missed"


@dataclass(frozen=True)
class BenchmarkReport:
    """Everything that a benchmark found.

    Args:
        machine: Where it ran.
        rows: All measurements.
        verdicts: Their summaries.
        notes: What was left out, and why.
    """

    machine: Mapping[str, Any]
    rows: Sequence[Row]
    verdicts: Sequence[Verdict]
    notes: Sequence[str] = ()

    @property
    def red(self) -> list[Row]:
        """The rows that were not measured, because their numbers are wrong."""
        return [row for row in self.rows if row.red]

    def as_data(self) -> dict[str, Any]:
        """Return the report as JSON can hold it, each verdict with its grade."""
        data = asdict(self)
        for stored, verdict in zip(data["verdicts"], self.verdicts, strict=True):
            stored["grade"] = verdict.grade
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> BenchmarkReport:
        """Read what `as_data` returned.

        Args:
            data: As JSON gives it back.
        """
        rows = [Row(**{**row, "shape": row["shape"] and Shape(*row["shape"])}) for row in data["rows"]]
        verdicts = [
            Verdict(**{name: value for name, value in verdict.items() if name != "grade"})
            for verdict in data["verdicts"]
        ]
        return cls(data["machine"], rows, verdicts, data["notes"])
