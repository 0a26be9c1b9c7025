"""What networks and gradient methods are called on the command line, and what is made of the names."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from elman.cells import Cell
from elman.errors import OptionError
from elman.experiments.memoryless import MEMORYLESS
from elman.layers import Recurrent
from elman.layers.named_cells import find_class
from elman.training import Schedule
from elman.training.through_time.names import find_schedule

SCHEDULES = "bptt, tbptt:50 (segments), tbptt:10:50 (every 10 steps, 50 back), per-step or rtrl"


def parse_network(text: str) -> tuple[type[Cell], dict[str, Any]]:
    """Return the class of a cell, and its options.

    Args:
        text: As `elman cells` lists them, or FILE.py:CLASS; options behind a colon: "lstm:forget_bias=2".

    Raises:
        OptionError: There is no such cell or option.

    Example:
        >>> parse_network("ElmanCell:activation=relu")
        (<class 'elman.cells.elman.ElmanCell'>, {'activation': 'relu'})
    """
    home, is_file, name = text.rpartition(".py:")
    name, _, rest = name.partition(":")
    cell_class = find_class(f"{home}{is_file}{name}")
    options = dict(_option(text, one) for one in rest.split(",") if one)
    known = inspect.signature(cell_class).parameters.keys() - {"input_size", "hidden_size"}
    for option in options.keys() - known:
        raise OptionError(
            f"{cell_class.__name__} has no option {option!r}, in {text!r}.\n"
            f"    Its options are {', '.join(sorted(known)) or 'none'}."
        )
    return cell_class, options


def check_networks(names: Iterable[str], input_size: int, hidden_size: int) -> None:
    """Make each cell once, since its options have their say only then; random numbers are left alone.

    Args:
        names: As `parse_network` reads them.
        input_size: Features of the input, I.
        hidden_size: Hidden units, H.

    Raises:
        OptionError: There is no such cell or option, or an option has a value that is not legal.
    """
    with torch.random.fork_rng(devices=[]):
        for name in names:
            cell_class, options = parse_network(name)
            cell_class(input_size, hidden_size, **options)


def make_network(text: str, input_size: int, hidden_size: int, window: int) -> nn.Module:
    """Return a layer over sequences, by its name.

    Args:
        text: A cell as `parse_network` reads it; or dense, or convolution.
        input_size: Features of the input, I.
        hidden_size: Hidden units, H.
        window: Time steps that a network without memory sees.

    Raises:
        OptionError: There is no such cell or option.
    """
    if text in MEMORYLESS:
        return MEMORYLESS[text](input_size, hidden_size, window)
    cell_class, options = parse_network(text)
    return Recurrent(cell_class(input_size, hidden_size, **options))


def parse_schedule(text: str) -> Schedule:
    """Return a gradient method by its name.

    Args:
        text: bptt, tbptt:LENGTH, tbptt:LENGTH:WINDOW, per-step, rtrl or rtrl:EVERY.

    Raises:
        OptionError: There is none of that name, or its numbers are not legal.

    Example:
        >>> parse_schedule("tbptt:10:50")
        TBPTT(10, window=50)
    """
    schedule = find_schedule(text)
    if schedule is None:
        raise OptionError(f"--through-time must be {SCHEDULES}, but it is {text!r}.")
    return schedule


def _option(text: str, one: str) -> tuple[str, Any]:
    name, equals, value = one.partition("=")
    if not equals:
        raise OptionError(f"An option of a cell is written name=value, but {text!r} has {one!r}.")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value
