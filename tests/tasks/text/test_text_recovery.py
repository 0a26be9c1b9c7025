"""A text whose training meets NaN or infinity: as every training does, it goes back, or leaves a step out."""

from collections.abc import Callable, Container
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from elman.data.vocabulary import Vocabulary
from elman.errors import NonFiniteError
from elman.tasks.observer import Observer
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.options import TextOptions
from elman.tasks.text.segments import Segments
from elman.tasks.text.training import TextTraining
from elman.training import EvaluationRecord, RecoveryRecord, read_tensors

TEXT = "the cat sat on the mat and the dog sat on the log.\nthe end of it all\n" * 12
OPTIONS = {
    "hidden_size": 12,
    "segment": 8,
    "batch_size": 4,
    "num_steps": 24,
    "patience": 99,
}  # an evaluation every two steps


class Trial:
    """A training whose loss is NaN at some steps, as often as is said."""

    def __init__(self, nan_at: Container[int] = (), times: int = 0, **options: Any) -> None:
        vocabulary = Vocabulary.of(TEXT, "character", 100, 1)
        chosen = TextOptions(**{**OPTIONS, **options})
        codes = vocabulary.encode(TEXT)
        self.nan_at, self.times, self.states = nan_at, times, dict[int, Any]()
        self.network = TextNetwork.fresh(len(vocabulary), chosen)
        segments = Segments(codes, length=chosen.segment, batch_size=chosen.batch_size, seed=chosen.seed)
        self.training = TextTraining(self.network, segments, self.validate, chosen)
        self.network.register_forward_hook(self.watch)

    def watch(self, module: Any, arguments: tuple[Any, ...], output: tuple[Tensor, Any]) -> Any:
        step = self.training.step
        if step == 0:  # a look at the gradients, before the first step
            return None
        self.states[step] = arguments[1]
        if step not in self.nan_at or self.times == 0:
            return None
        self.times -= 1
        return output[0] * float("nan"), output[1]

    def validate(self) -> float:
        return float(self.network.head.weight.detach().square().mean())

    def weights(self) -> dict[str, Tensor]:
        return {name: one.clone() for name, one in self.network.state_dict().items()}

    def run(self, on_record: Callable[[EvaluationRecord], None] = lambda record: None, **more: Any) -> Any:
        return self.training.run(Observer(on_record=on_record), **more)


def without_seconds(curve: list[EvaluationRecord]) -> list[dict[str, Any]]:
    own = ("seconds", "num_recoveries")
    return [{name: value for name, value in asdict(one).items() if name not in own} for one in curve]


def assert_same(one: Trial, other: Trial) -> None:
    assert all(torch.equal(weight, other.weights()[name]) for name, weight in one.weights().items())


def test_going_back_is_a_training_that_was_slower_from_there_on():
    trial, peer = Trial([10], times=2), Trial()
    result = trial.run()

    def slow_down(record: EvaluationRecord) -> None:
        if record.step == 8:
            peer.training.state.learning_rate_factor = 0.25

    expected = peer.run(slow_down)
    assert_same(trial, peer)
    assert without_seconds(result.curve) == without_seconds(expected.curve)
    assert [one.num_recoveries for one in result.curve] == [0, 0, 0, 0, 2, *[0] * 7]
    # 827 pairs of symbols in four rows: 206 of each, in segments of eight.
    cause = "The loss became nan at step 10, segment 10 of 26 of a pass over the text: the gradient of "
    assert all(one.cause.startswith(cause) for one in result.recoveries)
    assert [(one.step, one.went_back_to, one.learning_rate_factor) for one in result.recoveries] == [
        (10, 8, 0.5),
        (10, 8, 0.25),
    ]


def test_it_gives_up_after_a_few_times(caplog: pytest.LogCaptureFixture):
    with pytest.raises(NonFiniteError, match=r"of step \d, are kept\.") as caught:
        Trial([5], times=100, max_recoveries=2).run()
    assert "Going back 2 times, at last to 0.25 of the learning rate, did not help" in str(caught.value)
    assert [line.rpartition(": ")[2].partition(". ")[2] for line in caplog.messages] == [
        "Going back to step 4 at 0.5 of the rate.",
        "Going back to step 4 at 0.25 of the rate.",
    ]


def test_a_weight_that_is_not_finite_is_never_saved(tmp_path: Path):
    trial, file = Trial(max_recoveries=0), tmp_path / "state"

    def spoil(step: int, loss: float) -> None:
        if step == 6:  # the last before an evaluation, which sees nothing of it
            with torch.no_grad():
                trial.network.embedding.weight[0] = float("inf")

    with pytest.raises(NonFiniteError, match=r"`embedding\.weight` is not finite after step 6\. Nothing was"):
        trial.training.run(Observer(on_step=spoil), file)
    tensors, values = read_tensors(file)
    assert values["curve"][-1]["step"] == 4
    assert all(bool(one.isfinite().all()) for one in tensors.values())


@pytest.mark.parametrize("stop_at", [6, 10, 16])
def test_a_resumed_training_ends_with_the_same_bits(tmp_path: Path, stop_at: int):
    """The rate stays halved in another sitting."""

    def stop(record: EvaluationRecord) -> None:
        if record.step == stop_at:
            raise KeyboardInterrupt

    whole, resumed, file = Trial([9], times=1), Trial([9], times=1 if stop_at < 9 else 0), tmp_path / "state"
    expected = whole.run()
    with pytest.raises(KeyboardInterrupt):
        Trial([9], times=1).run(stop, checkpoint=file)
    result = resumed.run(checkpoint=file)
    assert_same(resumed, whole)
    assert without_seconds(result.curve) == without_seconds(expected.curve)
    assert result.recoveries == expected.recoveries
    assert resumed.training.state.learning_rate_factor == 0.5


def test_a_bad_segment_is_left_out_and_the_next_begins_afresh():
    trial, peer = Trial([5], times=1, recovery="skip"), Trial()
    result, expected = trial.run(), peer.run()
    assert [one.num_recoveries for one in result.curve] == [0, 0, 1, *[0] * 9]
    [told] = result.recoveries
    assert told == RecoveryRecord(5, told.cause, went_back_to=4, learning_rate_factor=1.0)
    assert trial.states[6] is None
    assert peer.states[6] is not None
    assert result.num_steps == expected.num_steps
    assert result.curve[-1].learning_rate == expected.curve[-1].learning_rate


def test_too_many_bad_segments_end_it():
    with pytest.raises(NonFiniteError, match="a step was left out 2 times; the first weights are kept"):
        Trial(range(1, 9), times=9, recovery="skip", max_recoveries=2).run()
