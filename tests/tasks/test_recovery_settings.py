"""What a training does about NaN is a setting of every task that trains in steps, also in config.toml."""

from typing import Any

import pytest

from elman.errors import OptionError
from elman.tasks.classify.settings import ClassifySettings
from elman.tasks.forecast.settings import ForecastSettings
from elman.tasks.tag.settings import TagSettings
from elman.tasks.text.options import TextOptions
from elman.tasks.text.settings import TextSettings
from elman.training import TrainingOptions

FORECAST = {"data": "table.csv", "time": "Time", "target": "Demand", "horizon": 4}
TASKS: dict[str, Any] = {
    "forecast": lambda more: ForecastSettings.from_mapping({**FORECAST, **more}, "here").forecaster(),
    "classify": lambda more: ClassifySettings.from_mapping({"data": "folder", **more}, "here").classifier(),
    "tag": lambda more: TagSettings.from_mapping({"data": "words.txt", **more}, "here").tagger(),
    "text": lambda more: TextSettings.from_mapping({"data": "book.txt", **more}, "here").model(),
}


def training_options(task: str, settings: dict[str, Any]) -> TrainingOptions | TextOptions:
    options = TASKS[task](settings).options
    return options if isinstance(options, TextOptions) else options.training


@pytest.mark.parametrize("task", TASKS)
def test_settings_reach_the_training(task: str):
    found = training_options(task, {"recovery": "skip", "max_recoveries": 7})
    assert (found.recovery, found.max_recoveries) == ("skip", 7)
    plain = training_options(task, {})
    assert (plain.recovery, plain.max_recoveries) == ("halve", 3)


@pytest.mark.parametrize("task", TASKS)
def test_settings_that_are_none_are_refused(task: str):
    with pytest.raises(OptionError, match="`recovery` must be one of 'halve', 'skip', but it is 'hope'"):
        TASKS[task]({"recovery": "hope"})
