"""Two runs, on 2 and on 3 rows, laid over each other: what differs is the row axis."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from elman.trace.refusals import Refusal, depends_on_row_count, mixes_rows
from elman.trace.tape import Call, Ref, Tape

ROW_COUNTS = (2, 3)


class Rows:
    """Stands for the number of rows among the arguments of a call."""

    def __repr__(self) -> str:
        """Return the field's letter."""
        return "N"


ROWS = Rows()


@dataclass(frozen=True)
class TensorSpec:
    """What a recorded tensor is.

    Args:
        shape: Sizes of its axes, without the row axis.
        row: Which axis the row axis is; None where there is none.
        dtype: As in torch.
    """

    shape: tuple[int, ...]
    row: int | None
    dtype: torch.dtype


@dataclass(frozen=True)
class MergedTape:
    """The calls with `ROWS` where the number of rows stood, and what each tensor is."""

    calls: tuple[Call, ...]
    specs: tuple[TensorSpec, ...]


def merge(first: Tape, second: Tape) -> MergedTape:
    """Lay two tapes over each other.

    Args:
        first: The run on 2 rows.
        second: The run on 3 rows.

    Raises:
        Refusal: They differ in more than the number of rows.
    """
    calls = tuple(_merge_call(*pair) for pair in zip(first.calls, second.calls, strict=False))
    if len(first.calls) != len(second.calls):
        longer = max(first.calls, second.calls, key=len)
        raise _other_course(longer[len(calls)])
    origins = {ref.number: call for call in calls for ref in refs_in(call.result)}
    pairs = zip(first.tensors, second.tensors, strict=True)
    specs = tuple(_merge_tensor(*pair, origins.get(number)) for number, pair in enumerate(pairs))
    return MergedTape(calls, specs)


def _other_course(call: Call) -> Refusal:
    return Refusal(
        "takes another course for another number of rows; each row of a batch must be computed alone.",
        "Branch on sizes that belong to the cell",
        call.source,
    )


def _merge_call(first: Call, second: Call) -> Call:
    if first.function != second.function:
        raise _other_course(first)
    try:
        args, kwargs = _merge_values((first.args, first.kwargs), (second.args, second.kwargs))
    except ValueError as fault:
        refusal = depends_on_row_count(first.name)
        refusal.source = first.source
        raise refusal from fault
    return replace(first, args=args, kwargs=kwargs)


def _merge_values(first: Any, second: Any) -> Any:
    """Return what both are; `ROWS` where it is the number of rows."""
    if type(first) is not type(second):
        raise ValueError
    if type(first) is int and (first, second) == ROW_COUNTS:
        return ROWS
    if isinstance(first, tuple) and not isinstance(first, Ref):
        return tuple(_merge_values(*pair) for pair in zip(first, second, strict=True))
    if isinstance(first, Mapping):
        return {key: _merge_values(first[key], second[key]) for key in first}
    if isinstance(first, slice):
        ends = [(end.start, end.stop, end.step) for end in (first, second)]
        return slice(*_merge_values(*ends))
    if first is not second and first != second and repr(first) != repr(second):  # NaN differs from itself
        raise ValueError
    return first


def _merge_tensor(first: torch.Tensor, second: torch.Tensor, origin: Call | None) -> TensorSpec:
    shapes = [tuple(first.shape), tuple(second.shape)]
    differing = [axis for axis, sizes in enumerate(zip(*shapes, strict=False)) if sizes[0] != sizes[1]]
    is_row_axis = [(shapes[0][axis], shapes[1][axis]) == ROW_COUNTS for axis in differing]
    if len(differing) > 1 or not all(is_row_axis) or len(shapes[0]) != len(shapes[1]):
        refusal = mixes_rows(origin.name if origin else "initial_state")
        refusal.source = origin and origin.source
        raise refusal
    row = differing[0] if differing else None
    shape = tuple(size for axis, size in enumerate(shapes[0]) if axis != row)
    return TensorSpec(shape, row, first.dtype)


def refs_in(value: Any) -> list[Ref]:
    """List the numbers in nested tuples, dictionaries and slices."""
    if isinstance(value, Ref):
        return [value]
    if isinstance(value, slice):
        value = (value.start, value.stop, value.step)
    if isinstance(value, Mapping):
        value = tuple(value.values())
    return [ref for part in value for ref in refs_in(part)] if isinstance(value, tuple) else []


def has_rows(value: Any) -> bool:
    """Whether `ROWS` occurs in it."""
    if isinstance(value, slice):
        value = (value.start, value.stop, value.step)
    if isinstance(value, Mapping):
        value = tuple(value.values())
    return value is ROWS or (isinstance(value, tuple) and any(map(has_rows, value)))
