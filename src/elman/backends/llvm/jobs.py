"""Gradients that are summed over rows and steps, as the driver takes them."""

import math
from typing import NamedTuple

from elman.backends.llvm.memory import Memory, Source
from elman.errors import GraphError
from elman.ir import ProductGradient, Range, SequencePlan, SumGradient


class Job(NamedTuple):
    """One gradient of a part of a parameter.

    Attributes:
        parameter: Its name.
        offset: Of the part's first number.
        left: Numbers of each row, M.
        right: Numbers of each row that they are multiplied with, K; None for a plain sum.
        num_left: M.
        num_right: K, 0 for a plain sum.
        stride: Between rows of the gradient.
    """

    parameter: str
    offset: int
    left: Source
    right: Source | None
    num_left: int
    num_right: int
    stride: int


def list_jobs(plan: SequencePlan, memory: Memory) -> list[Job]:
    """List the sums over rows and steps that a plan's way back needs.

    Args:
        plan: The plan.
        memory: Where its values are.

    Raises:
        GraphError: A part of a parameter does not lie side by side.
    """
    gradient = plan.gradient
    if gradient is None:
        return []
    jobs = []
    for part in gradient.sums:
        if plan.graph.arguments[part.argument].kind == "parameter":
            jobs.append(_sum(plan, memory, part))
        elif not plan.graph.arguments[part.argument].type.per_row or part.ranges:
            raise GraphError("a step input that all rows share, or a part of one, wants a gradient.")
    for part in gradient.products:
        jobs += _products(plan, memory, part)
    return _join(jobs)


def _join(jobs: list[Job]) -> list[Job]:
    """Join neighbours: parts of one parameter that follow one another, from numbers that do so, too."""
    joined: list[Job] = []
    for job in sorted(jobs, key=lambda job: (job.parameter, job.right or Source(""), job.stride, job.offset)):
        last = joined[-1] if joined else None
        if last and _follows(job, last):
            joined[-1] = last._replace(num_left=last.num_left + job.num_left)
        else:
            joined.append(job)
    return joined


def _follows(job: Job, last: Job) -> bool:
    height = last.num_left * (last.stride if last.right else 1)
    expected = last._replace(
        offset=last.offset + height,
        left=last.left._replace(offset=last.left.offset + last.num_left),
        num_left=job.num_left,
    )
    return job == expected


def _sum(plan: SequencePlan, memory: Memory, part: SumGradient) -> Job:
    name, shape, strides, offset = _cut(plan, part.argument, part.ranges)
    side_by_side = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
    if any(size > 1 and a != b for size, a, b in zip(shape, strides, side_by_side, strict=True)):
        raise GraphError(f"a part of {name} whose gradient is wanted does not lie side by side.")
    return Job(name, offset, _find(plan, memory, part.gradient), None, math.prod(shape), 0, 0)


def _products(plan: SequencePlan, memory: Memory, part: ProductGradient) -> list[Job]:
    name, shape, strides, offset = _cut(plan, part.argument, part.ranges)
    gradient = _find(plan, memory, part.gradient)
    vector = _vector(plan, memory, part.vector)
    blocks = shape[0] if len(shape) == 3 else 1
    order = (-1, -2) if part.is_transposed else (-2, -1)
    rows, columns = (shape[axis] for axis in order)
    stride_m, stride_k = (strides[axis] for axis in order)
    jobs = []
    for block in range(blocks):
        left = gradient._replace(offset=gradient.offset + block * rows)
        right = vector._replace(offset=vector.offset + block * columns)
        begin = offset + block * (strides[0] if len(shape) == 3 else 0)
        if stride_k == 1 or columns == 1:
            jobs.append(Job(name, begin, left, right, rows, columns, stride_m))
        elif stride_m == 1 or rows == 1:
            jobs.append(Job(name, begin, right, left, columns, rows, stride_k))
        else:
            raise GraphError(f"a part of {name} whose gradient is wanted has no axis side by side.")
    return jobs


def _cut(
    plan: SequencePlan, argument: int, ranges: tuple[Range, ...]
) -> tuple[str, tuple[int, ...], tuple[int, ...], int]:
    """Return a parameter's name, and shape, strides and offset of the part."""
    known = plan.graph.arguments[argument]
    shape = list(known.type.shape)
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    offset = 0
    for axis, start, stop, step in ranges:
        offset += start * strides[axis]
        shape[axis] = len(range(start, stop, step))
        strides[axis] *= step
    return known.name, tuple(shape), tuple(strides), offset


def _find(plan: SequencePlan, memory: Memory, gradient: str) -> Source:
    observed = plan.gradient.observed[gradient]  # pyright: ignore[reportOptionalMemberAccess]
    return memory.values[observed]


def _vector(plan: SequencePlan, memory: Memory, value: int) -> Source:
    arguments = plan.graph.arguments
    if value >= len(arguments):
        return memory.values[f"@{value}"]
    return memory.arguments[arguments[value].name]
