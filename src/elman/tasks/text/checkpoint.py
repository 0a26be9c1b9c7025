"""Where the training of a language model stands, in a file, so that another sitting can go on from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from elman.cells.state import map_state, state_tensors
from elman.errors import RunError
from elman.training import EvaluationRecord, RecoveryRecord, TrainingResult, read_tensors, write_tensors

if TYPE_CHECKING:
    from elman.tasks.text.training import TextTraining


class TextCheckpoint:
    """A file that one training writes and only the same training may continue from.

    It holds the weights, the best ones, the optimizer, the state that is carried on, and the curve.

    Args:
        path: the file.
        identity: JSON-able values that the training depends on.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        # As a file gives it back: infinity, which a file cannot hold, by its name.
        self.path, self._identity = path, json.loads(json.dumps(dict(identity)), parse_constant=str)

    def save(self, training: TextTraining) -> None:
        """Write where the training stands, atomically.

        Raises:
            RunError: the file cannot be written; the earlier one is as it was.
        """
        values = {
            "identity": self._identity,
            "step": training.step,
            "learning_rate_factor": training.learning_rate_factor,
            "curve": [asdict(record) for record in training.result.curve],
            "recoveries": [asdict(record) for record in training.result.recoveries],
        }
        write_tensors(self.path, tensors_of(training), values)

    def restore(self, training: TextTraining) -> None:
        """Put a training where the file says; without a file it stays at its beginning.

        Raises:
            RunError: the file is damaged or belongs to another training.
        """
        if not self.path.exists():
            return
        tensors, values = read_tensors(self.path)
        self._require_same(values.get("identity", {}))
        try:
            curve = [EvaluationRecord(**entry) for entry in values["curve"]]
            recoveries = [RecoveryRecord(**entry) for entry in values["recoveries"]]
            training.result = TrainingResult(curve, recoveries)
            training.step, training.learning_rate_factor = values["step"], values["learning_rate_factor"]
            load_tensors(training, tensors)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise RunError(f"{self.path} is damaged: {reason}.") from error

    def _require_same(self, stored: Mapping[str, Any]) -> None:
        changes = [
            f"{name} was {stored.get(name)!r}, now {self._identity.get(name)!r}"
            for name in sorted({*stored, *self._identity})
            if stored.get(name) != self._identity.get(name)
        ]
        if changes:
            raise RunError(f"{self.path} belongs to a run with other options: {', '.join(changes)}.")


def tensors_of(training: TextTraining) -> dict[str, Tensor]:
    """Return every tensor a training goes on from, by name; they move on with it."""
    moments = training.optimizer.state_dict()["state"]
    carried = state_tensors(training.state) if training.state is not None else []
    return {
        **{f"model.{name}": one for name, one in training.network.state_dict().items()},
        **{f"best.{name}": one for name, one in training.best.items()},
        **{f"optimizer.{i}.{name}": one for i, entry in moments.items() for name, one in entry.items()},
        **{f"state.{index}": one for index, one in enumerate(carried)},
    }


def find_non_finite(training: TextTraining) -> str | None:
    """Return the name of a weight that is not finite, or the first of whatever else moves with them."""
    named = dict(training.network.named_parameters())
    moving = {name: one for name, one in tensors_of(training).items() if name.startswith(("optim", "state"))}
    return next((name for name, one in (named | moving).items() if not bool(one.isfinite().all())), None)


def load_tensors(training: TextTraining, tensors: Mapping[str, Tensor]) -> None:
    """Put a training back to where `tensors_of` was called.

    Raises:
        KeyError: a tensor is missing.
        RuntimeError: a tensor has another shape than the network's.
    """
    training.network.load_state_dict(_under("model", tensors))
    training.best = _under("best", tensors)
    moments: dict[int, dict[str, Tensor]] = {}
    for key, value in _under("optimizer", tensors).items():
        index, name = key.split(".", 1)
        moments.setdefault(int(index), {})[name] = value
    training.optimizer.load_state_dict({**training.optimizer.state_dict(), "state": moments})
    carried, training.state = _under("state", tensors), None
    if carried:
        device = training.network.head.weight.device
        numbered = iter([carried[str(index)].to(device) for index in range(len(carried))])
        example = training.network.layers.initial_state(training.segments.num_rows)
        training.state = map_state(lambda one: torch.as_tensor(next(numbered)), example)


def _under(part: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    start = f"{part}."
    return {name.removeprefix(start): one for name, one in tensors.items() if name.startswith(start)}
