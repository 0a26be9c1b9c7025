"""Sequences whose tags are known by a rule, small enough to learn in a second."""

import random
from typing import Any

import polars as pl

from elman.tasks import SequenceTagger, TagOptions
from elman.training import TrainingOptions


def look_ahead(num_sequences: int = 60, seed: int = 0) -> pl.DataFrame:
    """Letters of unequal sequences; the tag of each is the one that comes next."""
    generator = random.Random(seed)
    rows = []
    for name in range(num_sequences):
        letters = [generator.choice("ab") for _ in range(generator.randint(3, 9))]
        following = [*letters[1:], "end"]
        rows += [
            (f"s{name}", at, one, tag) for at, (one, tag) in enumerate(zip(letters, following, strict=True))
        ]
    return pl.DataFrame(rows, schema=["line", "at", "letter", "next"], orient="row")


def look_back(num_sequences: int = 60, seed: int = 0) -> pl.DataFrame:
    """A number at each step; the tag says whether the number before was above zero."""
    generator = random.Random(seed)
    rows = []
    for name in range(num_sequences):
        values = [generator.gauss(5, 3) for _ in range(generator.randint(3, 9))]
        tags = ["first", *("high" if value > 5 else "low" for value in values[:-1])]
        rows += [(f"s{name}", at, one, tag) for at, (one, tag) in enumerate(zip(values, tags, strict=True))]
    return pl.DataFrame(rows, schema=["line", "at", "value", "before"], orient="row")


def options(num_steps: int = 12, **more: Any) -> TagOptions:
    training = TrainingOptions(
        num_steps=num_steps, evaluate_every=max(1, num_steps // 4), learning_rate=2e-2, averaging=0.9
    )
    return TagOptions(**{"hidden_size": 12, "dropout": 0.0, "training": training, **more})


def tagger_of_letters(num_steps: int = 12, **more: Any) -> SequenceTagger:
    return SequenceTagger(label="next", sequence="line", order="at", options=options(num_steps, **more))


def tagger_of_numbers(num_steps: int = 12, **more: Any) -> SequenceTagger:
    chosen = options(num_steps, stream=True, **more)
    return SequenceTagger(label="before", sequence="line", features=["value"], options=chosen)
