"""A training that was cut off, anywhere, ends with the same bits as one that was not."""

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
from folder_names import names
from safetensors import safe_open
from safetensors.torch import save_file
from toy_training import OPTIONS, Toy, assert_same, run, weights, without_seconds

from elman.errors import NonFiniteError, RunError
from elman.training import EvaluationRecord, read_tensors, train, write_tensors
from elman.training.tensor_files import FORMAT


def interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


def at_step(number: int) -> Callable[[int, float], None]:
    return lambda step, loss: interrupt() if step == number else None


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, torch.Tensor], Path, list[Any]]:
    """The weights, the last checkpoint and the curve of a training that nothing cut off."""
    path = tmp_path_factory.mktemp("whole") / "state.safetensors"
    task = Toy()
    result = train(task, OPTIONS, checkpoint=path)
    return weights(task), path, without_seconds(result.curve)


def assert_ends_like(whole: tuple[dict[str, torch.Tensor], Path, list[Any]], checkpoint: Path) -> None:
    """Continue from the checkpoint; compare weights, records and the state of the optimizer."""
    task = Toy()
    result = train(task, OPTIONS, checkpoint=checkpoint)
    assert_same(weights(task), whole[0])
    assert without_seconds(result.curve) == whole[2]
    assert_same(read_tensors(checkpoint)[0], read_tensors(whole[1])[0])
    assert names(checkpoint.parent) == [checkpoint.name]


@pytest.mark.parametrize("step", [1, 3, 4, 5, 8, 11, 13, 14])
def test_interrupted_at_a_step(whole: Any, tmp_path: Path, step: int):
    checkpoint = tmp_path / "state.safetensors"
    with pytest.raises(KeyboardInterrupt):
        run(checkpoint, on_step=at_step(step))
    assert checkpoint.exists() == (step > 4)
    assert_ends_like(whole, checkpoint)


def test_interrupted_again_and_again(whole: Any, tmp_path: Path):
    checkpoint = tmp_path / "state.safetensors"
    for step in (6, 7, 9, 13):
        with pytest.raises(KeyboardInterrupt):
            run(checkpoint, on_step=at_step(step))
    assert_ends_like(whole, checkpoint)


@pytest.mark.parametrize("number", [1, 2, 4])
def test_interrupted_while_a_checkpoint_is_written(
    whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
):
    checkpoint, writes = tmp_path / "state.safetensors", []
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: writes.append(file) or len(writes) < number or interrupt())
        with pytest.raises(KeyboardInterrupt):
            run(checkpoint)
    assert checkpoint.exists() == (number > 1)
    assert_ends_like(whole, checkpoint)


def test_interrupted_in_a_validation_and_after_one(whole: Any, tmp_path: Path):
    checkpoint, task = tmp_path / "state.safetensors", Toy()
    with pytest.raises(KeyboardInterrupt):
        train(task, OPTIONS, checkpoint=checkpoint, on_record=interrupt)
    task.validation_loss = interrupt
    with pytest.raises(KeyboardInterrupt):
        train(task, OPTIONS, checkpoint=checkpoint)
    assert_ends_like(whole, checkpoint)


def test_finished_training_does_nothing_more(whole: Any, tmp_path: Path):
    steps: list[int] = []
    task = Toy()
    train(task, OPTIONS, checkpoint=whole[1], on_step=lambda step, loss: steps.append(step))
    assert steps == []
    assert_same(weights(task), whole[0])


def test_stopped_early_stays_stopped(tmp_path: Path):
    checkpoint, options = tmp_path / "state.safetensors", replace(OPTIONS, patience=1)
    train(Toy(validation_losses=[1, 2]), options, checkpoint=checkpoint)
    assert train(Toy(validation_losses=[0]), options, checkpoint=checkpoint).num_steps == 8


def test_continued_training_tells_its_earlier_evaluations_first(tmp_path: Path):
    checkpoint, told = tmp_path / "state.safetensors", list[EvaluationRecord]()
    with pytest.raises(KeyboardInterrupt):
        run(checkpoint, on_step=at_step(10))
    result = run(checkpoint, on_record=told.append)
    assert told == result.curve
    assert [record.step for record in told] == [4, 8, 12, 14]
    seconds = [record.seconds for record in told]
    assert seconds == sorted(seconds)


def test_optimizer_counts_on(whole: Any):
    """AdamW corrects its moments by the number of steps: a lost count is a wrong step."""
    tensors, _ = read_tensors(whole[1])
    assert {tensor.item() for name, tensor in tensors.items() if name.endswith(".step")} == {14}


