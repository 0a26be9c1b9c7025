"""Calls that look wrong and are not: each has a documented result; and parameters that became wrong."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any

import torch
from bad_case import Case, Fault, Make, cases
from torch import Tensor, nn
from torch.testing import assert_close
from unusual_values import GOOD_LENGTHS, GOOD_RESETS, WITHOUT_MEMORY, lie_in_memory

from elman import GRU, LSTM, RNN, Recurrent
from elman.cells import GRUCell, LSTMCell, map_state
from elman.errors import ElmanError

GOOD = torch.linspace(-1, 1, 16).view(4, 2, 2)
STATE = torch.linspace(-1, 1, 6).view(2, 3)
LAYERS: dict[str, Callable[[], Any]] = {
    "Recurrent(GRUCell)": lambda: Recurrent(GRUCell(2, 3)),
    "Recurrent(LSTMCell, reverse)": lambda: Recurrent(LSTMCell(2, 3), reverse=True),
    "RNN": lambda: RNN(2, 3),
    "LSTM": lambda: LSTM(2, 3),
    "GRU": lambda: GRU(2, 3, bidirectional=True),
}


def clean(value: Tensor) -> Tensor:
    return torch.empty(value.shape, dtype=value.dtype).copy_(value.detach())


def leaves(result: Any) -> list[Tensor]:
    return [result] if isinstance(result, Tensor) else list(chain.from_iterable(map(leaves, result)))


def same(results: tuple[Any, Any]) -> bool:
    """Whether both calls gave the same; each number is computed from the same ones, in whatever order."""
    ours, expected = ([tensor.as_subclass(Tensor) for tensor in leaves(result)] for result in results)
    assert_close(ours, expected, rtol=1e-5, atol=1e-6)
    return all(tensor.isfinite().all() for tensor in ours)


def twice(
    make: Callable[[], Any], call: Callable[[Any, Any], Any], wanted: Callable[[Any], Any], value: Any
) -> Any:
    """Results of one layer, called with the unusual value and with the usual one."""
    torch.manual_seed(0)
    layer = make()
    return call(layer, value), call(layer, wanted(value))


def start_of(layer: Any, state: Tensor) -> Any:
    if isinstance(layer, Recurrent):
        return map_state(lambda part: state, layer.cell.initial_state(2))
    stacked = torch.stack([state] * (1 + layer.bidirectional))
    return (stacked, stacked) if layer.mode == "LSTM" else stacked


def good_cases() -> Iterator[Case]:
    for name, make in LAYERS.items():
        arguments: list[tuple[str, dict[str, Make], Any, Callable[[Any], Any]]] = [
            ("input", lie_in_memory(GOOD), lambda layer, x: layer(x), clean),
            ("state", lie_in_memory(STATE), lambda layer, h: layer(GOOD, start_of(layer, h)), clean),
            (
                "lengths",
                GOOD_LENGTHS,
                lambda layer, n: layer(GOOD, lengths=n),
                lambda n: torch.tensor([4, 2]),
            ),
            ("resets", GOOD_RESETS, lambda layer, r: layer(GOOD, resets=r), clean),
        ]
        for argument, values, call, wanted in arguments:
            known = {
                fault: value for fault, value in values.items() if (name, fault) != ("LSTM", WITHOUT_MEMORY)
            }
            for fault, value in known.items():
                run = partial(twice, make, call, wanted)
                yield Case(name, argument, f"{fault}, which is good", value, run, check=same)


EMPTY: dict[str, dict[str, Any]] = {
    "alone": {},
    "with no lengths": {"lengths": []},
    "with a tensor of no lengths": {"lengths": torch.zeros(0, dtype=torch.int64)},
    "with no resets": {"resets": torch.zeros(4, 0, dtype=torch.bool)},
}


def empty_cases() -> Iterator[Case]:
    for name, make in LAYERS.items():
        for fault, options in EMPTY.items():
            yield Case(
                name,
                "input",
                f"of no sequences, {fault}",
                lambda: torch.zeros(4, 0, 2),
                lambda x, make=make, options=options: make()(x, **options),
                check=lambda result: (
                    result[0].shape[:2] == (4, 0) and all(not t.numel() for t in leaves(result))
                ),
            )
    yield Case(
        "Recurrent.step",
        "input",
        "of no sequences",
        lambda: torch.zeros(0, 2),
        lambda x: Recurrent(LSTMCell(2, 3)).step(x),
        check=lambda result: [tensor.shape for tensor in leaves(result)] == [(0, 3)] * 3,
    )


WEIGHTS: list[Fault] = [
    ("with too few columns", lambda: torch.zeros(9, 1), (RuntimeError, ElmanError)),
    ("with too many columns", lambda: torch.zeros(9, 64), (RuntimeError, ElmanError)),
    ("with too few rows", lambda: torch.zeros(6, 3), (RuntimeError, ElmanError)),
    ("of float64", lambda: torch.zeros(9, 3).double(), (RuntimeError, ElmanError)),
    ("of bfloat16", lambda: torch.zeros(9, 3).bfloat16(), (RuntimeError, ElmanError)),
    ("without values", lambda: torch.zeros(9, 3, device="meta"), (RuntimeError, ElmanError)),
]


def with_weight(value: Tensor) -> Any:
    layer = Recurrent(GRUCell(2, 3))
    layer.cell.weight_hh = nn.Parameter(value)
    return layer(GOOD)


def all_cases() -> Iterator[Case]:
    yield from good_cases()
    yield from empty_cases()
    yield from cases("Recurrent(GRUCell)", "weight_hh", with_weight, WEIGHTS, word="size|shape|dtype|meta")
