"""Values that an argument must not have."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from bad_case import Fault
from torch import Tensor, nn

from elman.errors import DeviceError, DtypeError, LengthError, OptionError, ShapeError

TYPES: list[tuple[str, Callable[[Tensor], Any]]] = [
    ("a list", lambda good: good.tolist()),
    ("a numpy array", lambda good: good.numpy()),
    ("a text", str),
    ("a float", lambda good: 1.5),
    ("an int", lambda good: 3),
    ("a dict", lambda good: {"input": good}),
    ("a module", lambda good: nn.Linear(2, 2)),
    ("a class", type),
]
DTYPES = (
    *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
    *(torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn, torch.complex64, torch.complex128),
)
LAYOUTS: list[tuple[str, Callable[[Tensor], Tensor]]] = [
    ("sparse", lambda good: good.to_sparse()),
    ("sparse by rows", lambda good: good.to_sparse_csr()),
    ("of mkldnn", lambda good: good.to_mkldnn()),
    ("nested", lambda good: torch.nested.nested_tensor([*good])),
    ("nested, jagged", lambda good: torch.nested.nested_tensor([*good], layout=torch.jagged)),
    ("quantised", lambda good: torch.quantize_per_tensor(good, 0.1, 0, torch.qint8)),
]
FLAGS: list[Fault] = [
    ("a text", lambda: "False", OptionError),
    ("None", lambda: None, OptionError),
    ("a number", lambda: 2, OptionError),
    ("a list", list, OptionError),
    ("a tensor", lambda: torch.tensor([True, False]), OptionError),
]
SIZES: list[Fault] = [
    ("zero", lambda: 0, OptionError),
    ("negative", lambda: -1, OptionError),
    ("a float", lambda: 2.0, OptionError),
    ("NaN", lambda: float("nan"), OptionError),
    ("a text", lambda: "2", OptionError),
    ("None", lambda: None, OptionError),
    ("a bool", lambda: True, OptionError),
    ("a tuple", lambda: (2,), OptionError),
    ("a tensor", lambda: torch.tensor(2), OptionError),
]
CHOICES: list[Fault] = [
    ("unknown", lambda: "nothing", OptionError),
    ("in capitals", lambda: "TANH", OptionError),
    ("None", lambda: None, OptionError),
    ("a bool", lambda: True, OptionError),
    ("bytes", lambda: b"eager", OptionError),
    ("a list", lambda: ["eager"], OptionError),
    ("a function", lambda: torch.tanh, OptionError),
    ("a tensor", lambda: torch.zeros(2, 2), OptionError),
]


def of_types(good: Tensor, error: type[Exception] = DtypeError) -> list[Fault]:
    """Things that are no tensor."""
    return [(fault, partial(make, good), error) for fault, make in TYPES]


def of_tensors(good: Tensor) -> list[Fault]:
    """Tensors of the right shape and the wrong kind."""
    dtypes: list[Fault] = [(str(dtype), partial(good.to, dtype), DtypeError) for dtype in DTYPES]
    layouts: list[Fault] = [(fault, partial(make, good), DtypeError) for fault, make in LAYOUTS]
    return [*dtypes, *layouts, ("without values", lambda: good.to("meta"), DeviceError)]


def of_shapes(*shapes: tuple[int, ...]) -> list[Fault]:
    """Tensors of the wrong shape."""
    return [(f"of shape {shape}", partial(torch.zeros, shape), ShapeError) for shape in shapes]


LENGTHS: list[Fault] = [  # for T=4 and N=2
    ("floats", lambda: [4.0, 2.0], DtypeError),
    ("a tensor of floats", lambda: torch.tensor([4.0, 2.0], requires_grad=True), DtypeError),
    ("a tensor of halves", lambda: torch.tensor([4.0, 2.0]).half(), DtypeError),
    ("bools", lambda: [True, True], DtypeError),
    ("complex", lambda: [4 + 0j, 2 + 0j], DtypeError),
    ("NaN", lambda: [float("nan"), 2], DtypeError),
    ("texts", lambda: ["4", "2"], DtypeError),
    ("a text", lambda: "42", DtypeError),
    ("a dict", lambda: {0: 4, 1: 2}, DtypeError),
    ("a set", lambda: {4, 2}, DtypeError),
    ("a generator", lambda: (length for length in (4, 2)), DtypeError),
    ("None inside", lambda: [4, None], DtypeError),
    ("ragged", lambda: [[4], [2, 1]], DtypeError),
    ("beyond 64 bits", lambda: [4, 2**70], DtypeError),
    ("an array of objects", lambda: torch.zeros(2).numpy().astype(object), DtypeError),
    ("a sparse tensor", lambda: torch.tensor([4, 2]).to_sparse(), DtypeError),
    ("a nested tensor", lambda: torch.nested.nested_tensor([[4], [2]], dtype=torch.int64), DtypeError),
    ("a quantised tensor", lambda: torch.quantize_per_tensor(torch.ones(2), 1, 0, torch.qint8), DtypeError),
    ("a tensor without values", lambda: torch.tensor([4, 2], device="meta"), DeviceError),
    ("one number", lambda: 4, ShapeError),
    ("no axis", lambda: torch.tensor(4), ShapeError),
    ("two axes", lambda: torch.tensor([[4, 2]]), ShapeError),
    ("a list in a list", lambda: [[4], [2]], ShapeError),
    ("none at all", list, ShapeError),
    ("too few", lambda: [4], ShapeError),
    ("too many", lambda: [4, 2, 2], ShapeError),
]
WRONG_LENGTHS: list[Fault] = [
    ("zero", lambda: [4, 0], LengthError),
    ("negative", lambda: [-1, 4], LengthError),
    ("the least of 64 bits", lambda: [4, -(2**63)], LengthError),
    ("above T", lambda: [4, 5], LengthError),
    ("far above T", lambda: [4, 2**62], LengthError),
    ("above 63 bits", lambda: torch.tensor([4, 2**64 - 1], dtype=torch.uint64), LengthError),
]
RESETS: list[Fault] = [  # for T=4 and N=2
    *of_types(torch.zeros(4, 2, dtype=torch.bool)),
    ("a bool", lambda: True, DtypeError),
    *((str(dtype), partial(torch.zeros, 4, 2, dtype=dtype), DtypeError) for dtype in DTYPES[1:]),
    ("sparse", lambda: torch.ones(4, 2, dtype=torch.bool).to_sparse(), DtypeError),
    ("nested", lambda: torch.nested.nested_tensor([[True], [True]], dtype=torch.bool), DtypeError),
    ("without values", lambda: torch.zeros(4, 2, dtype=torch.bool, device="meta"), DeviceError),
    *(
        (f"of shape {shape}", partial(torch.zeros, shape, dtype=torch.bool), ShapeError)
        for shape in [(), (4,), (2,), (2, 4), (4, 1), (1, 2), (4, 2, 1), (5, 2), (3, 2), (4, 3), (0, 2)]
    ),
]
