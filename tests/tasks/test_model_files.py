"""What is said of a file that is no model, or not the one that was asked for: one sentence, of one class."""

import json
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import save_file

from elman.errors import RunError
from elman.tasks import Forecaster, ForecastOptions, SequenceClassifier, SequenceTagger, TagOptions
from elman.tasks.language_model import LanguageModel
from elman.tasks.text.options import TextOptions
from elman.training import TrainingOptions, read_tensors, write_tensors

Model = Any
TRAINING = TrainingOptions(num_steps=1, evaluate_every=1, clip_norm=inf)


def forecaster(checkpoint: Path) -> Forecaster:
    table = pl.DataFrame({"at": range(80), "value": np.sin(np.arange(80.0))})
    options = ForecastOptions(hidden_size=2, context=4, training=TRAINING)
    return Forecaster(horizon=2, time="at", target="value", options=options).fit(table, checkpoint=checkpoint)


def classifier(checkpoint: Path) -> SequenceClassifier:
    made = SequenceClassifier(hidden_size=2, num_steps=1, evaluate_every=1, clip_norm=inf)
    return made.fit([np.full((4, 1), n % 2.0) for n in range(20)], [n % 2 for n in range(20)])


def tagger(checkpoint: Path) -> SequenceTagger:
    rows = [(s, "ab"[(s + t) % 2], "XY"[(s + t) % 2]) for s in range(12) for t in range(3)]
    table = pl.DataFrame(rows, schema=["line", "letter", "kind"], orient="row")
    options = TagOptions(hidden_size=2, training=TRAINING)
    return SequenceTagger(label="kind", sequence="line", options=options).fit(table, checkpoint=checkpoint)


def language_model(checkpoint: Path) -> LanguageModel:
    options = TextOptions(hidden_size=2, segment=4, batch_size=2, num_steps=1, clip_norm=inf)
    return LanguageModel(options).fit("abcd" * 20, checkpoint=checkpoint)


MAKERS: dict[str, Callable[[Path], Model]] = {
    "Forecaster": forecaster,
    "SequenceClassifier": classifier,
    "SequenceTagger": tagger,
    "LanguageModel": language_model,
}
NAMES = dict(zip(MAKERS, ("forecaster", "classifier", "tagger", "language model"), strict=True))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    """One of each task, of one step; its file and its checkpoint have its name."""
    folder = tmp_path_factory.mktemp("models")
    made = {name: make(folder / f"{name}.checkpoint") for name, make in MAKERS.items()}
    for name, model in made.items():
        model.save(folder / name)
    return {"folder": folder, **made}


def refusal(model: Model, path: Path) -> str:
    """Return what is said when a file is to be read, without its path."""
    with pytest.raises(RunError) as caught:
        type(model).load(path)
    told = str(caught.value)
    assert "\n" not in told
    assert told.endswith(".")
    return told.replace(str(path), "FILE")


@pytest.mark.parametrize("name", MAKERS)
def test_a_model_comes_back_with_a_norm_that_is_not_clipped(models: dict[str, Model], name: str):
    loaded = type(models[name]).load(models["folder"] / name)
    options = getattr(loaded.options, "training", loaded.options)
    assert options.clip_norm == inf
    assert type(loaded.options) is type(models[name].options)


@pytest.mark.parametrize("name", MAKERS)
def test_a_file_that_is_not_there_and_a_folder_are_named(models: dict[str, Model], tmp_path: Path, name: str):
    assert refusal(models[name], tmp_path / "no") == "There is no file FILE."
    assert refusal(models[name], tmp_path) == "FILE is a folder; name the file in it that is to be read."


@pytest.mark.parametrize("name", MAKERS)
def test_a_file_of_others_is_told_from_a_damaged_one(models: dict[str, Model], tmp_path: Path, name: str):
    file = tmp_path / "file"
    for content in (b"", b"some notes\n" * 30):
        file.write_bytes(content)
        assert refusal(models[name], file).startswith("FILE is damaged or was not written by elman: ")
    save_file({"weight": torch.zeros(2)}, file, metadata={"format": "pt"})
    assert refusal(models[name], file) == "FILE holds tensors, but it was not written by elman."
    write_tensors(file, {"weight": torch.zeros(2)}, {"mine": 1})
    assert refusal(models[name], file) == f"FILE was written by elman, but holds no {NAMES[name]}."


@pytest.mark.parametrize("kept", [0.3, 0.99])
@pytest.mark.parametrize("name", MAKERS)
def test_a_file_that_was_cut_off_is_damaged(models: dict[str, Model], tmp_path: Path, name: str, kept: float):
    content, file = (models["folder"] / name).read_bytes(), tmp_path / "file"
    file.write_bytes(content[: int(len(content) * kept)])
    assert refusal(models[name], file).startswith("FILE is damaged or was not written by elman: ")


@pytest.mark.parametrize("other", MAKERS)
@pytest.mark.parametrize("name", MAKERS)
def test_a_model_of_another_task_is_named_with_its_reader(models: dict[str, Model], name: str, other: str):
    if name == other:
        return
    told = refusal(models[name], models["folder"] / other)
    assert told == f"FILE holds a {NAMES[other]}, not a {NAMES[name]}; read it with {other}.load."


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "SequenceClassifier"])
def test_a_checkpoint_is_no_model(models: dict[str, Model], name: str):
    told = refusal(models[name], models["folder"] / f"{name}.checkpoint")
    assert told == (
        f"FILE says where a training stands and holds no finished {NAMES[name]}; name the model.safetensors "
        "of the run."
    )


@pytest.mark.parametrize("name", MAKERS)
def test_a_file_of_a_newer_version_is_told(models: dict[str, Model], tmp_path: Path, name: str):
    tensors, values = read_tensors(models["folder"] / name)
    file = tmp_path / "file"
    save_file(tensors, file, metadata={"elman": json.dumps({"format": 2, **values})})
    assert refusal(models[name], file) == (
        "FILE was written by a newer version of elman, in format 2, where this one knows 1; update elman to "
        "read it."
    )
    write_tensors(file, tensors, {**values, "options": {**values["options"], "attention": True}})
    told = refusal(models[name], file)
    assert told.startswith(f"FILE holds no {NAMES[name]} that can be used: ")
    assert "'attention'" in told
    assert told.endswith("; it is damaged, or was written by another version of elman.")


@pytest.mark.parametrize("name", MAKERS)
def test_what_a_file_lacks_is_named(models: dict[str, Model], tmp_path: Path, name: str):
    tensors, values = read_tensors(models["folder"] / name)
    file = tmp_path / "file"
    write_tensors(file, tensors, {one: value for one, value in values.items() if one != "options"})
    told = f"FILE holds no {NAMES[name]} that can be used: it lacks 'options'; it is damaged, or was written"
    assert refusal(models[name], file).startswith(told)
    write_tensors(file, {}, values)
    assert refusal(models[name], file).startswith(f"FILE holds no {NAMES[name]} that can be used: ")
