"""Wrong options of cells, and wrong arguments of the marks inside them."""

from collections.abc import Iterator
from typing import Any

import torch
from bad_case import Case, Fault, cases
from bad_values import CHOICES, FLAGS, SIZES, of_types

from elman import Cell, clip_gradient, observe
from elman.cells import ElmanCell, Gate, GRUCell, LSTMCell, map_state
from elman.errors import DtypeError, OptionError

NUMBERS: list[Fault] = [
    ("NaN", lambda: float("nan"), OptionError),
    ("infinite", lambda: float("inf"), OptionError),
    ("None", lambda: None, OptionError),
    ("a text", lambda: "1", OptionError),
    ("a bool", lambda: True, OptionError),
    ("complex", lambda: 1j, OptionError),
    ("a list", lambda: [1.0], OptionError),
    ("a tensor", lambda: torch.tensor(1.0), OptionError),
]
LIMITS: list[Fault] = [
    ("zero", lambda: 0.0, OptionError),
    ("negative", lambda: -1, OptionError),
    *(fault for fault in NUMBERS if fault[0] != "infinite"),
]
NAMES: list[Fault] = [
    ("None", lambda: None, OptionError),
    ("a number", lambda: 1, OptionError),
    ("empty", str, OptionError),
    ("bytes", lambda: b"gate", OptionError),
    ("the tensor", lambda: torch.zeros(200, 200), OptionError),
]
VALUES: list[Fault] = [("None", lambda: None, DtypeError), *of_types(torch.zeros(2))]
CHOSEN = [(ElmanCell, "activation"), (GRUCell, "update_gate"), (GRUCell, "reset_gate")]


def all_cases() -> Iterator[Case]:
    for cell in (ElmanCell, LSTMCell, GRUCell, Gate):
        name = f"{cell.__name__}()"
        yield from cases(name, "input_size", lambda size, cell=cell: cell(size, 3), SIZES)
        yield from cases(name, "hidden_size", lambda size, cell=cell: cell(2, size), SIZES)
        for flag in ("bias", "double_bias"):
            yield from option(name, cell, flag, FLAGS)
        without: Fault = ("without bias", lambda: True, OptionError)
        yield from cases(
            name,
            "double_bias",
            lambda both, cell=cell: cell(2, 3, bias=False, double_bias=both),
            [without],
            "bias",
        )
    for cell, argument in CHOSEN:
        yield from option(f"{cell.__name__}()", cell, argument, CHOICES)
    yield from option("LSTMCell()", LSTMCell, "forget_bias", NUMBERS)
    yield from marks()
    yield from bases()


def option(name: str, make: Any, argument: str, faults: list[Fault]) -> Iterator[Case]:
    yield from cases(name, argument, lambda value: make(2, 3, **{argument: value}), faults)


def marks() -> Iterator[Case]:
    value = torch.zeros(2)
    yield from cases("observe", "name", lambda name: observe(name, value), NAMES)
    yield from cases("observe", "value", lambda wrong: observe("gate", wrong), VALUES)
    yield from cases("clip_gradient", "limit", lambda limit: clip_gradient(value, limit), LIMITS)
    yield from cases("clip_gradient", "value", lambda wrong: clip_gradient(wrong, 1.0), VALUES)


def bases() -> Iterator[Case]:
    abstract: list[Fault] = [("not written", lambda: Cell, TypeError)]
    yield from cases("Cell()", "forward", lambda base: base(2, 3), abstract, word="forward")
    pair = (torch.zeros(2), torch.zeros(2))
    structures: list[Fault] = [
        ("of other lengths", lambda: pair[:1], ValueError),
        ("a tensor beside a tuple", lambda: pair[0], ValueError),
        ("None", lambda: None, ValueError),
        ("a list", lambda: [*pair], ValueError),
        ("a tuple with None", lambda: (pair[0], None), ValueError),
    ]
    yield from cases(
        "map_state", "states", lambda state: map_state(torch.add, pair, state), structures, word="structure"
    )
