"""Linear maps: products with parameters, and sums of products where both factors belong to the row."""
# Signatures are those of torch, whatever of them is needed.
# ruff: noqa: ARG001

from collections.abc import Sequence
from typing import Any

from elman.trace.context import Context, Operand
from elman.trace.functions.axes import align
from elman.trace.functions.contraction import contract
from elman.trace.functions.einsum import parse_einsum
from elman.trace.functions.pointwise import scaled
from elman.trace.functions.table import lowers
from elman.trace.refusals import mixes_rows, unknown_function


@lowers("linear")
def linear(context: Context, input: Operand, weight: Operand, bias: Operand | None = None) -> int:
    """W x + b."""
    if weight.row is not None or input.row is None or input.row == input.rank - 1:
        raise mixes_rows("linear")
    if len(weight.shape) != 2:
        raise unknown_function("linear with a weight that is no matrix")
    biases = [] if bias is None else [context.broadcast(bias.value, weight.shape[:1])]
    return context.add("linear", input.value, weight.value, *biases)


@lowers("matmul", "__matmul__", "mm", "bmm", "mv")
def multiply(context: Context, input: Operand, other: Operand) -> int:
    """The matrix product of torch, batches included."""
    left, right, result = _matrix_labels(input.rank, other.rank)
    if other.rank == 1 or input.rank == 1 or max(input.rank, other.rank) > 2:
        context.is_exact = False
    return contract(context, [(input, left), (other, right)], result)


@lowers("__rmatmul__")
def reverse_multiply(context: Context, input: Operand, other: Operand) -> int:
    """The matrix product with the factors in the other order."""
    return multiply(context, other, input)


def _matrix_labels(left_rank: int, right_rank: int) -> tuple[list[str], list[str], list[str]]:
    """Name the axes of a matrix product: shared batch axes, row i, column j, k summed."""
    num_batch = max(left_rank, right_rank, 2) - 2
    batch = [f"batch{number}" for number in reversed(range(num_batch))]
    left = ["k"] if left_rank == 1 else [*batch[len(batch) - left_rank + 2 :], "i", "k"]
    right = ["k"] if right_rank == 1 else [*batch[len(batch) - right_rank + 2 :], "k", "j"]
    return left, right, [*batch, *(label for label in "ij" if label in [*left, *right])]


@lowers("addmm", "baddbmm", "addmv")
def multiply_add(
    context: Context, input: Operand, mat1: Operand, mat2: Operand, *, beta: float = 1, alpha: float = 1
) -> int:
    """Beta * input + alpha * (mat1 @ mat2)."""
    product = scaled(context, multiply(context, mat1, mat2), alpha)
    context.is_exact = False  # torch adds first
    (result,) = context.results
    start, product = align(context, "addmm", input, Operand(product, result))
    return context.add("add", scaled(context, start, beta), product)


@lowers("inner", "dot", "vdot", is_exact=False)
def inner(context: Context, input: Operand, other: Operand) -> int:
    """The sum of products along the last axis."""
    if other.rank != 1:
        raise unknown_function("inner of two matrices")
    return multiply(context, input, other)


@lowers("outer", "ger")
def outer(context: Context, input: Operand, vec2: Operand) -> int:
    """The product of two vectors without rows has no place here."""
    raise mixes_rows("outer")


@lowers("einsum", is_exact=False)
def einsum(context: Context, equation: str, *operands: Any) -> int:
    """Products summed over the labels that are not in the result."""
    tensors: Sequence[Operand] = operands[0] if isinstance(operands[0], tuple) else operands
    labels, result = parse_einsum(equation, [tensor.rank for tensor in tensors])
    return contract(context, list(zip(tensors, labels, strict=True)), result)
