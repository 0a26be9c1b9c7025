"""Checks of what a layer is called with; each message says what was expected, what came, and what to do."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from elman.cells.state import State, state_shapes, state_tensors
from elman.errors import DeviceError, DtypeError, LengthError, OptionError, ShapeError


def check_input(input: Tensor, input_size: int, batch_first: bool) -> None:
    """Refuse an input that is not a tensor of shape (T, N, I), or (N, T, I), with T of 1 or more.

    Raises:
        DtypeError: It is not a tensor.
        ShapeError: An axis is missing or has the wrong size.
    """
    if not isinstance(input, Tensor):
        raise DtypeError(f"`input` must be a tensor or a PackedSequence, but it is a {type(input).__name__}.")
    shape = tuple(input.shape)
    if len(shape) != 3 or shape[-1] != input_size:
        layout = "(N, T, I)" if batch_first else "(T, N, I)"
        raise ShapeError(
            f"`input` must have shape {layout} = {layout.replace('I', str(input_size))} "
            f"because input_size={input_size}, but it has shape {shape}."
            f"{_shape_hint(shape, input_size, batch_first)}"
        )
    if shape[1 if batch_first else 0] == 0:
        raise ShapeError(f"`input` must have at least one time step, but it has shape {shape}.")


def _shape_hint(shape: tuple[int, ...], input_size: int, batch_first: bool) -> str:
    if len(shape) == 2:
        return f"\n    One sequence is a batch of one: input.unsqueeze({0 if batch_first else 1})."
    if len(shape) != 3:
        return ""
    drop = f" If the extra column is a time stamp, drop it: input[..., :{input_size}]."
    wrong = f"\n    Last axis: expected {input_size}, got {shape[-1]}."
    return wrong + (drop if shape[-1] == input_size + 1 else "")


def check_like_parameters(name: str, tensor: Tensor, module: nn.Module) -> None:
    """Refuse a tensor whose dtype or device is not that of the parameters of `module`.

    Raises:
        DtypeError: It is not floating point, or not of the parameters' dtype outside of autocast.
        DeviceError: It is on another device.
    """
    example = next(module.parameters(), tensor)
    if not tensor.is_floating_point():
        raise DtypeError(
            f"`{name}` must be floating point, but its dtype is {tensor.dtype}.\n"
            f"    Numbers: {name}.to({example.dtype}). Indices: put torch.nn.Embedding before the layer."
        )
    if tensor.dtype != example.dtype and not torch.is_autocast_enabled(tensor.device.type):
        raise DtypeError(
            f"`{name}` must have the dtype of the layer's parameters, {example.dtype}, "
            f"but its dtype is {tensor.dtype}.\n"
            f"    Convert it, {name}.to({example.dtype}), or the layer, layer.to({tensor.dtype})."
        )
    if tensor.device != example.device:
        raise DeviceError(
            f"`{name}` must be on the device of the layer's parameters, {example.device}, "
            f"but it is on {tensor.device}.\n"
            f"    Move it, {name}.to('{example.device}'), or the layer, layer.to('{tensor.device}')."
        )


def check_state(state: State, fresh_state: State, module: nn.Module) -> None:
    """Refuse an initial state that is not built, shaped and placed like the fresh one.

    Raises:
        ShapeError: Its structure or a shape differs.
        DtypeError: Its dtype differs from that of the parameters.
        DeviceError: Its device differs from that of the parameters.
    """
    expected, came = state_shapes(fresh_state), state_shapes(state)
    if expected != came:
        raise ShapeError(
            f"`initial_state` must have the structure and shapes of the cell's state, {expected}, "
            f"but it has {came}."
        )
    for tensor in state_tensors(state):
        check_like_parameters("initial_state", tensor, module)


def as_lengths(lengths: Tensor | Sequence[int], num_steps: int, batch_size: int) -> Tensor:
    """Return `lengths` as integers on the CPU.

    Raises:
        DtypeError: They are not integers.
        ShapeError: They are not one number a sequence.
        LengthError: One is not within 1..T.
    """
    lengths = torch.as_tensor(lengths)
    if lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool:
        raise DtypeError(f"`lengths` must be integers, but their dtype is {lengths.dtype}.")
    if lengths.shape != (batch_size,):
        raise ShapeError(
            f"`lengths` must have shape (N,) = ({batch_size},), but they have shape {tuple(lengths.shape)}."
        )
    lengths = lengths.to("cpu", torch.int64)
    wrong = ((lengths < 1) | (lengths > num_steps)).nonzero().flatten().tolist()
    if wrong:
        raise LengthError(_wrong_lengths(lengths, wrong, num_steps))
    return lengths


def _wrong_lengths(lengths: Tensor, wrong: list[int], num_steps: int) -> str:
    first = wrong[0]
    if lengths[first] < 1:
        rule = "every sequence needs at least one time step"
    else:
        rule = f"no sequence can be longer than the input's {num_steps} time steps"
    listed = ", ".join(map(str, wrong[:5])) + (", ..." if len(wrong) > 5 else "")
    others = (
        f" ({len(wrong)} of {len(lengths)} are not in 1..{num_steps}: {listed})" if len(wrong) > 1 else ""
    )
    return f"{rule}, but lengths[{first}] = {lengths[first]}{others}."


def as_resets(resets: Tensor, input: Tensor, batch_first: bool) -> Tensor:
    """Return `resets` as (T, N) on the device of `input`.

    Raises:
        DtypeError: They are not a tensor of bool.
        ShapeError: They do not have the first two axes of `input`.
    """
    if not isinstance(resets, Tensor) or resets.dtype != torch.bool:
        came = (
            f"dtype is {resets.dtype}" if isinstance(resets, Tensor) else f"type is {type(resets).__name__}"
        )
        raise DtypeError(f"`resets` must be a tensor of torch.bool, but its {came}.")
    if resets.shape != input.shape[:2]:
        layout = "(N, T)" if batch_first else "(T, N)"
        raise ShapeError(
            f"`resets` must have shape {layout} = {tuple(input.shape[:2])}, like the input, "
            f"but it has shape {tuple(resets.shape)}."
        )
    return (resets.transpose(0, 1) if batch_first else resets).to(input.device)


def check_no_lengths(lengths: object) -> None:
    """Refuse `lengths` beside a PackedSequence.

    Raises:
        OptionError: There are some.
    """
    if lengths is not None:
        raise OptionError("a PackedSequence carries its own lengths; leave `lengths` out.")
