"""One way to compute a layer, and what is done with it: a training step or a forward pass."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells.state import state_tensors

MODES = ("train", "train-input", "forward")


@dataclass(frozen=True)
class Work:
    """One way to compute a layer.

    Args:
        name: How it is called in the tables.
        run: Takes the input and returns the output and the final state.
        parameters: What a training step wants the gradients of.
    """

    name: str
    run: Callable[[Tensor], tuple[Tensor, Any]]
    parameters: Mapping[str, Tensor]


def work_of(name: str, layer: nn.Module, **options: Any) -> Work:
    """Return the work of a layer.

    Args:
        name: How it is called in the tables.
        layer: Called with the input.
        options: What it is called with besides.
    """
    return Work(name, partial(layer, **options), dict(layer.named_parameters()))


def make_task(work: Work, mode: str, input: Tensor, gradient: Tensor) -> Callable[[], None]:
    """Return a function that does the work once, as a training loop does it.

    Args:
        work: What to do.
        mode: One of `MODES`.
        input: The sequences.
        gradient: The gradient of the output, which a loss would give.

    Shape:
        input: (T, N, I). gradient: as the output.
    """
    input = input.detach().requires_grad_(mode == "train-input")
    leaves = [*work.parameters.values(), input]

    def forward() -> None:
        with torch.no_grad():
            work.run(input)

    def train() -> None:
        for leaf in leaves:
            leaf.grad = None
        work.run(input)[0].backward(gradient)

    return forward if mode == "forward" else train


def compute(work: Work, mode: str, input: Tensor, gradient: Tensor) -> dict[str, Tensor]:
    """Return every number that a task computes, by name.

    Args:
        work: What to do.
        mode: One of `MODES`.
        input: The sequences.
        gradient: The gradient of the output.

    Shape:
        input: (T, N, I). gradient: as the output.
    """
    input = input.detach().requires_grad_(mode == "train-input")
    with torch.random.fork_rng(), torch.set_grad_enabled(mode != "forward"):
        torch.manual_seed(0)  # a cell may draw its step inputs
        output, final_state = work.run(input)
        numbers = {"output": output, **_name_states(final_state)}
        if mode == "forward":
            return numbers
        wanted = dict(work.parameters) | ({"input": input} if mode == "train-input" else {})
        gradients = torch.autograd.grad(
            output, list(wanted.values()), gradient, allow_unused=True, materialize_grads=True
        )
    numbers = {name: value.detach() for name, value in numbers.items()}
    return numbers | {f"gradient of {name}": one for name, one in zip(wanted, gradients, strict=True)}


def _name_states(final_state: Any) -> dict[str, Tensor]:
    return {f"final state {place}": part for place, part in enumerate(state_tensors(final_state))}
