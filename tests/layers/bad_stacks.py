"""Wrong calls of layers that are built around others: what goes in, where it starts, and their options."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from bad_case import Case, Fault, cases
from bad_recurrent import CELLS, GOOD, NONE, STATE, input_faults, lengths_and_resets, one_state
from bad_values import CHOICES, FLAGS, of_shapes, of_tensors, of_types

from elman import GRU, Bidirectional, Recurrent, Stacked, Stateful
from elman.cells import DeepTransitionCell, GRUCell
from elman.errors import DtypeError, LengthError, OptionError, ShapeError
from elman.layers import align_left, align_right

LAYERS: dict[str, Callable[[], Any]] = {
    "Stacked": lambda: Stacked(GRUCell(2, 3), GRUCell(3, 3)),
    "Stacked(residual)": lambda: Stacked(GRUCell(2, 2), GRUCell(2, 3), residual=(0,)),
    "Stacked(batch_first)": lambda: Stacked(GRUCell(2, 3), GRUCell(3, 3), batch_first=True),
    "Bidirectional": lambda: Bidirectional(GRUCell(2, 3)),
    "Bidirectional(batch_first)": lambda: Bidirectional(GRUCell(2, 3), batch_first=True),
    "Stateful(Recurrent)": lambda: Stateful(Recurrent(GRUCell(2, 3))),
    "Stateful(Stacked)": lambda: Stateful(Stacked(GRUCell(2, 3), GRUCell(3, 3))),
    "Recurrent(learned)": lambda: Recurrent(GRUCell(2, 3), learn_initial_state=True),
}
PAIRS: list[Fault] = [
    ("one tensor", lambda: STATE, ShapeError),
    ("stacked", lambda: torch.stack([STATE, STATE]), ShapeError),
    ("a list", lambda: [STATE, STATE], ShapeError),
    ("a tuple of one", lambda: (STATE,), ShapeError),
    ("three tensors", lambda: (STATE, STATE, STATE), ShapeError),
    ("a text", lambda: "zeros", ShapeError),
    *(
        (f"{fault} beside a good one", lambda make=make: (STATE, make()), errors)
        for fault, make, errors in [
            *of_types(STATE, ShapeError),
            *of_tensors(STATE),
            *of_shapes((2, 4), (1, 3)),
        ]
    ),
]
NO_LAYERS: list[Fault] = [fault for fault in CELLS if fault[0] != "a layer"]
PROBABILITIES: list[Fault] = [
    ("negative", lambda: -0.1, OptionError),
    ("above one", lambda: 1.5, OptionError),
    ("NaN", lambda: float("nan"), OptionError),
    ("a text", lambda: "0.5", OptionError),
    ("None", lambda: None, OptionError),
    ("a bool", lambda: True, OptionError),
]
NUMBERS: list[Fault] = [
    ("a number", lambda: 1, OptionError),
    ("a text", lambda: "all", OptionError),
    ("None", lambda: None, OptionError),
    ("of a layer that is not there", lambda: (2,), OptionError),
    ("negative", lambda: (-1,), OptionError),
    ("of bools", lambda: (False, True), OptionError),
    ("of floats", lambda: (1.0,), OptionError),
    ("a set", lambda: {1}, OptionError),
]
SEQUENCES: list[Fault] = [
    ("a text", lambda: "all", DtypeError),
    ("a float", lambda: 0.5, DtypeError),
    ("of floats", lambda: torch.zeros(2), DtypeError),
    ("complex", lambda: [1j], DtypeError),
    ("that is not there", lambda: [2], ShapeError),
    ("negative", lambda: [-1], ShapeError),
    ("of too few bools", lambda: torch.tensor([True]), ShapeError),
    ("of too many axes", lambda: torch.ones(2, 2, dtype=torch.bool), ShapeError),
]
DEPTHS: list[Fault] = [
    ("negative", lambda: -1, OptionError),
    ("a float", lambda: 2.0, OptionError),
    ("a text", lambda: "2", OptionError),
    ("None", lambda: None, OptionError),
    ("a bool", lambda: True, OptionError),
    ("a tensor", lambda: torch.tensor(2), OptionError),
]


def constructors() -> Iterator[Case]:
    good = GRUCell(2, 3)
    yield from cases("Stacked()", "layers", lambda cell: Stacked(good, cell), NO_LAYERS, word="layers[1]")
    yield from cases("Stacked()", "dropout", lambda share: Stacked(good, dropout=share), PROBABILITIES)
    yield from cases(
        "Stacked()", "residual", lambda which: Stacked(good, GRUCell(3, 3), residual=which), NUMBERS
    )
    yield from cases("Stacked()", "batch_first", lambda flag: Stacked(good, batch_first=flag), FLAGS)
    missing: Fault = ("None", lambda: None, DtypeError)
    without = [fault for fault in NO_LAYERS if fault[0] != "None"]
    yield from cases("Bidirectional()", "forward", Bidirectional, [missing, *without])
    yield from cases("Bidirectional()", "backward", partial(Bidirectional, good), without)
    yield from cases("Bidirectional()", "merge", partial(Bidirectional, good, None), CHOICES)
    yield from cases(
        "Bidirectional()", "batch_first", lambda flag: Bidirectional(good, batch_first=flag), FLAGS
    )
    yield from cases("Stateful()", "layer", Stateful, [*NO_LAYERS, ("a cell", lambda: good, DtypeError)])
    yield from cases(
        "Recurrent()",
        "learn_initial_state",
        lambda flag: Recurrent(good, learn_initial_state=flag),
        FLAGS,
    )
    for name in ("input_depth", "transition_depth", "output_depth"):
        yield from cases(
            "DeepTransitionCell()", name, lambda n, name=name: DeepTransitionCell(2, 3, **{name: n}), DEPTHS
        )


def calls() -> Iterator[Case]:
    for name, make in LAYERS.items():
        x = GOOD.transpose(0, 1).contiguous() if "batch_first" in name else GOOD
        faults = input_faults("batch_first" in name)
        yield from cases(name, "input", lambda value, make=make: make()(value), faults)
        states = one_state() if "Recurrent" in name else PAIRS
        if name != "Stacked(residual)":  # its states differ in size
            yield from cases(name, "initial_state", lambda value, make=make, x=x: make()(x, value), states)
        yield from lengths_and_resets(name, make, x)
        if "Bidirectional" not in name:
            yield from steps(name, make)


def steps(name: str, make: Callable[[], Any]) -> Iterator[Case]:
    shapes = of_shapes((), (2,), (1, 2, 2), (4, 2, 2), (2, 3), (2, 0), (2, 2, 2, 2))
    faults = [NONE, *of_types(GOOD[0]), *of_tensors(GOOD[0]), *shapes]
    yield from cases(f"{name}.step", "input", lambda value: make().step(value), faults)


def carried() -> Iterator[Case]:
    def call(value: Any) -> Any:
        layer = Stateful(Recurrent(GRUCell(2, 3)))
        layer(GOOD)
        return layer(value)

    def reset(sequences: Any) -> None:
        layer = Stateful(Recurrent(GRUCell(2, 3)))
        layer(GOOD)
        layer.reset(sequences)

    yield from cases("Stateful, called again", "input", call, of_shapes((4, 1, 2), (4, 3, 2), (4, 0, 2)))
    yield from cases("Stateful.reset", "sequences", reset, SEQUENCES)
    flat: list[Fault] = [("of one sequence", lambda: GOOD[:, 0], ShapeError)]
    yield from cases("Stateful(GRU)", "input", lambda value: Stateful(GRU(2, 3))(value), flat)


def aligned() -> Iterator[Case]:
    for align, name in ((align_left, "input"), (align_right, "output")):
        called = align.__name__
        faults = [NONE, *of_types(GOOD), *of_shapes((), (4,))]
        yield from cases(called, name, lambda value, align=align: align(value, [4, 4]), faults)
        lengths: list[Fault] = [
            ("None", lambda: None, DtypeError),
            ("of floats", lambda: [4.0, 4.0], DtypeError),
            ("too few", lambda: [4], ShapeError),
        ]
        yield from cases(called, "lengths", lambda value, align=align: align(GOOD, value), lengths)
        wrong: list[Fault] = [
            ("zero", lambda: [4, 0], LengthError),
            ("too long", lambda: torch.tensor([4, 5]), LengthError),
        ]
        yield from cases(called, "lengths", lambda v, align=align: align(GOOD, v), wrong, word="lengths[1]")
        flags = lambda flag, align=align: align(GOOD, [4, 4], batch_first=flag)  # noqa: E731
        yield from cases(called, "batch_first", flags, FLAGS)


def all_cases() -> Iterator[Case]:
    yield from constructors()
    yield from calls()
    yield from carried()
    yield from aligned()