def test_non_finite_loss_keeps_the_checkpoint(whole: Any, tmp_path: Path):
    checkpoint = tmp_path / "state.safetensors"
    with pytest.raises(NonFiniteError):
        train(Toy(nan_loss_at=10), OPTIONS, checkpoint=checkpoint)
    assert read_tensors(checkpoint)[1]["curve"][-1]["step"] == 8
    assert_ends_like(whole, checkpoint)


def test_full_disk_keeps_the_checkpoint(whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    checkpoint, writes = tmp_path / "state.safetensors", []

    def fill(file: int) -> None:
        writes.append(file)
        if len(writes) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fill)
        with pytest.raises(
            RunError, match=r"state.safetensors could not be written: No space left on device"
        ):
            run(checkpoint)
    assert read_tensors(checkpoint)[1]["curve"][-1]["step"] == 8
    assert_ends_like(whole, checkpoint)


def test_changed_options_are_refused_and_named(tmp_path: Path):
    checkpoint = tmp_path / "state.safetensors"
    run(checkpoint, configuration={"cell": "lstm", "quantiles": (0.1, 0.9), "context": None})
    before = checkpoint.read_bytes()
    with pytest.raises(RunError) as caught:
        run(
            checkpoint,
            replace(OPTIONS, seed=1),
            configuration={"cell": "gru", "quantiles": (0.1, 0.9), "horizon": 3},
        )
    assert str(caught.value) == (
        f"{checkpoint} belongs to a run with other options: seed was 0, now 1, cell was 'lstm', now 'gru', "
        "horizon was None, now 3."
    )
    assert checkpoint.read_bytes() == before


def test_same_configuration_is_recognized_after_json(tmp_path: Path):
    checkpoint = tmp_path / "state.safetensors"
    configuration = {"quantiles": (0.1, (0.5, 0.9)), "context": None, "dropout": 0.1}
    run(checkpoint, configuration=configuration)
    assert run(checkpoint, configuration=configuration).num_steps == 14


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def fill_with_garbage(path: Path) -> None:
    path.write_bytes(b"\x07garbage" * 100)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def lose_a_tensor(path: Path) -> None:
    tensors, values = read_tensors(path)
    write_tensors(path, {name: one for name, one in tensors.items() if name != "mean.4.bias"}, values)


def change_a_shape(path: Path) -> None:
    tensors, values = read_tensors(path)
    write_tensors(path, {**tensors, "model.4.bias": torch.zeros(99)}, values)


def lose_the_curve(path: Path) -> None:
    tensors, values = read_tensors(path)
    write_tensors(path, tensors, {name: value for name, value in values.items() if name != "curve"})


def damage_a_record(path: Path) -> None:
    tensors, values = read_tensors(path)
    write_tensors(path, tensors, {**values, "curve": [{"step": 4}]})


def write_another_version(path: Path) -> None:
    tensors, _ = read_tensors(path)
    save_file(tensors, path, metadata={"elman": json.dumps({"format": FORMAT + 1})})


def write_no_object(path: Path) -> None:
    save_file(read_tensors(path)[0], path, metadata={"elman": "[1]"})


def write_by_others(path: Path) -> None:
    save_file(read_tensors(path)[0], path)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (truncate, "is damaged or was not written by elman"),
        (fill_with_garbage, "is damaged or was not written by elman"),
        (empty, "is damaged or was not written by elman"),
        (make_a_folder, "is a folder; name the file in it"),
        (lose_a_tensor, "is damaged: '4.bias'"),
        (change_a_shape, "is damaged: Error.* size mismatch for 4.bias"),
        (lose_the_curve, "holds no training to continue"),
        (damage_a_record, "is damaged: .*missing"),
        (write_another_version, "was written by a newer version of elman, in format 2"),
        (write_no_object, "is damaged or was not written by elman"),
        (write_by_others, "holds tensors, but it was not written by elman"),
    ],
)
def test_unusable_checkpoint_is_refused(tmp_path: Path, harm: Callable[[Path], None], message: str):
    checkpoint = tmp_path / "state.safetensors"
    run(checkpoint)
    harm(checkpoint)
    with pytest.raises(RunError, match=rf"(?s)state.safetensors.*{message}|{message}.*state.safetensors"):
        run(checkpoint)


def test_checkpoint_runs_no_code_and_can_be_read_by_others(whole: Any):
    with safe_open(whole[1], framework="numpy") as file:
        assert json.loads(file.metadata()["elman"])["options"]["num_steps"] == 14
