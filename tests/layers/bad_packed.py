"""Packed sequences that no packing makes, and what must not stand beside a good one."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from bad_case import Case, Fault, cases
from bad_values import of_tensors
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from elman import GRU, LSTM, RNN, Recurrent
from elman.cells import GRUCell
from elman.errors import DeviceError, DtypeError, LengthError, OptionError, ShapeError

DATA, SIZES = torch.zeros(6, 2), torch.tensor([2, 2, 1, 1])  # lengths 4 and 2
RESETS = {"resets": torch.zeros(4, 2, dtype=torch.bool)}
LAYERS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "Recurrent(packed)": (lambda: Recurrent(GRUCell(2, 3)), {}),
    "Recurrent(packed, batch_first)": (lambda: Recurrent(GRUCell(2, 3), batch_first=True), {}),
    "RNN(packed)": (lambda: RNN(2, 3), {}),
    "GRU(packed)": (lambda: GRU(2, 3), {}),
    "LSTM(packed, resets)": (lambda: LSTM(2, 3), RESETS),
}
BROKEN: list[Fault] = [
    ("with data of no axis", lambda: packed(torch.tensor(1.0)), ShapeError),
    ("with data of one axis", lambda: packed(torch.zeros(6)), ShapeError),
    ("with data of three axes", lambda: packed(torch.zeros(6, 1, 2)), ShapeError),
    ("with a list of data", lambda: packed([[0.0]] * 6), DtypeError),
    ("with an array of data", lambda: packed(DATA.numpy()), DtypeError),
    ("with no data", lambda: packed(None), DtypeError),
    ("with nested data", lambda: packed(torch.nested.nested_tensor([*DATA])), DtypeError),
    ("with sparse data", lambda: packed(DATA.to_sparse()), DtypeError),
    ("with a row too few", lambda: packed(DATA[:5]), ShapeError),
    ("with a row too many", lambda: packed(torch.zeros(7, 2)), ShapeError),
    ("with no rows", lambda: packed(torch.zeros(0, 2)), ShapeError),
    ("with rising batch sizes", lambda: packed(sizes=[1, 2, 3]), LengthError),
    ("with a batch size of zero", lambda: packed(sizes=[3, 3, 0]), LengthError),
    ("with a negative batch size", lambda: packed(sizes=[4, 3, -1]), LengthError),
    ("with no batch sizes", lambda: packed(torch.zeros(0, 2), sizes=[]), LengthError),
    ("with batch sizes of two axes", lambda: packed(sizes=[[2, 2, 1, 1]]), DtypeError),
    ("with one batch size of no axis", lambda: packed(sizes=6), DtypeError),
    ("with batch sizes of 32 bits", lambda: packed(sizes=SIZES.int()), DtypeError),
    ("with batch sizes of floats", lambda: packed(sizes=SIZES.float()), DtypeError),
    ("with batch sizes of bools", lambda: packed(DATA[:1], sizes=[True]), DtypeError),
    ("with sparse batch sizes", lambda: packed(sizes=SIZES.to_sparse()), DtypeError),
    ("with too short an order", lambda: ordered([0], [0]), ShapeError),
    ("with too long an order", lambda: ordered([0, 1, 2], [0, 1, 2]), ShapeError),
    ("with rows that are not there", lambda: ordered([0, 7], [0, 7]), ShapeError),
    ("with negative rows", lambda: ordered([0, -1], [0, -1]), ShapeError),
    ("with a row twice", lambda: ordered([1, 1], [1, 1]), ShapeError),
    ("with an order undone wrongly", lambda: ordered([1, 0], [0, 1]), ShapeError),
    ("with an order of floats", lambda: ordered([0.0, 1.0], [0.0, 1.0]), DtypeError),
    ("with an order that is not undone", lambda: packed()._replace(sorted_indices=SIZES[:2] - 1), DtypeError),
]
UNFIT: list[Fault] = [  # torch's own layers say it in their own words
    (f"with data of {fault}", make, (DtypeError, ValueError))
    for fault, make, _ in of_tensors(DATA)
    if fault.startswith("torch.")
]
WIDTHS: list[Fault] = [
    (f"with data of width {width}", partial(torch.zeros, 6, width), (ShapeError, RuntimeError))
    for width in (0, 1, 3, 64)
]


def packed(data: Any = DATA, sizes: Any = SIZES) -> PackedSequence:
    return PackedSequence(
        data,
        sizes if isinstance(sizes, Tensor) else torch.tensor(sizes, dtype=None if sizes else torch.int64),
    )


def ordered(order: list[Any], back: list[Any]) -> PackedSequence:
    return PackedSequence(DATA, SIZES, torch.tensor(order), torch.tensor(back))


def all_cases() -> Iterator[Case]:
    for name, (layer, options) in LAYERS.items():
        run = partial(call, layer, options)
        yield from cases(name, "input", run, BROKEN, word="`input.")
        data: list[Fault] = [
            (f"with data of {fault}", make, (DtypeError, ValueError)) for fault, make, _ in UNFIT
        ]
        yield from cases(name, "input", lambda value, run=run: run(packed(value)), data, word="dtype")
        yield from cases(name, "input", lambda value, run=run: run(packed(value)), WIDTHS, word="input")
        meta: Fault = ("with data without values", lambda: packed(DATA.to("meta")), DeviceError)
        yield from cases(name, "input", run, [meta], word="meta")
        yield from beside(name, layer)


def call(layer: Callable[[], Any], options: dict[str, Any], value: Any, *given: Any, **more: Any) -> Any:
    return layer()(value, *given, **{**options, **more})


def beside(name: str, layer: Callable[[], Any]) -> Iterator[Case]:
    lengths: list[Fault] = [("beside it", lambda: [4, 2], OptionError)]
    yield from cases(
        name, "lengths", lambda value: layer()(packed(), lengths=value), lengths, word="`lengths`"
    )
    resets: list[Fault] = [
        ("of shape (2, 3)", lambda: torch.zeros(2, 3, dtype=torch.bool), ShapeError),
        ("of shape (6,)", lambda: torch.zeros(6, dtype=torch.bool), ShapeError),
        ("packed", packed, DtypeError),
        ("floats", lambda: torch.zeros(4, 2), DtypeError),
    ]
    yield from cases(name, "resets", lambda value: layer()(packed(), resets=value), resets)
