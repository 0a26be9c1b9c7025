"""Normalisation over the features of a row."""
# Signatures are those of torch, whatever of them is needed.
# ruff: noqa: ARG001

import math
from typing import Any

import torch

from elman.trace.functions.reductions import spread
from elman.trace.functions.table import lowers
from elman.trace.lowering import Lowering, Operand
from elman.trace.refusals import mixes_rows, unknown_function


@lowers("layer_norm", is_exact=False)
def layer_norm(
    lowering: Lowering,
    input: Operand,
    normalized_shape: tuple[int, ...],
    weight: Operand | None = None,
    bias: Operand | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> int:
    """Features less their mean, over their standard deviation; scaled and shifted."""
    axes = _last_axes(input, normalized_shape, "layer_norm")
    return _scale_and_shift(lowering, _standardize(lowering, input.value, axes, eps), weight, bias)


@lowers("rms_norm", is_exact=False)
def rms_norm(
    lowering: Lowering,
    input: Operand,
    normalized_shape: tuple[int, ...],
    weight: Operand | None = None,
    eps: float | None = None,
) -> int:
    """Features over the root of their mean square; scaled."""
    axes = _last_axes(input, normalized_shape, "rms_norm")
    eps = torch.finfo(lowering.dtype).eps if eps is None else eps
    scaled = _divide_by_root(lowering, input.value, axes, eps)
    return _scale_and_shift(lowering, scaled, weight, None)


@lowers("group_norm", is_exact=False)
def group_norm(
    lowering: Lowering,
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
    grouped = lowering.reshape(input.value, (num_groups, math.prod(input.shape) // num_groups))
    normal = lowering.reshape(_standardize(lowering, grouped, (1,), eps), input.shape)
    by_channel = (channels, *[1] * len(places))
    return _scale_and_shift(lowering, normal, weight, bias, by_channel)


@lowers("batch_norm", "instance_norm")
def batch_norm(lowering: Lowering, *args: Any, **kwargs: Any) -> int:
    """Statistics over the batch are not those of a row."""
    raise mixes_rows("batch_norm")


def _last_axes(input: Operand, normalized_shape: tuple[int, ...], name: str) -> tuple[int, ...]:
    count = len(normalized_shape)
    if input.row is not None and input.row >= input.rank - count:
        raise mixes_rows(name)
    if input.shape[len(input.shape) - count :] != tuple(normalized_shape):
        raise unknown_function(name)
    return tuple(range(len(input.shape) - count, len(input.shape)))


def _standardize(lowering: Lowering, value: int, axes: tuple[int, ...], eps: float) -> int:
    centred = lowering.add("sub", value, spread(lowering, "mean", value, axes))
    return _divide_by_root(lowering, centred, axes, eps)


def _divide_by_root(lowering: Lowering, value: int, axes: tuple[int, ...], eps: float) -> int:
    mean_square = spread(lowering, "mean", lowering.add("mul", value, value), axes)
    shifted = lowering.add("add", mean_square, lowering.constant(eps))
    return lowering.add("mul", value, lowering.add("rsqrt", shifted))


def _scale_and_shift(
    lowering: Lowering,
    value: int,
    weight: Operand | None,
    bias: Operand | None,
    shape: tuple[int, ...] | None = None,
) -> int:
    for op, parameter in (("mul", weight), ("add", bias)):
        if parameter is not None:
            shaped = lowering.reshape(parameter.value, shape or parameter.shape)
            value = lowering.add(op, value, lowering.broadcast(shaped, lowering.shape_of(value)))
    return value
