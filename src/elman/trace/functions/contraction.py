"""Sums of products with named axes: as one linear op where a factor is a parameter, spelt out otherwise."""

import math

from elman.trace.context import Context, Operand
from elman.trace.refusals import mixes_rows

Labels = list[str]
Factor = tuple[int, Labels]  # a value, and the names of its feature axes


def contract(context: Context, operands: list[tuple[Operand, Labels]], result: Labels) -> int:
    """Multiply the operands where their labels agree, and sum over labels that are not in the result.

    Args:
        context: Where nodes are added.
        operands: Each tensor with one label for each of its torch axes, the row axis too.
        result: Labels of the axes of the result.

    Raises:
        Refusal: The row axis of one operand meets a feature axis of another, or is summed.
    """
    rows = {labels[tensor.row] for tensor, labels in operands if tensor.row is not None}
    if len(rows) > 1 or not rows <= set(result):
        raise mixes_rows("product")
    factors = [_feature_factor(context, tensor, labels, rows) for tensor, labels in operands]
    sizes = _sizes(context, factors)
    factors = [_without_ones(context, factor, sizes) for factor in factors]
    wanted = [label for label in result if label not in rows]
    if len(operands) == 2:
        for vector, weight in ((0, 1), (1, 0)):
            is_map = operands[vector][0].row is not None and operands[weight][0].row is None
            if is_map and _shares_sum(factors[vector], factors[weight], wanted):
                return _linear(context, factors[vector], factors[weight], wanted, sizes)
    context.is_exact = False
    return _spelt_out(context, factors, wanted, sizes)


def _feature_factor(context: Context, tensor: Operand, labels: Labels, rows: set[str]) -> Factor:
    """Leave out the row axis; a parameter may have an axis of size 1 in its place."""
    if tensor.row is not None:
        return tensor.value, [label for axis, label in enumerate(labels) if axis != tensor.row]
    shape = [size for size, label in zip(tensor.shape, labels, strict=True) if label not in rows]
    if math.prod(shape) != math.prod(tensor.shape):
        raise mixes_rows("product")
    return context.reshape(tensor.value, tuple(shape)), [label for label in labels if label not in rows]


def _sizes(context: Context, factors: list[Factor]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for value, labels in factors:
        for label, size in zip(labels, context.shape_of(value), strict=True):
            sizes[label] = max(size, sizes.get(label, 1))
    return sizes


def _without_ones(context: Context, factor: Factor, sizes: dict[str, int]) -> Factor:
    """Leave out axes of size 1 that another factor is longer along."""
    value, labels = factor
    pairs = list(zip(labels, context.shape_of(value), strict=True))
    kept = [(label, size) for label, size in pairs if size == sizes[label]]
    return context.reshape(value, tuple(size for _, size in kept)), [label for label, _ in kept]


def _shares_sum(vector: Factor, weight: Factor, wanted: Labels) -> bool:
    """Whether the product is a linear map: every summed label is in both, and there is one."""
    summed = {label for label in [*vector[1], *weight[1]] if label not in wanted}
    return bool(summed) and summed <= set(vector[1]) & set(weight[1])


def _linear(context: Context, vector: Factor, weight: Factor, wanted: Labels, sizes: dict[str, int]) -> int:
    """Bring the vector to (free, block, summed) and the weight to (block, rows, summed)."""
    summed = [label for label in weight[1] if label not in wanted]
    block = [label for label in weight[1] if label in wanted and label in vector[1]]
    rows = [label for label in weight[1] if label in wanted and label not in vector[1]]
    free = [label for label in vector[1] if label not in weight[1]]

    def count(labels: Labels) -> int:
        return math.prod(sizes[label] for label in labels)

    blocks = [count(block)] if block else []
    free_sizes = tuple(sizes[label] for label in free)
    left = _ordered(context, vector, [*free, *block, *summed])
    left = context.reshape(left, (*free_sizes, *blocks, count(summed)))
    right = _ordered(context, weight, [*block, *rows, *summed])
    right = context.reshape(right, (*blocks, count(rows), count(summed)))
    product = context.add("block_linear" if block else "linear", left, right)
    labels = [*free, *block, *rows]
    product = context.reshape(product, tuple(sizes[label] for label in labels))
    return _ordered(context, (product, labels), wanted)


def _spelt_out(context: Context, factors: list[Factor], wanted: Labels, sizes: dict[str, int]) -> int:
    """Repeat every factor along all labels, multiply, and sum."""
    labels = [*wanted, *(label for label in sizes if label not in wanted)]
    shape = tuple(sizes[label] for label in labels)
    product = None
    for value, own in factors:
        ordered = _ordered(context, (value, own), [label for label in labels if label in own])
        spaced = tuple(sizes[label] if label in own else 1 for label in labels)
        full = context.broadcast(context.reshape(ordered, spaced), shape)
        product = full if product is None else context.add("mul", product, full)
    summed = tuple(range(len(wanted), len(labels)))
    assert product is not None
    return context.add("sum", product, axes=summed) if summed else product


def _ordered(context: Context, factor: Factor, order: Labels) -> int:
    value, labels = factor
    return context.transpose(value, tuple(labels.index(label) for label in order))
