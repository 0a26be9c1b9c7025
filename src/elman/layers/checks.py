"""Checks of what a layer is called with; each message says what was expected, what came, and what to do."""

import torch
from torch import Tensor

from elman.errors import DeviceError, DtypeError, ShapeError

OWNERS = {True: "layer's parameters", False: "input"}  # by whether the layer has a parameter


def check_tensor(name: str, value: object, hint: str = "") -> None:
    """Refuse what is not a tensor with one number at each place in memory; kernels read it as it lies there.

    Raises:
        DtypeError: It is no tensor, or a sparse, nested or quantised one.
    """
    if not isinstance(value, Tensor):
        raise DtypeError(f"`{name}` must be a tensor{hint}, but it is a {type(value).__name__}.")
    if value.is_nested:  # which may have the layout of a dense one
        raise DtypeError(
            f"`{name}` must be a padded tensor, but it is a nested one.\n"
            f"    Pad it, torch.nested.to_padded_tensor({name}, 0.0), and give the layer `lengths`."
        )
    if value.layout is not torch.strided or value.is_quantized:
        came, way = (
            ("it is quantised", "dequantize")
            if value.is_quantized
            else (f"its layout is {value.layout}", "to_dense")
        )
        raise DtypeError(f"`{name}` must be a dense tensor, but {came}.\n    Convert it: {name}.{way}().")


def check_input(input: Tensor, input_size: int, batch_first: bool) -> None:
    """Refuse an input that is not a tensor of shape (T, N, I), or (N, T, I), with T of 1 or more.

    Raises:
        DtypeError: It is not a dense tensor.
        ShapeError: An axis is missing or has the wrong size.
    """
    check_tensor("input", input, " or a PackedSequence")
    shape = input.shape
    if len(shape) != 3 or shape[2] != input_size:
        hint = _shape_hint(tuple(shape), input_size, batch_first)
        raise _wrong_input("(N, T, I)" if batch_first else "(T, N, I)", input, input_size, hint)
    if shape[1 if batch_first else 0] == 0:
        raise ShapeError(f"`input` must have at least one time step, but it has shape {tuple(shape)}.")


def check_step_input(input: Tensor, input_size: int) -> None:
    """Refuse an input of one time step that is not a tensor of shape (N, I).

    Raises:
        DtypeError: It is not a dense tensor.
        ShapeError: An axis is missing or has the wrong size.
    """
    check_tensor("input", input)
    if input.dim() != 2 or input.shape[1] != input_size:
        hints = {
            1: "\n    One sequence is a batch of one: input.unsqueeze(0).",
            3: "\n    Call the layer itself to run more than one time step.",
        }
        raise _wrong_input("(N, I)", input, input_size, hints.get(input.dim(), ""))


def _wrong_input(layout: str, input: Tensor, input_size: int, hint: str) -> ShapeError:
    return ShapeError(
        f"`input` must have shape {layout} = {layout.replace('I', str(input_size))} "
        f"because input_size={input_size}, but it has shape {tuple(input.shape)}.{hint}"
    )


def _shape_hint(shape: tuple[int, ...], input_size: int, batch_first: bool) -> str:
    if len(shape) == 2:
        return f"\n    One sequence is a batch of one: input.unsqueeze({0 if batch_first else 1})."
    if len(shape) != 3:
        return ""
    drop = f" If the extra column is a time stamp, drop it: input[..., :{input_size}]."
    wrong = f"\n    Last axis: expected {input_size}, got {shape[-1]}."
    return wrong + (drop if shape[-1] == input_size + 1 else "")


def check_like(name: str, tensor: Tensor, example: Tensor, owner: str = OWNERS[True]) -> None:
    """Refuse a tensor whose dtype or device is not that of the `example`.

    Args:
        name: What the caller knows the tensor as.
        tensor: A dense tensor.
        example: What it must be like.
        owner: What the caller knows the example as.

    Raises:
        DtypeError: It is not floating point, or not of the example's dtype outside of autocast.
        DeviceError: It is on another device.
    """
    if not tensor.is_floating_point():
        raise DtypeError(
            f"`{name}` must be floating point, but its dtype is {tensor.dtype}.\n"
            f"    {_number_hint(name, tensor, example.dtype)}"
        )
    if tensor.dtype != example.dtype and not torch.is_autocast_enabled(tensor.device.type):
        raise DtypeError(
            f"`{name}` must have the dtype of the {owner}, {example.dtype}, but its dtype is {tensor.dtype}."
            f"\n    Convert it, {name}.to({example.dtype}){_layer_hint(owner, repr(tensor.dtype))}."
        )
    check_device(name, tensor, example, owner)


def check_device(name: str, tensor: Tensor, example: Tensor, owner: str = OWNERS[True]) -> None:
    """Refuse a tensor that is not on the device of the `example`; the arguments are those of `check_like`.

    Raises:
        DeviceError: It is on another device.
    """
    if tensor.device != example.device:
        raise DeviceError(
            f"`{name}` must be on the device of the {owner}, {example.device}, but it is on {tensor.device}."
            f"\n    Move it, {name}.to('{example.device}'){_layer_hint(owner, repr(str(tensor.device)))}."
        )


def _number_hint(name: str, tensor: Tensor, dtype: torch.dtype) -> str:
    if tensor.is_complex():
        return f"Its parts side by side: torch.view_as_real({name}).flatten(-2)."
    return f"Numbers: {name}.to({dtype}). Indices: put torch.nn.Embedding before the layer."


def _layer_hint(owner: str, target: str) -> str:
    return f", or the layer, layer.to({target})" if owner == OWNERS[True] else ""


def as_resets(resets: Tensor, input: Tensor, batch_first: bool) -> Tensor:
    """Return `resets` as (T, N) on the device of `input`.

    Raises:
        DtypeError: They are not a dense tensor of bool.
        ShapeError: They do not have the first two axes of `input`.
        DeviceError: They have no values.
    """
    if not isinstance(resets, Tensor) or resets.dtype != torch.bool:
        came = (
            f"dtype is {resets.dtype}" if isinstance(resets, Tensor) else f"type is {type(resets).__name__}"
        )
        raise DtypeError(f"`resets` must be a tensor of torch.bool, but its {came}.")
    check_tensor("resets", resets)
    if resets.shape != input.shape[:2]:
        layout = "(N, T)" if batch_first else "(T, N)"
        raise ShapeError(
            f"`resets` must have shape {layout} = {tuple(input.shape[:2])}, like the input, "
            f"but it has shape {tuple(resets.shape)}."
        )
    check_movable("resets", resets, input)
    steps = resets.transpose(0, 1) if batch_first else resets
    return steps if steps.device == input.device else steps.to(input.device)


def check_movable(name: str, tensor: Tensor, target: Tensor) -> None:
    """Refuse a tensor without values where values are needed.

    Raises:
        DeviceError: It is on the meta device, and `target` is not.
    """
    if tensor.is_meta and not target.is_meta:
        raise DeviceError(f"`{name}` must be on {target.device}, like the input, but it is on meta.")
