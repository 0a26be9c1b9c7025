"""Runs a step graph forward over time, and its gradient backward, with torch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from elman.backends.reference.interpreter import StepResult, run
from elman.ir import Argument, ProductGradient, Range, StepGradient, StepGraph


class LoopGradient(NamedTuple):
    """The gradient of a loss on all outputs and the last states.

    Attributes:
        input: (T, N, I).
        states: Of the states before the first step.
        others: By name of the argument; a step input's gradient has all steps, (T, ...).
    """

    input: Tensor
    states: tuple[Tensor, ...]
    others: Mapping[str, Tensor]


def run_steps(
    graph: StepGraph, arguments: Sequence[Tensor], num_steps: int
) -> tuple[list[StepResult], list[list[Tensor]]]:
    """Run all steps; return what each gave, and the arguments of each.

    Args:
        graph: The step.
        arguments: One tensor for each argument; input and step inputs have all steps, (T, ...).
        num_steps: Number of time steps, T.
    """
    results, taken = [], []
    states = [arguments[number] for number in graph.of_kind("state")]
    for t in range(num_steps):
        left = list(states)
        step = [
            left.pop(0) if argument.kind == "state" else value if argument.kind == "parameter" else value[t]
            for argument, value in zip(graph.arguments, arguments, strict=True)
        ]
        results.append(run(graph, step))
        taken.append(step)
        states = list(results[-1].new_states)
    return results, taken


def run_backward(
    graph: StepGraph,
    gradient: StepGradient,
    steps: Sequence[Sequence[Tensor]],
    output_gradients: Tensor,
    state_gradients: Sequence[Tensor],
) -> LoopGradient:
    """Run the gradient from the last step to the first.

    Args:
        graph: The step.
        gradient: Its gradient.
        steps: The arguments of each step, as `run_steps` returns them.
        output_gradients: Of the outputs.
        state_gradients: Of the states after the last step.

    Shape:
        output_gradients: (T, N, ...).
    """
    saving = replace(graph, observed=tuple((str(value), value) for value in _saved(gradient)))
    states, inputs, others = tuple(state_gradients), [], _zeros(graph, gradient, steps)
    for t in reversed(range(len(steps))):
        saved = run(saving, steps[t]).observed
        reads = [saved[str(value)] for value in gradient.reads]
        result = run(gradient.graph, [output_gradients[t], *states, *reads])
        states = result.new_states
        inputs.insert(0, result.output)
        _add_step(graph, gradient, others, t, result.observed, saved)
    return LoopGradient(torch.stack(inputs), states, others)


def _saved(gradient: StepGradient) -> set[int]:
    return {*gradient.reads, *(product.vector for product in gradient.products)}


def _zeros(graph: StepGraph, gradient: StepGradient, steps: Sequence[Sequence[Tensor]]) -> dict[str, Tensor]:
    zeros = {}
    for number in {part.argument for part in (*gradient.sums, *gradient.products)}:
        argument = graph.arguments[number]
        is_parameter = argument.kind == "parameter"
        one = torch.zeros_like(steps[0][number])
        zeros[argument.name] = one if is_parameter else torch.stack([one] * len(steps))
    return zeros


def _add_step(
    graph: StepGraph,
    gradient: StepGradient,
    totals: Mapping[str, Tensor],
    t: int,
    observed: Mapping[str, Tensor],
    saved: Mapping[str, Tensor],
) -> None:
    for part in (*gradient.sums, *gradient.products):
        argument = graph.arguments[part.argument]
        if isinstance(part, ProductGradient):
            value = _product(observed[part.gradient], saved[str(part.vector)], len(argument.type.shape))
            value = value.mT if part.is_transposed else value
        else:
            value = observed[part.gradient] if argument.type.per_row else observed[part.gradient].sum(0)
        _part(totals, argument, t, part.ranges).add_(value)


def _part(totals: Mapping[str, Tensor], argument: Argument, t: int, ranges: Sequence[Range]) -> Tensor:
    total = totals[argument.name] if argument.kind == "parameter" else totals[argument.name][t]
    for axis, start, stop, step in ranges:
        total = total[(*[slice(None)] * axis, slice(start, stop, step))]
    return total


def _product(gradient: Tensor, vector: Tensor, rank: int) -> Tensor:
    if rank == 3:
        return torch.einsum("...gm,...gk->gmk", gradient, vector)
    vector = vector.expand(*gradient.shape[:-1], vector.shape[-1])
    return torch.einsum("...m,...k->mk", gradient, vector)
