"""The options of a training, and the learning rate they give."""

from math import cos, pi
from typing import Any

import pytest

from elman.errors import OptionError
from elman.training import TrainingOptions


def test_learning_rate_rises_along_a_line_and_falls_along_a_cosine():
    options = TrainingOptions(num_steps=10, warmup=0.4, learning_rate=2.0)
    rates = [options.learning_rate_at(step) for step in range(1, 11)]
    falling = [1 + cos(pi * number / 7) for number in range(1, 7)]
    assert rates == pytest.approx([0.5, 1.0, 1.5, 2.0, *falling], rel=1e-14)


def test_learning_rate_without_warmup_begins_near_its_peak():
    options = TrainingOptions(num_steps=3, warmup=0.0, learning_rate=1.0)
    rates = [options.learning_rate_at(step) for step in (1, 2, 3)]
    assert rates == pytest.approx([(1 + cos(pi * step / 4)) / 2 for step in (1, 2, 3)], rel=1e-14)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_steps", 0),
        ("num_steps", 2.5),
        ("num_steps", True),
        ("evaluate_every", -1),
        ("patience", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("learning_rate", "0.1"),
        ("clip_norm", 0),
        ("warmup", 1.0),
        ("averaging", -0.1),
        ("weight_decay", -1e-9),
        ("weight_decay", float("inf")),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", 1.0),
        ("recovery", "hope"),
        ("max_recoveries", -1),
    ],
)
def test_illegal_option_is_refused_by_name(name: str, value: Any):
    with pytest.raises(OptionError, match=rf"^`{name}` must be .*, but it is {value!r}\.$"):
        TrainingOptions(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("clip_norm", float("inf")), ("warmup", 0), ("averaging", 0), ("weight_decay", 0), ("seed", 2**32 - 1)],
)
def test_legal_extremes_are_taken(name: str, value: Any):
    assert getattr(TrainingOptions(**{name: value}), name) == value
