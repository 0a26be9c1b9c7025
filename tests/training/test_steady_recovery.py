"""A training that meets NaN or infinity: it goes back and slows down, or leaves a batch out, or gives up."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from toy_training import OPTIONS, Toy, assert_same, weights, without_seconds

from elman.errors import NonFiniteError, OptionError
from elman.training import EvaluationRecord, RecoveryRecord, TrainingOptions, read_tensors, train


class Passing(Toy):
    """A toy whose trouble passes after some times, as if a smaller step had avoided it."""

    def __init__(self, step: int, times: int, **options: Any) -> None:
        super().__init__(nan_loss_at=step, **options)
        self.times = times

    def loss(self, step: int) -> Tensor:
        if step == self.nan_loss_at:
            self.times -= 1
            if self.times < 0:
                self.nan_loss_at = None
        return super().loss(step)


class Diverging(Toy):
    """A toy whose loss is NaN after a step that moved the weights too far, within an evaluation."""

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit, self.seen = limit, dict[int, Tensor]()

    def loss(self, step: int) -> Tensor:
        self.seen[step] = torch.cat([one.detach().flatten() for one in self.model.parameters()])
        is_first = (step - 1) % OPTIONS.evaluate_every == 0
        moved = 0.0 if is_first else float((self.seen[step] - self.seen[step - 1]).norm())
        return super().loss(step) * (1.0 if moved < self.limit else float("nan"))


class Halved(TrainingOptions):
    """The options of a training whose learning rate is smaller from a step on."""

    def learning_rate_at(self, step: int) -> float:
        return super().learning_rate_at(step) * (0.25 if step > 8 else 1.0)


def as_halved(options: TrainingOptions) -> Halved:
    return Halved(**{name: getattr(options, name) for name in options.__dataclass_fields__})


def test_going_back_is_a_training_that_was_slower_from_there_on():
    task, peer = Passing(10, times=2), Toy()
    result = train(task, OPTIONS)
    expected = train(peer, as_halved(OPTIONS))
    assert_same(weights(task), weights(peer))
    assert [record.num_recoveries for record in result.curve] == [0, 0, 2, 0]
    assert without_seconds(result.curve) == without_seconds(expected.curve)
    cause = (
        "The loss became nan at step 10, windows around 10: the gradient of `0.weight` holds nan, and so do "
        "4 others."
    )
    assert result.recoveries == [
        RecoveryRecord(step=10, cause=cause, went_back_to=8, learning_rate_factor=0.5),
        RecoveryRecord(step=10, cause=cause, went_back_to=8, learning_rate_factor=0.25),
    ]


def test_it_is_logged(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING, logger="elman.training"):
        train(Passing(6, times=1), OPTIONS)
    assert caplog.messages == [
        "The loss became nan at step 6, windows around 6: the gradient of `0.weight` holds nan, and so do 4 "
        "others. Going back to step 4 at 0.5 of the rate."
    ]


def test_training_that_diverges_converges_at_a_smaller_rate():
    options = replace(OPTIONS, learning_rate=0.4)
    with pytest.raises(NonFiniteError):
        train(Diverging(0.5), replace(options, max_recoveries=0))
    result = train(Diverging(0.5), options)
    assert result.num_steps == 14
    assert result.curve[-1].learning_rate < options.learning_rate_at(14)
    assert len(result.recoveries) > 1


def test_it_gives_up_after_a_few_times_and_names_the_parameter():
    task = Toy(infinite_gradient_at=7)
    with pytest.raises(NonFiniteError) as caught:
        train(task, replace(OPTIONS, max_recoveries=2))
    assert str(caught.value) == (
        "The gradient's norm became inf at step 7, windows around 7: the gradient of `0.weight` holds inf. "
        "Going back 2 times, at last to 0.25 of the learning rate, did not help; the best weights so far, of "
        "step 4, are kept."
    )


def test_times_are_counted_from_the_last_evaluation():
    class Twice(Passing):
        def loss(self, step: int) -> Tensor:
            if step == 9 and self.nan_loss_at is None and not self.validation_losses:
                self.validation_losses, self.nan_loss_at, self.times = [0.5] * 9, 9, 1
            return super().loss(step)

    result = train(Twice(3, times=1), replace(OPTIONS, max_recoveries=1))
    assert [record.num_recoveries for record in result.curve] == [1, 0, 1, 0]


def test_a_weight_that_is_not_finite_is_never_saved(tmp_path: Path):
    """A saturated network may give a finite loss with an infinite weight."""

    class Overflowing(Toy):
        def loss(self, step: int) -> Tensor:
            if step == 8:  # the last before an evaluation: no later step sees it
                with torch.no_grad():
                    self.model[4].bias.fill_(float("inf"))  # pyright: ignore[reportIndexIssue]
                return self.model[0].weight.square().sum()  # pyright: ignore[reportIndexIssue]
            return super().loss(step)

        def _error(self, input: Tensor) -> Tensor:
            return torch.nan_to_num(super()._error(input), nan=1.0, posinf=1.0)

    checkpoint = tmp_path / "state.safetensors"
    with pytest.raises(NonFiniteError, match=r"^`4\.bias` is not finite after step 8\. Going back 3 times"):
        train(Overflowing(), OPTIONS, checkpoint=checkpoint)
    tensors, values = read_tensors(checkpoint)
    assert values["curve"][-1]["step"] == 4
    assert all(bool(one.isfinite().all()) for one in tensors.values())


def test_infinities_that_were_there_at_first_may_stay():
    task = Toy()
    task.model.register_buffer("mask", torch.tensor([0.0, float("-inf")]))
    assert train(task, OPTIONS).recoveries == []


def interrupted_at(number: int):
    def on_step(step: int, loss: float) -> None:
        if step == number:
            raise KeyboardInterrupt

    return on_step


@pytest.mark.parametrize("step", [5, 9, 13])
def test_a_resumed_training_ends_with_the_same_bits(tmp_path: Path, step: int):
    """The rate stays halved in another sitting; what diverged is met again if it was not over."""
    options = replace(OPTIONS, learning_rate=0.4)
    whole, task = Diverging(0.5), Diverging(0.5)
    expected = train(whole, options, checkpoint=tmp_path / "whole.safetensors")
    assert expected.recoveries
    checkpoint = tmp_path / "state.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(Diverging(0.5), options, checkpoint=checkpoint, on_step=interrupted_at(step))
    result = train(task, options, checkpoint=checkpoint)
    assert_same(weights(task), weights(whole))
    assert without_seconds(result.curve) == without_seconds(expected.curve)
    assert result.recoveries == expected.recoveries
    assert_same(read_tensors(checkpoint)[0], read_tensors(tmp_path / "whole.safetensors")[0])


def test_a_bad_batch_is_left_out():
    class WithoutTen(Toy):
        def loss(self, step: int) -> Tensor:
            input = torch.full((8, 3), float("nan")) if step == 10 else None
            return super().loss(step) if input is None else self._error(input)  # running statistics see it

    task, told = WithoutTen(), list[EvaluationRecord]()
    result = train(task, replace(OPTIONS, averaging=0, recovery="skip"), on_record=told.append)
    assert [record.num_recoveries for record in told] == [0, 0, 1, 0]
    assert [(one.step, one.went_back_to, one.learning_rate_factor) for one in result.recoveries] == [
        (10, 9, 1.0)
    ]
    assert result.curve[2].learning_rate == OPTIONS.learning_rate_at(12)
    assert result.num_steps == 14
    assert all(bool(one.isfinite().all()) for one in weights(task).values())


def test_too_many_bad_batches_end_it():
    class Bad(Toy):
        def loss(self, step: int) -> Tensor:
            return super().loss(step) * (1.0 if step < 5 else float("nan"))

    with pytest.raises(
        NonFiniteError, match="Since the last evaluation a step was left out 2 times; the best"
    ):
        train(Bad(), replace(OPTIONS, recovery="skip", max_recoveries=2))
    with pytest.raises(NonFiniteError, match=r"No step since the last evaluation could be done\."):
        train(Bad(), replace(OPTIONS, recovery="skip", max_recoveries=9))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recovery": "hope"}, "`recovery` must be one of 'halve', 'skip', but it is 'hope'."),
        ({"max_recoveries": -1}, "`max_recoveries` must be a whole number 0 or more, but it is -1."),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str):
    with pytest.raises(OptionError) as caught:
        TrainingOptions(**options)
    assert str(caught.value) == message
