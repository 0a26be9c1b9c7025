"""The gradient of a step graph over a sequence, made by the passes and by autograd."""

from collections.abc import Sequence

import torch
from torch import Tensor

from elman.backends.reference import run_backward, run_steps
from elman.ir import StepGraph, verify
from elman.passes import differentiate, share, simplify, split_products


def prepared(graph: StepGraph) -> StepGraph:
    """The graph as `differentiate` is given it; after each pass it still keeps the rules."""
    for stage in (share, split_products, simplify):
        graph = stage(graph)
        verify(graph)
    return graph


def random_arguments(graph: StepGraph, num_steps: int, num_rows: int) -> list[Tensor]:
    """Tensors for the arguments; input and step inputs have all steps."""
    tensors = []
    for argument in graph.arguments:
        steps = [num_steps] if argument.kind in ("input", "step_input") else []
        shape = (*steps, *([num_rows] if argument.type.per_row else []), *argument.type.shape)
        number = torch.randn(shape, dtype=torch.float64)
        tensors.append(number > 0 if argument.type.dtype == "boolean" else number)
    return tensors


def by_autograd(
    graph: StepGraph, arguments: Sequence[Tensor], cotangents: Sequence[Tensor], num_steps: int
) -> list[Tensor | None]:
    """Gradients of all arguments, through the same steps run by torch."""
    leaves = [x.clone().requires_grad_(x.is_floating_point()) for x in arguments]
    results, _ = run_steps(graph, leaves, num_steps)
    ends = [torch.stack([result.output for result in results]), *results[-1].new_states]
    real = [leaf for leaf in leaves if leaf.requires_grad]
    reached = [(end, cotangent) for end, cotangent in zip(ends, cotangents, strict=True) if end.requires_grad]
    starts, weights = zip(*reached, strict=True)
    found = iter(torch.autograd.grad(starts, real, weights, allow_unused=True))
    return [next(found) if leaf.requires_grad else None for leaf in leaves]


def by_passes(
    graph: StepGraph, arguments: Sequence[Tensor], cotangents: Sequence[Tensor], num_steps: int
) -> list[Tensor | None]:
    """Gradients of all arguments, by the graph's own gradient."""
    gradient = differentiate(graph)
    verify(gradient.graph)
    _, steps = run_steps(graph, arguments, num_steps)
    result = run_backward(graph, gradient, steps, cotangents[0], cotangents[1:])
    states = list(result.states)
    return [
        result.input
        if argument.kind == "input"
        else states.pop(0)
        if argument.kind == "state"
        else result.others.get(argument.name)
        for argument in graph.arguments
    ]


def random_cotangents(graph: StepGraph, num_steps: int, num_rows: int) -> list[Tensor]:
    """Gradients of the outputs and of the last states."""
    output = torch.randn(num_steps, num_rows, *graph.type_of(graph.output).shape, dtype=torch.float64)
    states = [graph.type_of(state).shape for state in graph.of_kind("state")]
    return [output, *(torch.randn(num_rows, *shape, dtype=torch.float64) for shape in states)]


def assert_same(ours: Sequence[Tensor | None], expected: Sequence[Tensor | None], tolerance: float) -> None:
    """Compare; an absent gradient is as good as zeros."""
    for mine, theirs in zip(ours, expected, strict=True):
        some = mine if mine is not None else theirs
        if some is None:
            continue
        pair = [torch.zeros_like(some) if each is None else each for each in (mine, theirs)]
        torch.testing.assert_close(*pair, rtol=tolerance, atol=tolerance, equal_nan=True)
