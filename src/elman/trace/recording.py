"""What a recorded cell is: its graph, how its parameters are computed, and when it holds."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from elman.ir import StepGraph
from elman.trace.bindings import Bindings
from elman.trace.fingerprint import Fingerprint, fingerprint


@dataclass(frozen=True)
class Recording:
    """One time step of a cell as a graph.

    Args:
        graph: The step. Its states are those of the cell, in order, their nesting left out.
        bindings: How the tensors of its parameter arguments are computed from the cell.
        dtype: The dtype of the numbers it was recorded with.
        is_exact: Whether the graph, run op by op, gives the bits of `forward`. A function that is spelt out
            in several ops, such as softmax or layer norm, gives them but for rounding.
        fingerprint: What the recording depends on besides the numbers in parameters and buffers.
    """

    graph: StepGraph
    bindings: Bindings
    dtype: torch.dtype
    is_exact: bool
    fingerprint: Fingerprint

    def fits(self, cell: nn.Module) -> bool:
        """Whether the recording still says what `cell.forward` does.

        Plain attributes, `training`, and the names, shapes, dtypes and devices of parameters and buffers of
        the cell and its sub-modules are compared; globals that `forward` reads are not.

        Args:
            cell: The cell that was recorded, or a copy of it.
        """
        return self.fingerprint == fingerprint(cell)

    def parameters(self, cell: nn.Module) -> tuple[Tensor, ...]:
        """Return the tensors of the graph's parameter arguments, as they are now, under autograd.

        Args:
            cell: The cell that was recorded, or a copy of it.
        """
        return self.bindings.evaluate(cell)


def same_structure(state: Any, like: Any) -> bool:
    """Whether two states are nested alike."""
    if isinstance(like, Tensor):
        return isinstance(state, Tensor)
    if not isinstance(state, tuple) or len(state) != len(like):
        return False
    return all(same_structure(*pair) for pair in zip(state, like, strict=True))
