"""Checks of the states that a layer starts from: the cell's fresh one, and one from the caller."""

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from elman.cells import Cell
from elman.cells.base import first_parameter
from elman.cells.state import State, state_shapes
from elman.errors import DeviceError, DtypeError, ShapeError
from elman.layers.checks import OWNERS, check_like, check_movable, check_tensor


def example_of(module: nn.Module, input: Tensor) -> tuple[Tensor, str]:
    """Return the tensor that inputs and states must be like, and what the caller knows it as.

    Raises:
        DeviceError: A parameter has no values, and the input has; torch would compute with whatever it finds.
    """
    parameter = first_parameter(module)
    if parameter is None:
        return input, OWNERS[False]
    if not input.is_meta and not parameter.is_meta and _lacks_values(module):
        name = next(name for name, tensor in module.named_parameters() if tensor.is_meta)
        raise DeviceError(
            f"`{name}` must be on {parameter.device}, like the layer's first parameter, "
            "but it is on meta, which holds no values.\n"
            "    Load its values: layer.load_state_dict(..., assign=True)."
        )
    return parameter, OWNERS[True]


def _lacks_values(module: nn.Module) -> bool:
    """Say whether a parameter is on the meta device; `module.parameters()` takes ten times as long."""
    for parameter in module._parameters.values():
        if parameter is not None and parameter.is_meta:
            return True
    for child in module._modules.values():  # noqa: SIM110 - `any` takes twice as long
        if child is not None and _lacks_values(child):
            return True
    return False


class HasFreshState(Protocol):
    """A cell or a layer."""

    def initial_state(self, batch_size: int) -> Any:
        """Return the state that `batch_size` sequences start from."""
        ...


def fresh_state(owner: HasFreshState, batch_size: int, like: Tensor) -> State:
    """Return the fresh state of a cell or a layer with the dtype and device of `like`.

    Raises:
        DtypeError: `owner.initial_state` returns something else than real tensors and tuples of them.
        ShapeError: One does not have a row for each sequence.
        DeviceError: One has no values.
    """
    name = type(getattr(owner, "cell", owner)).__name__  # the cell's, whose user wrote it
    return _place(owner.initial_state(batch_size), batch_size, like, f"{name}.initial_state")


def replace_rows(state: Tensor, fresh: Tensor, rows: Tensor, axis: int = 0) -> Tensor:
    """Return a tensor of a state with other rows in some places.

    Args:
        state: The rows that stay.
        fresh: The rows that take the place of others.
        rows: True where a row is replaced.
        axis: The axis of the batch.

    Shape:
        state, fresh: any, N along `axis`. rows: (N,) of bool.
    """
    shape = [1] * state.dim()
    shape[axis] = -1
    return torch.where(rows.to(state.device).view(shape), fresh.to(state), state)


def _place(state: Any, batch_size: int, like: Tensor, name: str) -> State:
    if isinstance(state, tuple):
        return tuple([_place(part, batch_size, like, name) for part in state])
    check_tensor(name, state, " or a tuple of tensors")
    if state.dim() == 0 or state.shape[0] != batch_size:
        raise ShapeError(
            f"`{name}` must return tensors of shape (N, ...) = ({batch_size}, ...), "
            f"but one has shape {tuple(state.shape)}."
        )
    if state.dtype == like.dtype and state.device == like.device:
        return state
    if state.is_complex():
        raise DtypeError(f"`{name}` must return real numbers, but their dtype is {state.dtype}.")
    check_movable(name, state, like)
    return state.to(like)


def check_state(
    state: Any,
    cell: Cell,
    batch_size: int,
    example: Tensor,
    owner: str = OWNERS[True],
    name: str = "initial_state",
) -> None:
    """Refuse an initial state that is not built, shaped and placed like the cell's fresh one.

    Args:
        state: What the caller gave.
        cell: The cell it is for.
        batch_size: Number of sequences, N.
        example: The tensor whose dtype and device it must have.
        owner: What the caller knows the example as.
        name: What the caller knows the state as.

    Raises:
        ShapeError: Its structure or a shape differs.
        DtypeError: Its dtype differs from that of the example, or it is not dense.
        DeviceError: Its device differs from that of the example.
    """
    if _fits(state, cell.initial_state(batch_size), example.dtype, example.device):
        return
    fresh = fresh_state(cell, batch_size, example)  # the cell may be what is wrong
    if not _agrees(state, fresh, example, owner, name):
        raise ShapeError(
            f"`{name}` must have the structure and shapes of the cell's state, {state_shapes(fresh)}, "
            f"but it has {state_shapes(state)}.{_state_hint(state, name)}"
        )


def _state_hint(state: Any, name: str) -> str:
    if isinstance(state, list):
        return f"\n    A state of several tensors is a tuple: tuple({name})."
    if isinstance(state, Tensor) and state.dim() == 1 and not state.is_floating_point():
        return "\n    Lengths are given by name: lengths=..."
    return ""


def _fits(state: Any, fresh: Any, dtype: torch.dtype, device: torch.device) -> bool:
    """Say whether all is well; what exactly is wrong takes longer to say."""
    if isinstance(fresh, tuple):
        if not isinstance(state, tuple) or len(state) != len(fresh):
            return False
        for part, fresh_part in zip(state, fresh):  # noqa: B905, SIM110 - `all` and `strict` take twice as long
            if not _fits(part, fresh_part, dtype, device):
                return False
        return True
    return (
        isinstance(state, Tensor)
        and isinstance(fresh, Tensor)
        and not state.is_nested
        and state.layout is torch.strided
        and state.shape == fresh.shape
        and state.dtype == dtype
        and state.is_floating_point()
        and state.device == device
    )


def _agrees(state: Any, fresh: State, example: Tensor, owner: str, name: str) -> bool:
    """Say whether structures and shapes agree; refuse what is wrong besides."""
    if isinstance(state, Tensor):
        check_tensor(name, state)
        if not isinstance(fresh, Tensor) or state.shape != fresh.shape:
            return False
        check_like(name, state, example, owner)
        return True
    if isinstance(fresh, Tensor) or not isinstance(state, tuple) or len(state) != len(fresh):
        return False
    return all(_agrees(*parts, example, owner, name) for parts in zip(state, fresh, strict=True))


def check_hidden(hx: Any, num_states: int, example: Tensor) -> None:
    """Refuse an initial state of a layer of torch.nn that torch would stumble over; torch checks its sizes.

    Args:
        hx: What the caller gave.
        num_states: 2 for a layer that takes (h, c), 1 for one that takes a tensor.
        example: A parameter of the layer.

    Raises:
        DtypeError: It is not one dense tensor, or a pair of them, of the parameters' dtype.
        DeviceError: Its device differs from that of the parameters.
    """
    parts = [hx]
    if num_states == 2:
        if not isinstance(hx, tuple | list) or len(hx) != 2:
            came = f"{len(hx)} values" if isinstance(hx, tuple | list) else f"a {type(hx).__name__}"
            raise DtypeError(f"`hx` must be a pair of tensors, (h_0, c_0), but it is {came}.")
        parts = hx
    for part in parts:
        check_tensor("hx", part)
        check_like("hx", part, example)
