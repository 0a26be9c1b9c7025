"""The state of a cell: one tensor of shape (N, ...), or a tuple of states."""

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor

from elman.errors import ShapeError

State: TypeAlias = Tensor | tuple["State", ...]


def map_state(function: Callable[..., Tensor], *states: State) -> State:
    """Apply `function` to the tensors that stand at the same place of each state.

    Args:
        function: Takes as many tensors as there are `states` and returns one.
        states: States of one structure.

    Raises:
        ShapeError: Their structures differ, or one is no state.

    Example:
        >>> import torch
        >>> map_state(torch.add, (torch.tensor(1), torch.tensor(2)), (torch.tensor(3), torch.tensor(4)))
        (tensor(4), tensor(6))
    """
    if all(isinstance(state, Tensor) for state in states):
        return function(*states)
    if not all(isinstance(state, tuple) and len(state) == len(states[0]) for state in states):
        raise ShapeError(
            "states must be of one structure, a tensor or a tuple of states, but they are "
            f"{' and '.join(str(state_shapes(state)) for state in states)}."
        )
    return tuple([map_state(function, *parts) for parts in zip(*states, strict=True)])


def state_tensors(state: State) -> list[Tensor]:
    """List the tensors of a state."""
    if isinstance(state, Tensor):
        return [state]
    return [tensor for part in state for tensor in state_tensors(part)]


def state_shapes(state: object) -> object:
    """Describe a state by its shapes, in the structure it has; anything else by the name of its type."""
    if isinstance(state, Tensor):
        return "nested tensor" if state.is_nested else tuple(state.shape)
    if isinstance(state, tuple):
        return tuple(state_shapes(part) for part in state)
    return type(state).__name__
