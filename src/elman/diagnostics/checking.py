"""The gradient of a layer held against the differences of its loss."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells import Cell, map_state
from elman.cells.options import check_size, what_came
from elman.cells.state import state_tensors
from elman.compiler.recordings import recorded
from elman.diagnostics.gradient_check import CheckedGradient, GradientCheck
from elman.errors import OptionError, TraceError
from elman.layers import Recurrent

# Central differences of a float64 loss are right to some 1e-9 of the largest gradient: half the digits are
# lost to the step, and its square. A wrong formula is off by more than a millionth.
STEP, TOLERANCE = 1e-5, 1e-6
# A step a tenth as long shows a jump or a kink: there is no derivative there, and the differences disagree.
ROUGH = 1e-2
# What is a thousand times smaller than the largest number of its tensor is compared with that.
FLOOR = 1e-3
# Nodes that send another gradient back than that of what they compute.
CUTS = {"stop_gradient", "clip_gradient"}


def check_gradients(
    layer: nn.Module,
    input: Tensor | None = None,
    *,
    num_steps: int = 6,
    batch_size: int = 3,
    max_checked: int = 100,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> GradientCheck:
    """Hold the gradient that backward gives against differences of the loss, number by number.

    Use it on a cell of your own, above all with a backward of your own, before you train it. The layer is
    copied and computes in float64; random masks are the same in each call. The loss is a random sum of all
    outputs and final states; the state before the first step is what one random step leaves. Where the loss
    has a jump or a kink, nothing is compared.

    Equations:
        b = (L(x + d) - L(x - d)) / (2 d), d = 1e-5
        error = |a - b| / max(|a| + |b|, 0.001 max |b|), where a is backward's dL/dx

    Args:
        layer: A cell, or any layer that returns (output, state).
        input: The sequences; random ones without it.
        num_steps: T of random ones.
        batch_size: N of random ones.
        max_checked: Numbers of each tensor that are moved; random ones of a larger tensor.
        tolerance: The largest error that passes.
        seed: Of input, loss, masks, and which numbers are moved.

    Shape:
        input: (T, N, I), or (N, T, I) with `batch_first`.

    Raises:
        OptionError: A number is not positive, or the layer has no `input_size` and `input` is not given.

    Reference:
        D. Britz (2015), "Recurrent neural networks tutorial", part 3: the check, and its relative error.

    Example:
        >>> from elman.cells import GRUCell
        >>> check_gradients(GRUCell(2, 3)).has_passed
        True
    """
    for name, value in (("num_steps", num_steps), ("batch_size", batch_size), ("max_checked", max_checked)):
        check_size(name, value)
    if not isinstance(layer, nn.Module):
        raise OptionError(f"`layer` must be a cell or a layer over sequences, but it is {what_came(layer)}.")
    layer = copy.deepcopy(Recurrent(layer) if isinstance(layer, Cell) else layer).double()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        loss, tensors = _prepare(layer, input, num_steps, batch_size, seed)
        with torch.enable_grad():
            value, wanted = loss(), [one for _, one in tensors]
            is_cut = not value.requires_grad
            found = [None] * len(wanted) if is_cut else torch.autograd.grad(value, wanted, allow_unused=True)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            checked = [
                _check(name, one, a, loss, _chosen(one, max_checked, generator), tolerance)
                for (name, one), a in zip(tensors, found, strict=True)
            ]
    return GradientCheck(tuple(checked), tolerance, tuple(_cuts(layer)))


def _prepare(
    layer: nn.Module, input: Tensor | None, num_steps: int, batch_size: int, seed: int
) -> tuple[Callable[[], Tensor], list[tuple[str, Tensor]]]:
    """Return the loss as a function of nothing, and the tensors it depends on."""
    given = _draw(layer, num_steps, batch_size) if input is None else input
    given = given.detach().double().clone().requires_grad_()
    state = None
    if hasattr(layer, "initial_state"):
        with torch.no_grad():
            _, state = layer(torch.randn_like(given.narrow(_time_axis(layer), 0, 1)))
        state = map_state(lambda part: part.detach().clone().requires_grad_(), state)
    weights: list[Tensor] = []

    def loss() -> Tensor:
        torch.manual_seed(seed)
        output, final = layer(given) if state is None else layer(given, state)
        results = [output, *state_tensors(final)]
        if not weights:
            weights.extend(torch.randn_like(one) for one in results)
        return torch.stack([(w * one).sum() for w, one in zip(weights, results, strict=True)]).sum()

    states = [] if state is None else state_tensors(state)
    parameters = [(name, one) for name, one in layer.named_parameters() if one.requires_grad]
    return loss, [*parameters, ("input", given), *((f"state.{n}", one) for n, one in enumerate(states))]


def _draw(layer: nn.Module, num_steps: int, batch_size: int) -> Tensor:
    size = getattr(layer, "input_size", None)
    if not isinstance(size, int):
        raise OptionError(f"{type(layer).__name__} has no `input_size`: give `input`.")
    shape = (batch_size, num_steps) if _time_axis(layer) else (num_steps, batch_size)
    return torch.randn(*shape, size)


def _chosen(tensor: Tensor, max_checked: int, generator: torch.Generator) -> list[int]:
    return torch.randperm(tensor.numel(), generator=generator)[:max_checked].tolist()


def _check(
    name: str,
    tensor: Tensor,
    gradient: Tensor | None,
    loss: Callable[[], Tensor],
    chosen: Sequence[int],
    tolerance: float,
) -> CheckedGradient:
    gradient = torch.zeros_like(tensor) if gradient is None else gradient
    places = [tuple(int(i) for i in torch.unravel_index(torch.tensor(n), tensor.shape)) for n in chosen]
    backward = [float(gradient[place]) for place in places]
    difference = [_difference(tensor, place, loss) for place in places]
    errors = relative_errors(backward, difference)
    for number, error in enumerate(errors):
        if not error <= tolerance and _is_rough(tensor, places[number], loss, difference[number]):
            errors[number] = -1.0
    worst = max(range(len(errors)), key=lambda n: math.inf if math.isnan(errors[n]) else errors[n])
    return CheckedGradient(
        name,
        tuple(tensor.shape),
        sum(not error < 0 for error in errors),
        *(max(errors[worst], 0.0), places[worst], backward[worst], difference[worst]),
    )


def _is_rough(tensor: Tensor, place: tuple[int, ...], loss: Callable[[], Tensor], difference: float) -> bool:
    nearer = _difference(tensor, place, loss, STEP / 10)
    return abs(nearer - difference) > ROUGH * max(abs(nearer), abs(difference))


def relative_errors(backward: Sequence[float], difference: Sequence[float]) -> list[float]:
    """Return |a - b| / (|a| + |b|); what is tiny beside the rest of its tensor is held against that.

    Args:
        backward: a.
        difference: b.
    """
    floor = FLOOR * max(map(abs, difference), default=0.0)
    return [
        abs(a - b) / max(abs(a) + abs(b), floor) if a != b else 0.0
        for a, b in zip(backward, difference, strict=True)
    ]


def _difference(
    tensor: Tensor, place: tuple[int, ...], loss: Callable[[], Tensor], step: float = STEP
) -> float:
    value = float(tensor[place])
    losses = []
    for moved in (value + step, value - step):
        tensor[place] = moved
        losses.append(float(loss()))
    tensor[place] = value
    return (losses[0] - losses[1]) / (2 * step)


def _time_axis(layer: nn.Module) -> int:
    return 1 if getattr(layer, "batch_first", False) else 0


def _cuts(layer: nn.Module) -> Iterator[str]:
    """Yield where recorded cells send back another gradient than that of what they compute."""
    for module in layer.modules():
        if isinstance(module, Cell):
            yield from _cuts_of(module)


def _cuts_of(cell: Any) -> Iterator[str]:
    try:
        graph = recorded(cell).graph
    except TraceError:
        return
    for node in graph.nodes:
        if node.op in CUTS:
            where = f" ({node.source.file}:{node.source.line})" if node.source else ""
            yield f"{type(cell).__name__}, {node.op}{where}"
