"""What `Recurrent` refuses, and what it tells the caller to do."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

from elman.cells import Cell, GRUCell, LSTMCell
from elman.errors import DeviceError, DtypeError, LengthError, OptionError, ShapeError
from elman.layers import Recurrent


def call(
    *arguments: Any, cell: Cell | None = None, options: dict[str, Any] | None = None, **keywords: Any
) -> Any:
    return lambda: Recurrent(cell or GRUCell(2, 3), **(options or {}))(*arguments, **keywords)


GOOD = torch.zeros(4, 2, 2)
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (
        call([[1.0]]),
        DtypeError,
        "`input` must be a tensor or a PackedSequence, but it is a list.",
    ),
    (
        call(torch.zeros(4, 2, 3)),
        ShapeError,
        "`input` must have shape (T, N, I) = (T, N, 2) because input_size=2, but it has shape (4, 2, 3).\n"
        "    Last axis: expected 2, got 3. If the extra column is a time stamp, drop it: input[..., :2].",
    ),
    (
        call(torch.zeros(2, 4, 1), options={"batch_first": True}),
        ShapeError,
        "`input` must have shape (N, T, I) = (N, T, 2) because input_size=2, but it has shape (2, 4, 1).\n"
        "    Last axis: expected 2, got 1.",
    ),
    (
        call(torch.zeros(4, 2)),
        ShapeError,
        "`input` must have shape (T, N, I) = (T, N, 2) because input_size=2, but it has shape (4, 2).\n"
        "    One sequence is a batch of one: input.unsqueeze(1).",
    ),
    (
        call(torch.zeros(4)),
        ShapeError,
        "`input` must have shape (T, N, I) = (T, N, 2) because input_size=2, but it has shape (4,).",
    ),
    (
        call(torch.zeros(0, 2, 2)),
        ShapeError,
        "`input` must have at least one time step, but it has shape (0, 2, 2).",
    ),
    (
        call(GOOD.long()),
        DtypeError,
        "`input` must be floating point, but its dtype is torch.int64.\n"
        "    Numbers: input.to(torch.float32). Indices: put torch.nn.Embedding before the layer.",
    ),
    (
        call(GOOD.double()),
        DtypeError,
        "`input` must have the dtype of the layer's parameters, torch.float32, "
        "but its dtype is torch.float64.\n"
        "    Convert it, input.to(torch.float32), or the layer, layer.to(torch.float64).",
    ),
    (
        call(GOOD.to("meta")),
        DeviceError,
        "`input` must be on the device of the layer's parameters, cpu, but it is on meta.\n"
        "    Move it, input.to('cpu'), or the layer, layer.to('meta').",
    ),
    (
        call(GOOD, lengths=[4, 0]),
        LengthError,
        "every sequence needs at least one time step, but lengths[1] = 0.",
    ),
    (
        call(GOOD, lengths=[5, 0]),
        LengthError,
        "no sequence can be longer than the input's 4 time steps, but lengths[0] = 5 "
        "(2 of 2 are not in 1..4: 0, 1).",
    ),
    (
        call(torch.zeros(4, 7, 2), lengths=[0] * 7),
        LengthError,
        "every sequence needs at least one time step, but lengths[0] = 0 "
        "(7 of 7 are not in 1..4: 0, 1, 2, 3, 4, ...).",
    ),
    (
        call(GOOD, lengths=[4, 4, 4]),
        ShapeError,
        "`lengths` must have shape (N,) = (2,), but they have shape (3,).",
    ),
    (
        call(GOOD, lengths=[4.0, 4.0]),
        DtypeError,
        "`lengths` must be integers, but their dtype is torch.float32.",
    ),
    (
        call(pack_sequence([torch.zeros(3, 2)]), lengths=[3]),
        OptionError,
        "a PackedSequence carries its own lengths; leave `lengths` out.",
    ),
    (
        call(GOOD, resets=torch.zeros(2, 4, dtype=torch.bool)),
        ShapeError,
        "`resets` must have shape (T, N) = (4, 2), like the input, but it has shape (2, 4).",
    ),
    (
        call(GOOD, resets=torch.zeros(4, 2)),
        DtypeError,
        "`resets` must be a tensor of torch.bool, but its dtype is torch.float32.",
    ),
    (
        call(GOOD, resets=[[True]]),
        DtypeError,
        "`resets` must be a tensor of torch.bool, but its type is list.",
    ),
    (
        call(GOOD, torch.zeros(1, 3)),
        ShapeError,
        "`initial_state` must have the structure and shapes of the cell's state, (2, 3), but it has (1, 3).",
    ),
    (
        call(GOOD, torch.zeros(2, 3), cell=LSTMCell(2, 3)),
        ShapeError,
        "`initial_state` must have the structure and shapes of the cell's state, ((2, 3), (2, 3)), "
        "but it has (2, 3).",
    ),
    (
        call(GOOD, [torch.zeros(2, 3)] * 2, cell=LSTMCell(2, 3)),
        ShapeError,
        "`initial_state` must have the structure and shapes of the cell's state, ((2, 3), (2, 3)), "
        "but it has list.\n    A state of several tensors is a tuple: tuple(initial_state).",
    ),
    (
        call(GOOD, torch.tensor([4, 2])),
        ShapeError,
        "`initial_state` must have the structure and shapes of the cell's state, (2, 3), but it has (2,).\n"
        "    Lengths are given by name: lengths=...",
    ),
    (
        call(GOOD, lengths=[1, 2, 1, 2]),
        ShapeError,
        "`lengths` must have shape (N,) = (2,), but they have shape (4,).\n"
        "    As many as time steps: set `batch_first` to the layout of the input.",
    ),
    (
        call(GOOD, torch.zeros(2, 3).double()),
        DtypeError,
        "`initial_state` must have the dtype of the layer's parameters, torch.float32, "
        "but its dtype is torch.float64.\n"
        "    Convert it, initial_state.to(torch.float32), or the layer, layer.to(torch.float64).",
    ),
    (
        lambda: Recurrent(GRUCell(2, 3), reverse=True).step(torch.zeros(2, 2)),
        OptionError,
        "a layer with reverse=True starts at the last time step and cannot be stepped.",
    ),
    (
        lambda: Recurrent(GRUCell(2, 3), backend="fast"),
        OptionError,
        "`backend` must be one of 'auto', 'llvm', 'eager', but it is 'fast'.",
    ),
    (
        lambda: Recurrent(nn.GRUCell(2, 3)),  # pyright: ignore[reportArgumentType]
        DtypeError,
        "`cell` must be an elman.Cell, but it is a torch.nn.GRUCell.",
    ),
    (
        lambda: Recurrent(GRUCell),  # pyright: ignore[reportArgumentType]
        DtypeError,
        "`cell` must be an elman.Cell, but it is the class GRUCell; give an object of it: GRUCell(...).",
    ),
]


@pytest.mark.parametrize(("run", "error", "message"), REFUSED)
def test_wrong_arguments_are_refused_with_what_to_do(
    run: Callable[[], Any], error: type[Exception], message: str
):
    with pytest.raises(error) as caught:
        run()
    assert str(caught.value) == message
