"""Where a training stands, in a file, so that another sitting can go on from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from elman.errors import RunError
from elman.training.records import EvaluationRecord, RecoveryRecord, TrainingResult
from elman.training.state import MovingState
from elman.training.tensor_files import read_tensors, write_tensors


class Checkpoint:
    """A file that one training writes and only the same training may continue from.

    Args:
        path: the file.
        options: of the training, a dataclass.
        configuration: JSON-able values besides the options that the training depends on.
    """

    def __init__(self, path: Path, options: Any, configuration: Mapping[str, Any]) -> None:
        self.path = path
        identity = {"options": asdict(options), "configuration": dict(configuration)}
        # As a file gives it back: tuples as lists; infinity, which a file cannot hold, by its name.
        self._identity: dict[str, dict[str, Any]] = json.loads(json.dumps(identity), parse_constant=str)

    def save(self, state: MovingState, result: TrainingResult) -> None:
        """Write where the training stands, atomically.

        Raises:
            RunError: the file cannot be written; the earlier one is as it was.
        """
        done = {
            "curve": [asdict(record) for record in result.curve],
            "recoveries": [asdict(record) for record in result.recoveries],
        }
        write_tensors(self.path, state.tensors(), {**self._identity, **done})

    def restore(self, state: MovingState) -> TrainingResult:
        """Put the state where the file says, and return what was done so far: nothing without a file.

        Raises:
            RunError: the file is damaged or belongs to another training.
        """
        if not self.path.exists():
            return TrainingResult()
        tensors, values = read_tensors(self.path)
        if not {"curve", "recoveries", *self._identity} <= values.keys():
            raise RunError(f"{self.path} holds no training to continue.")
        self._require_same(values)
        try:
            curve = [EvaluationRecord(**entry) for entry in values["curve"]]
            recoveries = [RecoveryRecord(**entry) for entry in values["recoveries"]]
            state.load_tensors(tensors)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise RunError(f"{self.path} is damaged: {reason}.") from error
        return TrainingResult(curve, recoveries)

    def _require_same(self, values: Mapping[str, Any]) -> None:
        changes = [
            f"{name} was {values[part].get(name)!r}, now {ours.get(name)!r}"
            for part, ours in self._identity.items()
            for name in sorted({*ours, *values[part]})
            if values[part].get(name) != ours.get(name)
        ]
        if changes:
            raise RunError(f"{self.path} belongs to a run with other options: {', '.join(changes)}.")
