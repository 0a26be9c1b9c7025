"""Cells of a user that return what they must not."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from bad_case import Case, Fault, cases
from bad_values import of_shapes, of_tensors, of_types
from torch import Tensor

from elman import Recurrent
from elman.cells import GRUCell
from elman.errors import DeviceError, DtypeError, ShapeError

GOOD, STATE = torch.ones(4, 2, 2), torch.zeros(2, 3)
MASK = torch.ones(4, 2, 3)
FREELY_PLACED = ("torch.bool", "int", "float")  # dtypes that a fresh state may have: it gets the input's


class Own(GRUCell):
    """Returns what it is told to."""

    def __init__(self, **returned: Callable[..., Any]):
        super().__init__(2, 3)
        self.returned = returned

    def initial_state(self, batch_size: int) -> Any:
        make = self.returned.get("initial_state")
        return super().initial_state(batch_size) if make is None else make()

    def step_inputs(self, num_steps: int, batch_size: int) -> Any:
        make = self.returned.get("step_inputs")
        return {} if make is None else make()

    def forward(self, input: Tensor, state: Tensor, **more: Any) -> Any:
        make = self.returned.get("forward")
        return super().forward(input, state) if make is None else make()


NO_TENSORS: list[Fault] = [("None", lambda: None, DtypeError), *of_types(STATE)]
FRESH: list[Fault] = [
    *NO_TENSORS,
    *((f, m, e) for f, m, e in of_tensors(STATE) if not any(word in f for word in FREELY_PLACED)),
    *of_shapes((), (3,), (1, 3), (3, 3), (0, 3), (3, 2)),
    ("a list of tensors", lambda: [STATE, STATE], DtypeError),
    ("None in a tuple", lambda: (STATE, None), DtypeError),
    ("a list in a tuple", lambda: (STATE, [STATE]), DtypeError),
    ("other rows in a tuple", lambda: (STATE, torch.zeros(3, 3)), ShapeError),
]
RESULTS: list[Fault] = [
    ("None", lambda: None, DtypeError),
    ("one tensor", lambda: STATE, DtypeError),
    ("a list", lambda: [STATE, STATE], DtypeError),
    ("three values", lambda: (STATE, STATE, STATE), DtypeError),
    ("nothing", tuple, DtypeError),
    ("a dict", dict, DtypeError),
    ("a generator", lambda: (tensor for tensor in (STATE, STATE)), DtypeError),
]
SPARSE = ("sparse", "mkldnn", "nested")
OUTPUTS: list[Fault] = [
    *NO_TENSORS,
    ("a tuple", lambda: (STATE, STATE), DtypeError),
    *((fault, make, errors) for fault, make, errors in of_tensors(STATE) if fault.startswith(SPARSE)),
    *of_shapes((), (3,), (1, 3), (3, 3), (0, 3)),
]
STATES: list[Fault] = [
    ("None", lambda: None, ShapeError),
    *of_types(STATE, ShapeError),
    ("a tuple of one", lambda: (STATE,), ShapeError),
    ("a pair", lambda: (STATE, STATE), ShapeError),
    *((fault, make, (DtypeError, ShapeError, DeviceError)) for fault, make, _ in of_tensors(STATE)),
    *of_shapes((), (3,), (1, 3), (3, 3), (2, 4), (2, 3, 1)),
]
STEP_INPUTS: list[Fault] = [
    *(fault for fault in NO_TENSORS if fault[0] != "a dict"),
    ("a tensor", lambda: MASK, DtypeError),
    ("a tuple", tuple, DtypeError),
]
LAYOUTS = [(f, make, e) for f, make, e in of_tensors(MASK) if f.startswith((*SPARSE, "without"))]
STEP_INPUT: list[Fault] = [
    *NO_TENSORS,
    *LAYOUTS,
    *of_shapes((), (3,), (5,), (5, 2, 3), (4, 1, 3), (4, 3, 3), (3, 2, 3), (1, 2, 3), (1,), (0, 2)),
]
NAMES: list[Fault] = [  # which Python itself says well
    ("unknown to forward", lambda: "noise", TypeError),
    ("that of the input", lambda: "input", TypeError),
    ("that of the state", lambda: "state", TypeError),
]


def all_cases() -> Iterator[Case]:
    def start(value: Any, *given: Any) -> Any:
        return Recurrent(Own(initial_state=lambda: value))(GOOD, *given)

    yield from cases("Cell.initial_state", "return", start, FRESH, word="`Own.initial_state`")
    yield from cases(
        "Cell.initial_state beside a state",
        "return",
        lambda value: start(value, STATE),
        [*NO_TENSORS, *of_shapes((), (3,), (1, 3))],
        word="`Own.initial_state`",
    )
    yield from forward_cases()
    yield from step_input_cases()


def forward_cases() -> Iterator[Case]:
    def run(value: Any, **options: Any) -> Any:
        return Recurrent(Own(forward=lambda: value))(GOOD, **options)

    name = "Cell.forward"
    yield from cases(name, "return", run, RESULTS, word="Own.forward must return a pair")
    yield from cases(name, "output", lambda value: run((value, STATE)), OUTPUTS, word="output")
    yield from cases(name, "state", lambda value: run((STATE, value)), STATES, word="a state")
    short = {"lengths": [4, 2]}  # the rows that run are the first ones in the end
    yield from cases(
        f"{name} with lengths", "output", lambda value: run((value, STATE), **short), OUTPUTS, word="output"
    )
    shapes = iter([(2, 3), (2, 3), (2, 4), (2, 5)])
    yield Case(
        name,
        "output",
        "of another shape at t=2",
        lambda: lambda: (torch.zeros(next(shapes)), STATE),
        lambda make: Recurrent(Own(forward=make), backend="eager")(GOOD),
        ShapeError,
        "(2, 3) at t=0 and (2, 4) at t=2",
    )


def step_input_cases() -> Iterator[Case]:
    def run(value: Any) -> Any:
        return Recurrent(Own(step_inputs=lambda: value))(GOOD)

    yield from cases("Cell.step_inputs", "return", run, STEP_INPUTS, word="Own.step_inputs`")
    yield from cases(
        "Cell.step_inputs",
        "mask",
        lambda value: run({"mask": value}),
        STEP_INPUT,
        word="Own.step_inputs()['mask']",
    )
    strict = type(
        "Strict", (Own,), {"forward": lambda self, input, state: GRUCell.forward(self, input, state)}
    )
    for fault, make, errors in NAMES:
        yield Case(
            "Cell.step_inputs",
            "name",
            fault,
            make,
            lambda name: Recurrent(strict(step_inputs=lambda: {name: MASK}))(GOOD),
            errors,
            f"'{make()}'",
        )
