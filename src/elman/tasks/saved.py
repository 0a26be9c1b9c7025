"""What every task does to read the results of a run from its folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elman.errors import RunError
from elman.tasks.results.scores import ScoreRow, ScoreTable
from elman.training.run import RunDirectory


def require_finished(directory: RunDirectory, result: str) -> None:
    """Make sure that a run has come as far as one of its results.

    Args:
        directory: of the run.
        result: the file's name.

    Raises:
        RunError: there is no run, or it has not.
    """
    directory.require_run()
    if not (directory / result).is_file():
        raise RunError(
            f"The run in {directory.path} is not finished (it has no {result}); continue it with --resume."
        )


def read_score_table(entry: Mapping[str, Any]) -> ScoreTable:
    """Return the table that `asdict` turned into an entry."""
    return ScoreTable(**{**entry, "rows": [ScoreRow(**row) for row in entry["rows"]]})
