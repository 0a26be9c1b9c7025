"""What a layer that reads its own output is called with, checked and brought into one layout."""

from typing import Any

from torch import Tensor

from elman.cells.options import brief
from elman.errors import DtypeError, OptionError, ShapeError
from elman.layers.topologies.attention import Memory
from elman.layers.topologies.feedback_step import FeedbackStep
from elman.layers.topologies.sequences import flat_state, swap_time


def as_steps(decoder: FeedbackStep, targets: Tensor) -> Tensor:
    """Return the targets as (T, N) or (T, N, F).

    Raises:
        DtypeError: Symbols are not integers, or values are.
        ShapeError: They have the wrong shape.
    """
    is_symbols = decoder.num_symbols is not None
    layout = "(N, T" if decoder.layer.batch_first else "(T, N"
    if targets.is_floating_point() == is_symbols:
        kind = "integers" if is_symbols else "floating point"
        raise DtypeError(f"`targets` must be {kind}, but their dtype is {targets.dtype}.")
    if targets.dim() != (2 if is_symbols else 3) or (
        not is_symbols and targets.shape[2] != decoder.feedback_size
    ):
        wanted = f"{layout})" if is_symbols else f"{layout}, {decoder.feedback_size})"
        raise ShapeError(f"`targets` must have shape {wanted}, but they have {tuple(targets.shape)}.")
    return swap_time(decoder.layer, targets)


def as_contexts(
    decoder: FeedbackStep, context: Tensor | None, num_steps: int, batch_size: int
) -> Tensor | None:
    """Return the context as (T, N, C); None without one.

    Raises:
        OptionError: There is one that is not read, or none that is.
        ShapeError: It has the wrong shape.
    """
    if (context is None) != (decoder.context_size == 0):
        came = "there is none" if context is None else "there is one"
        raise OptionError(f"`context` has context_size={decoder.context_size} features, but {came}.")
    if context is None:
        return None
    steps = context if context.dim() == 2 else swap_time(decoder.layer, context)
    steps = steps.expand(num_steps, *steps.shape) if context.dim() == 2 else steps
    if steps.shape != (num_steps, batch_size, decoder.context_size):
        raise ShapeError(
            f"`context` must have shape (N, C) = ({batch_size}, {decoder.context_size}), or have T = "
            f"{num_steps} time steps beside, but it has shape {tuple(context.shape)}."
        )
    return steps


def check_choices(decoder: FeedbackStep, end: int | None, temperature: float | None) -> None:
    """Refuse an end and a temperature that are none.

    Raises:
        OptionError: They are not legal.
    """
    if decoder.num_symbols is None and (end is not None or temperature is not None):
        raise OptionError("`end` and `temperature` are of symbols, but this decoder writes real values.")
    if end is not None and not 0 <= end < (decoder.num_symbols or 0):
        raise OptionError(f"`end` must be a symbol in 0..{(decoder.num_symbols or 0) - 1}, but it is {end}.")
    if temperature is not None and not temperature > 0:
        raise OptionError(f"`temperature` must be more than 0, or None, but it is {brief(temperature)}.")


def find_batch_size(
    decoder: FeedbackStep, given: int | None, state: Any, context: Tensor | None, memory: Memory | None
) -> int:
    """Return how many sequences to write.

    Raises:
        ShapeError: Nothing says it.
    """
    if given is not None:
        return given
    if memory is not None:
        return memory.live.shape[1]
    if context is not None:
        return len(context) if context.dim() == 2 else swap_time(decoder.layer, context).shape[1]
    if state is not None:
        return len(flat_state(decoder.layer, state)[0])
    raise ShapeError("`batch_size` must say how many sequences to write: nothing else says it.")
