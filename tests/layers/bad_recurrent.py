"""Wrong calls of `Recurrent`: its options, and what it is run on."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from bad_case import Case, Fault, cases
from bad_values import CHOICES, FLAGS, LENGTHS, RESETS, WRONG_LENGTHS, of_shapes, of_tensors, of_types
from torch import Tensor, nn

from elman import Recurrent
from elman.cells import GRUCell, LSTMCell
from elman.errors import DtypeError, OptionError, ShapeError

GOOD = torch.linspace(-1, 1, 16).view(4, 2, 2)
STATE = torch.linspace(-1, 1, 6).view(2, 3)
NONE: Fault = ("None", lambda: None, DtypeError)


class Learned(GRUCell):
    """Starts from a parameter."""

    def __init__(self):
        super().__init__(2, 3)
        self.start = nn.Parameter(torch.ones(3))

    def initial_state(self, batch_size: int) -> Tensor:
        return self.start.expand(batch_size, -1)


class Noisy(GRUCell):
    """Takes a mask for each step."""

    def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:
        return {"mask": torch.ones(num_steps, batch_size, 3)}

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, input: Tensor, state: Tensor, mask: Tensor
    ):
        output, state = super().forward(input, state)
        return output * mask, state


LAYERS: dict[str, Callable[[], Recurrent]] = {
    "Recurrent(GRUCell)": lambda: Recurrent(GRUCell(2, 3)),
    "Recurrent(LSTMCell)": lambda: Recurrent(LSTMCell(2, 3)),
    "Recurrent(learned start)": lambda: Recurrent(Learned()),
    "Recurrent(step inputs)": lambda: Recurrent(Noisy(2, 3)),
    "Recurrent(reverse)": lambda: Recurrent(GRUCell(2, 3), reverse=True),
    "Recurrent(batch_first)": lambda: Recurrent(GRUCell(2, 3), batch_first=True),
}
STEPPED = ("Recurrent(GRUCell)", "Recurrent(LSTMCell)", "Recurrent(batch_first)")
CELLS: list[Fault] = [
    ("None", lambda: None, DtypeError),
    ("a text", lambda: "gru", DtypeError),
    ("a class", lambda: GRUCell, DtypeError),
    ("a cell of torch.nn", lambda: nn.GRUCell(2, 3), DtypeError),
    ("a layer of torch.nn", lambda: nn.GRU(2, 3), DtypeError),
    ("a layer", lambda: Recurrent(GRUCell(2, 3)), DtypeError),
    ("a function", lambda: torch.tanh, DtypeError),
    ("a list of cells", lambda: [GRUCell(2, 3)], DtypeError),
]


def constructor() -> Iterator[Case]:
    yield from cases("Recurrent()", "cell", Recurrent, CELLS)
    for flag in ("reverse", "batch_first"):
        yield from cases(
            "Recurrent()", flag, lambda value, flag=flag: Recurrent(GRUCell(2, 3), **{flag: value}), FLAGS
        )
    yield from cases("Recurrent()", "backend", lambda value: Recurrent(GRUCell(2, 3), backend=value), CHOICES)


def input_faults(batch_first: bool) -> list[Fault]:
    good = GOOD.transpose(0, 1).contiguous() if batch_first else GOOD
    empty = (2, 0, 2) if batch_first else (0, 2, 2)
    shapes = [(), (2,), (4, 2), (4, 2, 2, 1), (4, 2, 3), (4, 2, 1), (4, 2, 0), (4, 2, 64), empty]
    return [NONE, *of_types(good), *of_tensors(good), *of_shapes(*shapes)]


def one_state(good: Tensor = STATE) -> list[Fault]:
    shapes = of_shapes((), (3,), (2, 4), (2, 2), (2, 0), (1, 3), (3, 3), (0, 3), (3, 2), (1, 2, 3), (2, 3, 1))
    built: list[Fault] = [
        ("a tuple of one", lambda: (good,), ShapeError),
        ("a pair", lambda: (good, good), ShapeError),
        ("an empty tuple", tuple, ShapeError),
    ]
    return [*of_types(good, ShapeError), *of_tensors(good), *shapes, *built]


def two_states() -> list[Fault]:
    built: list[Fault] = [
        ("one tensor", lambda: STATE, ShapeError),
        ("stacked", lambda: torch.stack([STATE, STATE]), ShapeError),
        ("a list", lambda: [STATE, STATE], ShapeError),
        ("a tuple of one", lambda: (STATE,), ShapeError),
        ("three tensors", lambda: (STATE, STATE, STATE), ShapeError),
        ("a pair in a tuple", lambda: ((STATE, STATE),), ShapeError),
        ("a pair in a pair", lambda: ((STATE, STATE), STATE), ShapeError),
        ("None inside", lambda: (STATE, None), ShapeError),
        ("None before", lambda: (None, STATE), ShapeError),
        ("an empty tuple", tuple, ShapeError),
    ]
    wrong = [*of_types(STATE, ShapeError), *of_tensors(STATE), *of_shapes((2, 4), (1, 3), (2,))]
    second: list[Fault] = [
        (f"{fault} beside a good one", lambda make=make: (STATE, make()), errors)
        for fault, make, errors in wrong
    ]
    return [*built, *second]


def calls() -> Iterator[Case]:
    for name, layer in LAYERS.items():
        x = GOOD.transpose(0, 1).contiguous() if "batch_first" in name else GOOD
        states = two_states() if "LSTM" in name else one_state()
        yield from cases(
            name, "input", lambda value, layer=layer: layer()(value), input_faults("batch" in name)
        )
        yield from cases(name, "initial_state", lambda value, layer=layer, x=x: layer()(x, value), states)
        yield from lengths_and_resets(name, layer, x)
        if name in STEPPED:
            yield from steps(name, layer, states)


def lengths_and_resets(name: str, layer: Callable[[], Any], x: Tensor) -> Iterator[Case]:
    def run(argument: str, value: Any) -> Any:
        turned = argument == "resets" and "batch_first" in name and is_matrix(value)
        return layer()(x, **{argument: value.transpose(0, 1) if turned else value})

    yield from cases(name, "lengths", partial(run, "lengths"), LENGTHS)
    yield from cases(name, "lengths", partial(run, "lengths"), WRONG_LENGTHS, word="lengths[")
    yield from cases(name, "resets", partial(run, "resets"), RESETS)


def is_matrix(value: Any) -> bool:
    return isinstance(value, Tensor) and not value.is_nested and value.dim() == 2


def steps(name: str, layer: Callable[[], Recurrent], states: list[Fault]) -> Iterator[Case]:
    shapes = of_shapes((), (2,), (1, 2, 2), (4, 2, 2), (2, 3), (2, 1), (2, 0), (2, 2, 2, 2))
    faults = [NONE, *of_types(GOOD[0]), *of_tensors(GOOD[0]), *shapes]
    yield from cases(f"{name}.step", "input", lambda value: layer().step(value), faults)
    yield from cases(f"{name}.step", "state", lambda value: layer().step(GOOD[0], value), states)


def reversed_steps() -> Iterator[Case]:
    yield from cases(
        "Recurrent.step",
        "reverse",
        lambda value: Recurrent(GRUCell(2, 3), reverse=value).step(GOOD[0]),
        [("set", lambda: True, OptionError)],
        word="reverse=True",
    )


def all_cases() -> Iterator[Case]:
    yield from constructor()
    yield from calls()
    yield from reversed_steps()
