"""Normalisation over the features of a row."""
# Signatures are those of torch, whatever of them is needed.
# ruff: noqa: ARG001

import math
from typing import Any

import torch

from elman.trace.context import Context, Operand
from elman.trace.functions.reductions import spread
from elman.trace.functions.table import lowers
from elman.trace.refusals import mixes_rows, unknown_function


@lowers("layer_norm", is_exact=False)
def layer_norm(
    context: Context,
    input: Operand,
    normalized_shape: tuple[int, ...],
    weight: Operand | None = None,
    bias: Operand | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> int:
    """Features less their mean, over their standard deviation; scaled and shifted."""
    axes = _last_axes(input, normalized_shape, "layer_norm")
    return _scale_and_shift(context, _standardize(context, input.value, axes, eps), weight, bias)


@lowers("rms_norm", is_exact=False)
def rms_norm(
    context: Context,
    input: Operand,
    normalized_shape: tuple[int, ...],
    weight: Operand | None = None,
    eps: float | None = None,
) -> int:
    """Features over the root of their mean square; scaled."""
    axes = _last_axes(input, normalized_shape, "rms_norm")
    eps = torch.finfo(context.dtype).eps if eps is None else eps
    scaled = _divide_by_root(context, input.value, axes, eps)
    return _scale_and_shift(context, scaled, weight, None)


@lowers("group_norm", is_exact=False)
def group_norm(
    context: Context,
    input: Operand,
    num_groups: int,
    weight: Operand | None = None,
    bias: Operand | None = None,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> int:
    """Layer norm within each group of channels; scaled and shifted by channel."""
    if input.row != 0:
        raise mixes_rows("group_norm")
    channels, *places = input.shape
    grouped = context.reshape(input.value, (num_groups, math.prod(input.shape) // num_groups))
    normal = context.reshape(_standardize(context, grouped, (1,), eps), input.shape)
    by_channel = (channels, *[1] * len(places))
    return _scale_and_shift(context, normal, weight, bias, by_channel)


@lowers("batch_norm", "instance_norm")
def batch_norm(context: Context, *args: Any, **kwargs: Any) -> int:
    """Statistics over the batch are not those of a row."""
    raise mixes_rows("batch_norm")


def _last_axes(input: Operand, normalized_shape: tuple[int, ...], name: str) -> tuple[int, ...]:
    count = len(normalized_shape)
    if input.row is not None and input.row >= input.rank - count:
        raise mixes_rows(name)
    if input.shape[len(input.shape) - count :] != tuple(normalized_shape):
        raise unknown_function(name)
    return tuple(range(len(input.shape) - count, len(input.shape)))


def _standardize(context: Context, value: int, axes: tuple[int, ...], eps: float) -> int:
    centred = context.add("sub", value, spread(context, "mean", value, axes))
    return _divide_by_root(context, centred, axes, eps)


def _divide_by_root(context: Context, value: int, axes: tuple[int, ...], eps: float) -> int:
    mean_square = spread(context, "mean", context.add("mul", value, value), axes)
    shifted = context.add("add", mean_square, context.constant(eps))
    return context.add("mul", value, context.add("rsqrt", shifted))


def _scale_and_shift(
    context: Context,
    value: int,
    weight: Operand | None,
    bias: Operand | None,
    shape: tuple[int, ...] | None = None,
) -> int:
    for op, parameter in (("mul", weight), ("add", bias)):
        if parameter is not None:
            shaped = context.reshape(parameter.value, shape or parameter.shape)
            value = context.add(op, value, context.broadcast(shaped, context.shape_of(value)))
    return value
