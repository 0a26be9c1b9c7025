"""What a training computes, against a loop written out by hand; and what it leaves alone."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from toy_training import OPTIONS, Toy, assert_same, weights, without_seconds

from elman.errors import NonFiniteError
from elman.training import EvaluationRecord, TrainingOptions, train


def by_hand(options: TrainingOptions) -> list[dict[str, torch.Tensor]]:
    """The running mean of the weights after each step, from the definition."""
    task = Toy()
    optimizer = torch.optim.AdamW(task.model.parameters(), lr=1.0, weight_decay=options.weight_decay)
    mean, means = weights(task), []
    for step in range(1, options.num_steps + 1):
        torch.manual_seed(options.seed * 1_000_003 + step)
        optimizer.zero_grad()
        task.loss(step).backward()
        gradients = [parameter.grad for parameter in task.model.parameters() if parameter.grad is not None]
        norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
        for gradient in gradients:
            gradient.mul_(min(1.0, options.clip_norm / norm.item()))
        optimizer.param_groups[0]["lr"] = options.learning_rate_at(step)
        optimizer.step()
        decay = min(options.averaging, step / (step + 10))
        for name, tensor in task.model.state_dict().items():
            is_count = not tensor.is_floating_point()
            mean[name] = tensor.clone() if is_count else decay * mean[name] + (1 - decay) * tensor
        means.append(dict(mean))
    return means


@pytest.mark.parametrize("averaging", [0.0, 0.3, 0.99])
def test_weights_are_those_of_a_loop_by_hand(averaging: float):
    options = replace(OPTIONS, averaging=averaging, clip_norm=0.2, weight_decay=0.1)
    task = Toy(validation_losses=[4, 3, 2, 1])
    train(task, options)
    # Rounding differs in the order of a norm's sum and of a mean; 14 steps of it stay below 1e-5.
    torch.testing.assert_close(weights(task), by_hand(options)[-1], rtol=1e-5, atol=1e-6)


def test_records_say_what_was_done():
    losses: list[float] = []
    result = train(Toy(), OPTIONS, on_step=lambda step, loss: losses.append(loss))
    assert [record.step for record in result.curve] == [4, 8, 12, 14]
    assert [record.loss for record in result.curve] == pytest.approx(
        [sum(losses[begin:end]) / (end - begin) for begin, end in [(0, 4), (4, 8), (8, 12), (12, 14)]]
    )
    assert [record.learning_rate for record in result.curve] == [
        OPTIONS.learning_rate_at(step) for step in (4, 8, 12, 14)
    ]
    seconds = [record.seconds for record in result.curve]
    assert seconds == sorted(seconds)
    assert seconds[0] > 0
    assert result.num_steps == 14
    assert result.seconds == seconds[-1]


def test_best_weights_are_left_in_the_model():
    task = Toy(validation_losses=[3.0, 1.0, 2.0, 1.0])
    kept: list[dict[str, torch.Tensor]] = []
    result = train(task, replace(OPTIONS, averaging=0), on_record=lambda record: kept.append(weights(task)))
    assert_same(weights(task), kept[1])
    assert not torch.equal(kept[1]["0.weight"], kept[3]["0.weight"])
    assert result.best == result.curve[1]
    assert [record.is_best for record in result.curve] == [True, True, False, False]
    assert not task.model.training


@pytest.mark.parametrize(
    ("losses", "patience", "steps"),
    [([1, 2, 3, 4], 1, 8), ([1, 2, 3, 4], 2, 12), ([4, 3, 5, 1], 2, 14), ([1, 1, 1, 1], 2, 12)],
)
def test_stops_when_patience_runs_out(losses: list[float], patience: int, steps: int):
    result = train(Toy(validation_losses=losses), replace(OPTIONS, patience=patience))
    assert result.num_steps == steps


def test_seed_repeats_a_training_and_another_gives_another():
    trained = {}
    for name, seed in {"first": 3, "again": 3, "other": 4}.items():
        task = Toy()
        torch.rand(1)  # the state of the caller's generator does not matter
        result = train(task, replace(OPTIONS, seed=seed))
        trained[name] = weights(task), without_seconds(result.curve)
    assert_same(trained["first"][0], trained["again"][0])
    assert trained["first"][1] == trained["again"][1]
    assert not torch.equal(trained["first"][0]["0.weight"], trained["other"][0]["0.weight"])


def test_random_numbers_of_the_caller_go_on_as_if_nothing_had_happened():
    state = torch.get_rng_state()
    train(Toy(), OPTIONS)
    assert torch.equal(torch.get_rng_state(), state)
    with pytest.raises(NonFiniteError):
        train(Toy(nan_loss_at=3), OPTIONS)
    assert torch.equal(torch.get_rng_state(), state)


def test_validation_sees_the_mean_without_dropout_or_gradients():
    seen = []

    class Watched(Toy):
        def validation_loss(self) -> float:
            seen.append((self.model.training, torch.is_grad_enabled(), weights(self)))
            return super().validation_loss()

    train(Watched(), replace(OPTIONS, num_steps=4))
    ((training, has_grad, mean),) = seen
    assert not training
    assert not has_grad
    torch.testing.assert_close(mean, by_hand(replace(OPTIONS, num_steps=4))[3], rtol=1e-5, atol=1e-6)


def test_frozen_weights_do_not_move():
    task = Toy()
    task.model[0].weight.requires_grad_(False)  # pyright: ignore[reportIndexIssue]
    before = weights(task)
    train(task, replace(OPTIONS, weight_decay=0.5))
    assert torch.equal(weights(task)["0.weight"], before["0.weight"])
    assert not torch.equal(weights(task)["4.weight"], before["4.weight"])


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (
            Toy(nan_loss_at=10),
            "The loss became nan at step 10, windows around 10: the gradient of `0.weight` holds nan, and so "
            "do 4 others. The weights of that step were not moved; the best weights so far, of step 8, are "
            "kept.",
        ),
        (
            Toy(infinite_gradient_at=10),
            "The gradient's norm became inf at step 10, windows around 10: the gradient of `0.weight` "
            "holds inf. The weights of that step were not moved; the best weights so far, "
            "of step 8, are kept.",
        ),
        (
            Toy(validation_losses=[2.0, 1.0, float("nan")]),
            "The validation loss became nan at step 12. Nothing was saved; the best weights so "
            "far, of step 8, "
            "are kept.",
        ),
        (
            Toy(nan_loss_at=2),
            "The loss became nan at step 2, windows around 2: the gradient of `0.weight` "
            "holds nan, and so do "
            "4 others. The weights of that step were not moved; the first weights are kept.",
        ),
    ],
    ids=["loss", "gradient", "validation", "at once"],
)
def test_non_finite_number_is_named_and_loses_nothing(task: Toy, message: str):
    at_records = [weights(Toy())]

    def on_record(record: EvaluationRecord) -> None:
        at_records.append(weights(task))

    with pytest.raises(NonFiniteError) as caught:
        train(task, replace(OPTIONS, averaging=0, max_recoveries=0), on_record=on_record)
    assert str(caught.value) == message
    assert_same(weights(task), at_records[-1])


class InTwo(Toy):
    """A toy that cuts its batch: two losses a step, each of another half of the rows."""

    def losses(self, step: int) -> Iterator[torch.Tensor]:
        rows = torch.randn(8, 3, generator=torch.Generator().manual_seed(step))
        for half in rows.chunk(2):
            yield self._error(half)


def test_weights_move_after_each_loss_of_a_step():
    options = replace(OPTIONS, averaging=0.0, clip_norm=float("inf"), patience=100)
    task, peer = InTwo(validation_losses=[4, 3, 2, 1]), InTwo()
    steps: list[float] = []
    result = train(task, options, on_step=lambda step, loss: steps.append(loss))
    optimizer = torch.optim.AdamW(peer.model.parameters(), weight_decay=options.weight_decay)
    means = []
    with torch.random.fork_rng(devices=[]):
        for step in range(1, options.num_steps + 1):
            torch.manual_seed(options.seed * 1_000_003 + step)
            optimizer.param_groups[0]["lr"] = options.learning_rate_at(step)
            found = []
            for loss in peer.losses(step):
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                found.append(loss.item())
            means.append(sum(found) / 2)
    assert_same(weights(task), weights(peer))
    assert steps == pytest.approx(means, rel=1e-12)
    assert result.num_steps == options.num_steps


def test_a_loss_that_is_not_finite_ends_its_batch():
    class Halfway(InTwo):
        def losses(self, step: int) -> Iterator[torch.Tensor]:
            for half, loss in enumerate(super().losses(step)):
                asked.append((step, half))
                yield loss * (float("nan") if (step, half) == (2, 0) else 1.0)

    asked: list[tuple[int, int]] = []
    result = train(Halfway(), replace(OPTIONS, num_steps=3, recovery="skip"))
    assert asked == [(1, 0), (1, 1), (2, 0), (3, 0), (3, 1)]
    assert [one.step for one in result.recoveries] == [2]
