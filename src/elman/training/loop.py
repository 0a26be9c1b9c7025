"""The training loop: steps of an optimizer, a validation now and then, the best weights kept.

Everything random in step k depends on the seed and on k alone, so a run that was cut off and
continued from its checkpoint ends with the same bits as one that was not.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from math import cos, isfinite, pi
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from elman.errors import NonFiniteError, OptionError, RunError
from elman.training.checkpoints import read_tensors, with_prefix, without_prefix, write_tensors
from elman.training.records import EvaluationRecord


@dataclass(frozen=True)
class TrainingOptions:
    """How weights are found.

    Args:
        num_steps: optimizer steps at most.
        evaluate_every: steps between two looks at the validation part; each ends with a checkpoint.
        learning_rate: its peak; it rises over the first `warmup` share of the steps and falls along a
            cosine to zero at the last.
        warmup: share of `num_steps`, in [0, 1).
        weight_decay: AdamW's.
        clip_norm: largest norm of the whole gradient.
        averaging: decay of the running mean of the weights that is validated and kept, in [0, 1);
            0 keeps the weights themselves.
        patience: evaluations in a row without a better validation loss before training stops early.
        seed: of everything random.
    """

    num_steps: int = 800
    evaluate_every: int = 50
    learning_rate: float = 2e-3
    warmup: float = 0.2
    weight_decay: float = 1e-2
    clip_norm: float = 1.0
    averaging: float = 0.99
    patience: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values no training can use.

        Raises:
            OptionError: an option is out of its range.
        """
        for name in ("num_steps", "evaluate_every", "patience"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("learning_rate", "clip_norm"):
            _require(getattr(self, name) > 0, name, getattr(self, name), "above 0")
        for name in ("warmup", "averaging"):
            _require(0 <= getattr(self, name) < 1, name, getattr(self, name), "in [0, 1)")
        _require(self.weight_decay >= 0, "weight_decay", self.weight_decay, "at least 0")

    def learning_rate_at(self, step: int) -> float:
        """Return the learning rate of step 1, 2, ..., `num_steps`."""
        rise = self.warmup * self.num_steps
        if step <= rise:
            return self.learning_rate * step / rise
        return self.learning_rate * (1 + cos(pi * (step - rise) / (self.num_steps - rise + 1))) / 2


def _require(holds: bool, name: str, value: object, range_: str) -> None:
    if not holds:
        raise OptionError(f"`{name}` must be {range_}, but it is {value}.")


class TrainingTask(ABC):
    """What is trained: a model, a loss for each step, and a validation loss.

    Args:
        model: its parameters are trained in place.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    @abstractmethod
    def loss(self, step: int) -> Tensor:
        """Return the loss (a scalar) of the batch of this step; which batch depends on `step` alone."""

    @abstractmethod
    def validation_loss(self) -> float:
        """Return the loss on the validation part with the model's present weights."""

    def describe_batch(self, step: int) -> str:
        """Name the batch of a step for a person who has to find out what is wrong with it."""
        return f"batch {step}"


@dataclass
class TrainingResult:
    """What a training did; the model holds the best weights.

    Args:
        curve: one record per evaluation.
        num_steps: steps done.
        seconds: time spent in steps and evaluations, earlier sittings included.
    """

    curve: list[EvaluationRecord] = field(default_factory=list)
    num_steps: int = 0
    seconds: float = 0.0

    @property
    def best(self) -> EvaluationRecord | None:
        """The evaluation whose weights are kept."""
        return min(self.curve, key=lambda record: record.validation_loss, default=None)

    @property
    def evaluations_since_best(self) -> int:
        """Evaluations after the best one."""
        return len(self.curve) - 1 - self.curve.index(self.best) if self.best else 0


class _State:
    """The weights that move, their running mean, the best mean so far, and the optimizer."""

    def __init__(self, model: nn.Module, options: TrainingOptions) -> None:
        self.model, self.options = model, options
        self.optimizer = torch.optim.AdamW(
            [parameter for parameter in model.parameters() if parameter.requires_grad],
            lr=options.learning_rate,
            weight_decay=options.weight_decay,
        )
        self.mean = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        self.best = {name: tensor.clone() for name, tensor in self.mean.items()}

    def update_mean(self, step: int) -> None:
        # Early on the decay is smaller, so that the mean does not remember the initial weights.
        decay = min(self.options.averaging, step / (step + 10)) if self.options.averaging else 0.0
        for name, tensor in self.model.state_dict().items():
            if tensor.is_floating_point():
                self.mean[name].lerp_(tensor, 1 - decay)
            else:
                self.mean[name].copy_(tensor)

    def keep_mean_as_best(self) -> None:
        for name, tensor in self.mean.items():
            self.best[name].copy_(tensor)

    @contextmanager
    def mean_weights(self) -> Iterator[None]:
        """Let the model hold the mean weights for the time of a validation."""
        moving = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        self.model.load_state_dict(self.mean)
        self.model.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            self.model.load_state_dict(moving)
            self.model.train()

    def to_file(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        optimizer = self.optimizer.state_dict()
        moments = {
            f"{index}.{name}": torch.as_tensor(value)
            for index, entry in optimizer["state"].items()
            for name, value in entry.items()
        }
        parts = {"model": self.model.state_dict(), "mean": self.mean, "best": self.best, "optimizer": moments}
        return {
            key: value for part, tensors in parts.items() for key, value in with_prefix(part, tensors).items()
        }, {}

    def from_file(self, tensors: Mapping[str, Tensor]) -> None:
        self.model.load_state_dict(without_prefix("model", tensors))
        for part, ours in (("mean", self.mean), ("best", self.best)):
            for name, tensor in without_prefix(part, tensors).items():
                ours[name].copy_(tensor)
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in without_prefix("optimizer", tensors).items():
            index, name = key.split(".", 1)
            state.setdefault(int(index), {})[name] = value
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": state})


def train(
    task: TrainingTask,
    options: TrainingOptions,
    *,
    checkpoint: Path | None = None,
    configuration: Mapping[str, Any] | None = None,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
    on_record: Callable[[EvaluationRecord], None] = lambda record: None,
) -> TrainingResult:
    """Train until the steps or the patience run out; leave the best weights in the model.

    Args:
        task: what to train.
        options: how.
        checkpoint: a file written at every evaluation. If it exists, training goes on from it.
        configuration: JSON-able values that a checkpoint must have been written with.
        on_step: called with the step and its loss.
        on_record: called at every evaluation, those of an earlier sitting left out.

    Raises:
        NonFiniteError: a loss or a gradient is NaN or infinite; the model then holds the best
            weights so far, and the checkpoint the last good ones.
        RunError: the checkpoint cannot be read or written, or belongs to another configuration.
    """
    state, result = _State(task.model, options), TrainingResult()
    identity = {"options": asdict(options), "configuration": dict(configuration or {})}
    if checkpoint is not None and checkpoint.exists():
        result = _restore(checkpoint, state, identity)
    try:
        with _own_randomness(task.model):
            task.model.train()
            while result.num_steps < options.num_steps and result.evaluations_since_best < options.patience:
                record = _run_until_evaluation(task, state, options, result, on_step)
                if checkpoint is not None:
                    tensors, _ = state.to_file()
                    curve = [asdict(entry) for entry in result.curve]
                    write_tensors(checkpoint, tensors, {**identity, "curve": curve})
                on_record(record)
    finally:
        task.model.load_state_dict(state.best)
        task.model.eval()
    return result


def _run_until_evaluation(
    task: TrainingTask,
    state: _State,
    options: TrainingOptions,
    result: TrainingResult,
    on_step: Callable[[int, float], None],
) -> EvaluationRecord:
    begin, losses, norms = time.perf_counter(), [], []
    end = min(result.num_steps + options.evaluate_every, options.num_steps)
    for step in range(result.num_steps + 1, end + 1):
        loss, norm = _one_step(task, state, options, step)
        losses.append(loss)
        norms.append(norm)
        on_step(step, loss)
    with state.mean_weights():
        validation_loss = task.validation_loss()
    if not isfinite(validation_loss):
        raise NonFiniteError(
            f"The validation loss became {validation_loss} at step {end}.{_what_is_kept(result)}"
        )
    is_best = result.best is None or validation_loss < result.best.validation_loss
    if is_best:
        state.keep_mean_as_best()
    result.num_steps = end
    result.seconds += time.perf_counter() - begin
    record = EvaluationRecord(
        step=end,
        seconds=result.seconds,
        loss=sum(losses) / len(losses),
        validation_loss=validation_loss,
        learning_rate=options.learning_rate_at(end),
        gradient_norm=sum(norms) / len(norms),
        is_best=is_best,
    )
    result.curve.append(record)
    return record


def _one_step(task: TrainingTask, state: _State, options: TrainingOptions, step: int) -> tuple[float, float]:
    torch.manual_seed(options.seed * 1_000_003 + step)
    loss = task.loss(step)
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(task.model.parameters(), options.clip_norm)
    value, norm_value = loss.item(), norm.item()
    if not (isfinite(value) and isfinite(norm_value)):
        what = f"loss became {value}" if not isfinite(value) else f"gradient's norm became {norm_value}"
        raise NonFiniteError(
            f"The {what} at step {step}, {task.describe_batch(step)}. The weights were not moved."
        )
    for group in state.optimizer.param_groups:
        group["lr"] = options.learning_rate_at(step)
    state.optimizer.step()
    state.update_mean(step)
    return value, norm_value


def _what_is_kept(result: TrainingResult) -> str:
    best = result.best
    return f" The weights of step {best.step} are kept." if best else ""


def _restore(checkpoint: Path, state: _State, identity: Mapping[str, Any]) -> TrainingResult:
    tensors, values = read_tensors(checkpoint)
    for part, expected in identity.items():
        differing = sorted(
            key
            for key in {*expected, *values.get(part, {})}
            if _as_json(expected.get(key)) != values.get(part, {}).get(key)
        )
        if differing:
            changes = ", ".join(
                f"{key} was {values.get(part, {}).get(key)!r}, now {expected.get(key)!r}" for key in differing
            )
            raise RunError(f"{checkpoint} belongs to a run with other options: {changes}.")
    state.from_file(tensors)
    curve = [EvaluationRecord(**entry) for entry in values["curve"]]
    last = curve[-1]
    return TrainingResult(curve=curve, num_steps=last.step, seconds=last.seconds)


def _as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@contextmanager
def _own_randomness(model: nn.Module) -> Iterator[None]:
    """Seed freely inside; the caller's random numbers go on outside as if nothing had happened."""
    devices = sorted({parameter.device.index or 0 for parameter in model.parameters() if parameter.is_cuda})
    with torch.random.fork_rng(devices=devices):
        yield
