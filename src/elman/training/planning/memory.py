"""The memory of a training step, counted before there is one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from elman.compiler.noting import Noted, noting_recurrences
from elman.errors import OptionError
from elman.training.planning.shapes import make_input

# Lengths of the two calls that show what each further step keeps.
SHORT, LONG = 4, 8


@dataclass(frozen=True)
class Memory:
    """Bytes that a training step has in use at its height, but for targets and the loss.

    Args:
        parameters: The weights.
        gradients: Theirs.
        optimizer: What the optimizer keeps of each weight.
        buffers: Input and outputs of all layers, and their gradients.
        kept: What the layers keep from the way forward for the way back.
        work: What they work in beside that.
    """

    parameters: int
    gradients: int
    optimizer: int
    buffers: int
    kept: int
    work: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(vars(self).values())

    @property
    def of_gradient(self) -> int:
        """What `BPTT(memory=...)` bounds."""
        return self.kept + self.work


@dataclass(frozen=True)
class Need:
    """Bytes of one call of a layer and its way back.

    Args:
        tensors: What autograd keeps beside `kept`, input and outputs above all.
        gradients: Gradients of outputs and inputs that are there at one time.
        kept: What recurrences keep.
        work: What the largest of them works in.
    """

    tensors: int
    gradients: int
    kept: int
    work: int


class CallCounter:
    """Knows what a call of a layer takes at any length, from two short ones.

    What recurrences keep is computed from the layout of their machine code. What else autograd keeps (input,
    outputs, masks, all steps of a plain loop) is looked at, and grows by as much with every step.

    Args:
        layer: Any layer over sequences.
        batch_size: Number of sequences, N.
    """

    def __init__(self, layer: nn.Module, batch_size: int) -> None:
        self.layer, self.batch_size = copy.deepcopy(layer), batch_size  # a call may change buffers
        self.recurrences: list[Noted] = []
        self._look(SHORT)  # the first call records the cell, which autograd sees
        self.short, self.long = self._look(SHORT), self._look(LONG)

    def need(self, num_steps: int, memory: int | None = None) -> Need:
        """Return what a call takes.

        Args:
            num_steps: T.
            memory: The budget of the gradient, in bytes; None for as many as are needed.

        Raises:
            OptionError: The budget is too small.
        """
        sizes = [one.sizes(num_steps, room) for one, room in self._rooms(num_steps, memory)]
        step = (self.long - self.short) // (LONG - SHORT)
        gradients = [one.gradient_size(num_steps) for one in self.recurrences]
        return Need(
            tensors=self.short + step * (num_steps - SHORT),
            gradients=max(gradients, default=0),
            kept=sum(size.kept for size in sizes),
            work=max((size.work for size in sizes), default=0),
        )

    def room(self, num_steps: int, memory: int | None) -> int:
        """Return how many steps are kept at a time: T without a budget, or where it allows them all.

        Args:
            num_steps: T.
            memory: The budget of the gradient, in bytes.
        """
        return min((room for _, room in self._rooms(num_steps, memory)), default=num_steps)

    def least(self, num_steps: int) -> int:
        """Return the smallest budget of the gradient that works, in bytes.

        Args:
            num_steps: T.
        """
        return max((one.least(num_steps) for one in self.recurrences), default=0)

    def budget_for(self, num_steps: int, room: int) -> int:
        """Return the budget with which a call of so many steps keeps `room` of them at a time.

        Args:
            num_steps: T.
            room: Steps.
        """
        return max((one.num_shares * sum(one.sizes(num_steps, room)) for one in self.recurrences), default=0)

    def _rooms(self, num_steps: int, memory: int | None) -> list[tuple[Noted, int]]:
        if memory is not None and not self.recurrences:
            raise OptionError("`memory` bounds what machine code keeps, and this layer runs as a plain loop.")
        order = self.recurrences
        if memory is not None:  # the neediest first: if one is refused, it says what all need
            order = sorted(order, key=lambda one: -one.least(num_steps))
        return [(one, one.choose_room(num_steps, memory)) for one in order]

    def _look(self, num_steps: int) -> int:
        """Run a call; return the bytes that autograd keeps, but for weights and what recurrences keep."""
        kept: list[Tensor] = []
        hooks = torch.autograd.graph.saved_tensors_hooks(kept.append, _unused)
        with torch.enable_grad(), torch.random.fork_rng(devices=[]), noting_recurrences() as noted, hooks:
            input = make_input(self.layer, num_steps, self.batch_size)
            output, _ = self.layer(input)
        self.recurrences = noted
        own = [*self.layer.parameters(), *self.layer.buffers()]
        own += [tensor for one in noted for tensor in one.kept if tensor is not None]
        found = {tensor.untyped_storage().data_ptr(): tensor for tensor in (input, output, *kept)}
        for tensor in own:
            found.pop(tensor.untyped_storage().data_ptr(), None)
        return sum(tensor.untyped_storage().nbytes() for tensor in found.values())


def _unused(tensor: Tensor) -> Tensor:
    return tensor


def largest(fits: Callable[[int], bool], limit: int) -> int:
    """Return the largest number up to a limit that fits, if all smaller ones do; 0 if none does.

    Args:
        fits: Whether a number does.
        limit: Where the search ends.
    """
    low, high = 0, 1
    while high <= limit and fits(high):
        low, high = high, 2 * high
    high = min(high, limit + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
