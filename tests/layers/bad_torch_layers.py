"""Wrong calls of the layers of torch.nn: where torch's own message names the thing, it stands."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from bad_case import Case, Fault, cases
from bad_values import LENGTHS, RESETS, WRONG_LENGTHS, of_shapes, of_tensors, of_types

from elman import GRU, LSTM, RNN
from elman.errors import DtypeError, OptionError

GOOD, STATE = torch.ones(4, 2, 2), torch.zeros(1, 2, 3)
TORCHS = (RuntimeError, ValueError, TypeError)
LAYERS: dict[str, Any] = {"RNN": RNN, "LSTM": LSTM, "GRU": GRU}
NONE: Fault = ("None", lambda: None, DtypeError)
WAYS: dict[str, dict[str, Any]] = {
    "": {},
    "(lengths)": {"lengths": [4, 2]},
    "(resets)": {"resets": torch.zeros(4, 2, dtype=torch.bool)},
}
COUNTS: list[tuple[str, Any]] = [
    ("zero", 0),
    ("negative", -1),
    ("a float", 1.5),
    ("a text", "2"),
    ("None", None),
]
OPTIONS: dict[str, list[tuple[str, Any]]] = {
    "input_size": COUNTS,
    "hidden_size": COUNTS,
    "num_layers": [*COUNTS, ("a list", [2]), ("a tensor", torch.tensor([1, 2]))],
    "bias": [("a text", "no"), ("None", None), ("a number", 1)],
    "batch_first": [("a text", "no"), ("None", None), ("a number", 1)],
    "dropout": [
        *[("negative", -0.1), ("above 1", 1.5), ("NaN", float("nan")), ("a text", "0.5"), ("a word", "high")],
        *[("None", None), ("a bool", True), ("a list", [0.5]), ("a tensor", torch.tensor([0.5, 0.5]))],
    ],
    "bidirectional": [
        *[("a text", "no"), ("None", None), ("a number", 2), ("a list", []), ("a float", 1.0)],
        ("a tensor", torch.tensor([True, False])),
    ],
    "dtype": [
        *[("of integers", torch.int64), ("bool", torch.bool), ("a text", "float32"), ("Python's", float)],
        ("a number", 32),
    ],
    "device": [("unknown", "nowhere"), ("a float", 1.5), ("a list", ["cpu"])],
}
ONLY: dict[str, dict[str, list[tuple[str, Any]]]] = {
    "RNN": {
        "nonlinearity": [
            ("unknown", "sigmoid"),
            ("in capitals", "TANH"),
            ("None", None),
            ("a list", ["tanh"]),
        ],
        "proj_size": [("not an option", 1)],
    },
    "LSTM": {
        "proj_size": [
            ("negative", -1),
            ("as hidden_size", 3),
            ("a float", 1.5),
            ("a text", "2"),
            ("None", None),
        ]
    },
    "GRU": {"proj_size": [("not an option", 1)], "reverse": [("not an option", True)]},
}


def constructors() -> Iterator[Case]:
    for name, layer in LAYERS.items():
        for argument, values in {**OPTIONS, **ONLY[name]}.items():
            faults: list[Fault] = [
                (fault, lambda value=value: value, (OptionError, DtypeError, *TORCHS))
                for fault, value in values
            ]
            run = partial(construct, layer, argument)
            yield from cases(f"{name}()", argument, run, faults, word=argument)


def construct(layer: Any, argument: str, value: Any) -> Any:
    return layer(**{"input_size": 2, "hidden_size": 3, argument: value})


def inputs(way: str) -> list[Fault]:
    shapes = of_shapes((), (2,), (4, 2, 3), (4, 2, 1), (4, 2, 0), (4, 2, 2, 1), (0, 2, 2))
    if way:
        return [NONE, *of_types(GOOD), *of_tensors(GOOD), *shapes, *of_shapes((4, 2))]
    own = [
        NONE,
        *of_types(GOOD),
        *(f for f in of_tensors(GOOD) if f[0].startswith(("sparse", "nested", "of mkl", "quant", "without"))),
    ]
    names = {fault for fault, _, _ in own}
    others = [f for f in [*of_tensors(GOOD), *shapes, *of_shapes((4, 3))] if f[0] not in names]
    return [*own, *((fault, make, TORCHS) for fault, make, _ in others)]


def one_state() -> list[Fault]:
    sizes = [
        (fault, make, TORCHS)
        for fault, make, _ in of_shapes((), (3,), (2, 2, 3), (1, 3, 3), (1, 2, 4), (1, 1, 2, 3))
    ]
    built: list[Fault] = [
        ("a tuple of one", lambda: (STATE,), DtypeError),
        ("a pair", lambda: (STATE, STATE), DtypeError),
    ]
    return [*of_types(STATE), *of_tensors(STATE), *built, *sizes]


def two_states() -> list[Fault]:
    built: list[Fault] = [
        ("one tensor", lambda: STATE, DtypeError),
        ("stacked", lambda: torch.stack([STATE, STATE]), DtypeError),
        ("a tuple of one", lambda: (STATE,), DtypeError),
        ("three tensors", lambda: (STATE, STATE, STATE), DtypeError),
        ("an empty tuple", tuple, DtypeError),
        ("a pair in a pair", lambda: ((STATE, STATE), STATE), DtypeError),
        ("None inside", lambda: (STATE, None), DtypeError),
        ("a dict", lambda: {"h": STATE, "c": STATE}, DtypeError),
    ]
    second: list[Fault] = [
        (f"{fault} beside a good one", lambda make=make: (STATE, make()), errors)
        for fault, make, errors in one_state()
    ]
    return [*built, *second]


def calls() -> Iterator[Case]:
    for name, layer in LAYERS.items():
        for way, options in WAYS.items():
            run = partial(call, layer, options)
            yield from cases(f"{name}{way}", "input", run, inputs(way), word="input|sequence length")
            states = two_states() if name == "LSTM" else one_state()
            yield from cases(f"{name}{way}", "hx", partial(run, GOOD), states, word="hx|hidden")
        yield from cases(
            name, "lengths", lambda value, layer=layer: layer(2, 3)(GOOD, lengths=value), LENGTHS
        )
        yield from cases(
            name,
            "lengths",
            lambda value, layer=layer: layer(2, 3)(GOOD, lengths=value),
            WRONG_LENGTHS,
            "lengths[",
        )
        yield from cases(name, "resets", lambda value, layer=layer: layer(2, 3)(GOOD, resets=value), RESETS)


def call(layer: Any, options: dict[str, Any], *given: Any) -> Any:
    return layer(2, 3)(*given, **options)


def all_cases() -> Iterator[Case]:
    yield from constructors()
    yield from calls()
