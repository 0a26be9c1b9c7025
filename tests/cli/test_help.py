"""The help says what is true, and reads well in eighty columns."""

import re
import shlex
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

import pytest
import typer.main
from command_line import FIT, Outcome

from elman.cli.app import app
from elman.tasks.forecast.settings import ForecastSettings

Elman = Callable[..., Outcome]

OTHERS = ("predict", "stream", "evaluate", "report", "cells", "plan", "bench", "experiment")
COMMANDS: dict[tuple[str, ...], Any] = {
    FIT: typer.main.get_command(app).commands["fit"].commands["forecast"],  # pyright: ignore
    **{(name,): typer.main.get_command(app).commands[name] for name in OTHERS},  # pyright: ignore
}
OPTIONS = {option.name: option for option in COMMANDS[FIT].params}
SETTINGS = {one.name: one.default for one in fields(ForecastSettings)}
IN_CONFIG_ONLY = {
    "evaluate_every",
    "warmup",
    "weight_decay",
    "clip_norm",
    "averaging",
    "patience",
    "recovery",
    "max_recoveries",
}
IN_WORDS = {
    "frequency": "found",
    "validation": "a twentieth",
    "test": "a twentieth",
    "context": "3 seasons or 2 horizons",
    "memory": "all it needs",
}


def shown_default(name: str) -> str | None:
    """What the help must call the default of a setting."""
    default = SETTINGS[name]
    if isinstance(default, tuple):
        return " ".join(map(str, default)) or None
    return IN_WORDS.get(name) if default is None or default is MISSING else str(default)


@pytest.mark.parametrize("name", sorted(SETTINGS.keys() - IN_CONFIG_ONLY))
def test_default_in_the_help_is_the_default(name: str):
    told = re.findall(r"Default: (.*)\.$", OPTIONS[name].help)
    assert told == [one for one in [shown_default(name)] if one]


def test_every_setting_can_be_given():
    assert OPTIONS.keys() >= SETTINGS.keys() - IN_CONFIG_ONLY
    assert OPTIONS.keys() - SETTINGS.keys() <= {"out", "config", "resume", "overwrite", "quiet", "help"}


@pytest.mark.parametrize("command", COMMANDS)
def test_example_can_be_run(elman: Elman, command: tuple[str, ...]):
    result = elman(*command, "--help")
    assert result.code == 0
    lines = result.out.splitlines()
    assert max(map(len, lines)) <= 80
    (example,) = re.findall(r"Example: elman (.*?)\n *\n", result.out, re.DOTALL)
    words = shlex.split(example)
    assert tuple(words[: len(command)]) == command
    COMMANDS[command].make_context("elman", words[len(command) :])


def test_commands_stand_in_the_order_of_their_use(elman: Elman):
    shown = elman("--help").out
    places = [
        shown.index(f" {name} ") for name in ("fit      ", "predict", "evaluate", "report  ", "cells   ")
    ]
    assert places == sorted(places)


@pytest.mark.parametrize("arguments", [[], ["fit"]])
def test_nothing_to_do_shows_the_help(elman: Elman, arguments: list[str]):
    result = elman(*arguments)
    assert result.code == 2
    assert "Usage: elman" in result.out
    assert result.err == ""
