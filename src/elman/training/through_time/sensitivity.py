"""How the state depends on the parameters, carried forward through time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from elman.backends.reference import run
from elman.ir import OPS, ProductGradient, StepGraph, SumGradient
from elman.passes import canonical, differentiate, linearize

Part = ProductGradient | SumGradient


class TangentStep:
    """One recorded step with its forward tangent, and where parameters enter it.

    Args:
        graph: The step, as recorded.
        wanted: Names of the parameter arguments whose gradients are wanted.
    """

    def __init__(self, graph: StepGraph, wanted: frozenset[str]) -> None:
        self.graph = canonical(graph)
        gradient = differentiate(self.graph, wanted)
        entries = {
            part: _value_of(self.graph, part.gradient) for part in (*gradient.products, *gradient.sums)
        }
        reaching = _reaching_states(self.graph)
        # What reaches the output alone has a gradient within its own step.
        self.entries = {
            part: value
            for part, value in entries.items()
            if value in reaching and self.graph.arguments[part.argument].kind == "parameter"
        }
        self.probes = sorted(set(self.entries.values()))  # as `linearize` has them
        self.tangent = linearize(self.graph, self.probes)
        vectors = {part.vector for part in self.entries if isinstance(part, ProductGradient)}
        self.observing = replace(self.graph, observed=tuple((str(value), value) for value in sorted(vectors)))
        self.state_sizes = [self.graph.type_of(n).shape[0] for n in self.graph.of_kind("state")]

    @property
    def is_diagonal(self) -> bool:
        """Whether each unit of the state depends on the same unit before, and on rows of weights, alone."""
        sizes = set(self.state_sizes)
        if len(sizes) != 1:
            return False
        kinds = dict.fromkeys(self.graph.of_kind("state"), "unit")
        for number in range(self.graph.num_values):
            place = number - len(self.graph.arguments)
            if place >= 0:
                kinds[number] = _kind(self.graph, place, kinds, sizes)
            if number in self.probes:
                is_unit = self.graph.type_of(number).shape in {(next(iter(sizes)),), ()}
                kinds[number] = "unit" if is_unit and kinds.get(number) != "mixed" else "mixed"
        return all(kinds.get(number) != "mixed" for number in self.graph.new_states)

    def vectors(self, arguments: Sequence[Tensor]) -> tuple[dict[int, Tensor], tuple[Tensor, ...]]:
        """Return what the weights are multiplied with in a step, by value, and the new states."""
        result = run(self.observing, arguments)
        return {int(name): value for name, value in result.observed.items()}, result.new_states

    def tangents(self, arguments: Sequence[Tensor], moves: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return how the new states move.

        Args:
            arguments: Of the step.
            moves: Of the states, then of the probes.
        """
        result = run(self.tangent, [*arguments, *moves])
        return result.new_states[len(self.state_sizes) :]


def _value_of(graph: StepGraph, name: str) -> int:
    """Return the value that a gradient, "dL/d@12" or "dL/dbias", is of."""
    of = name.removeprefix("dL/d")
    if of.startswith("@"):
        return int(of[1:])
    return next(number for number, argument in enumerate(graph.arguments) if argument.name == of)


def _reaching_states(graph: StepGraph) -> set[int]:
    """List the values that a new state depends on."""
    reaching = set(graph.new_states)
    for number in reversed(range(len(graph.arguments), graph.num_values)):
        if number in reaching:
            reaching |= set(graph.nodes[number - len(graph.arguments)].operands)
    return reaching


def _kind(graph: StepGraph, place: int, kinds: dict[int, str], sizes: set[int]) -> str:
    """Return how a node depends on the states and the probes: not ("none"), "unit" by unit, or "mixed"."""
    node = graph.nodes[place]
    found = {kinds.get(operand, "none") for operand in node.operands}
    if OPS[node.op].category == "linear" and {
        kinds.get(operand, "none") for operand in node.operands[:2]
    } == {"none"}:
        return found.pop() if len(found) == 1 else "unit"  # a bias alone moves
    if node.op == "stop_gradient" or found == {"none"} or not found:
        return "none"
    is_by_unit = OPS[node.op].category in ("pointwise", "identity") and node.type.shape in (
        *((size,) for size in sizes),
        (),
    )
    return "unit" if is_by_unit and "mixed" not in found else "mixed"


class Sensitivity(ABC):
    """The derivative of the state by the parameters, ds/dtheta, of each sequence; abstract.

    Args:
        step: The recorded step.
        batch_size: Number of sequences, N.
        like: A tensor with the dtype and device of the numbers.
    """

    def __init__(self, step: TangentStep, batch_size: int, like: Tensor) -> None:
        self.step = step
        self.numbers = {part: like.new_zeros(batch_size, *self.shape_of(part)) for part in step.entries}

    @abstractmethod
    def shape_of(self, part: Part) -> tuple[int, ...]:
        """Return the shape of what is kept of a part of a parameter, for one sequence."""

    @abstractmethod
    def advance(self, arguments: Sequence[Tensor], rows: Tensor) -> tuple[Tensor, ...]:
        """Take one step; return the new states.

        Args:
            arguments: Of the step, for the sequences that take it.
            rows: The numbers of those sequences.
        """

    @abstractmethod
    def gradient(self, part: Part, numbers: Tensor, states: Sequence[Tensor]) -> Tensor:
        """Return the gradient of a part of a parameter, from that of the states.

        Args:
            part: The part.
            numbers: What was kept of it.
            states: dL/ds of each state.
        """

    def forget(self, rows: Tensor) -> None:
        """Let sequences start anew: their state depends on no parameter.

        Args:
            rows: Their numbers.
        """
        for numbers in self.numbers.values():
            numbers[rows] = 0

    def keep(self) -> dict[Part, Tensor]:
        """Return what is known now; later steps leave it as it is."""
        self.numbers, kept = {part: one.clone() for part, one in self.numbers.items()}, self.numbers
        return kept


class FullSensitivity(Sensitivity):
    """Of any step: each number of the state by each number of the parameters."""

    def shape_of(self, part: Part) -> tuple[int, ...]:
        """Return (S, *shape of the part)."""
        return (sum(self.step.state_sizes), *_entry_shape(self.step.graph, part, self.step.entries[part]))

    def advance(self, arguments: Sequence[Tensor], rows: Tensor) -> tuple[Tensor, ...]:
        """Take one step by the whole Jacobian."""
        step, graph = self.step, self.step.graph
        shapes = [graph.type_of(n).shape for n in (*graph.of_kind("state"), *step.probes)]
        sizes = [torch.Size(shape).numel() for shape in shapes]
        num_rows, total = len(rows), sum(sizes)
        moves = [
            part.reshape(1, total, *shape).expand(num_rows, *[-1] * (1 + len(shape))).flatten(0, 1)
            for part, shape in zip(_eye(total, like=arguments[0]).split(sizes, dim=1), shapes, strict=True)
        ]
        repeated = [
            one.repeat_interleave(total, dim=0) if argument.type.per_row else one
            for argument, one in zip(graph.arguments, arguments, strict=True)
        ]
        moved = torch.cat([*step.tangents(repeated, moves)], dim=-1).unflatten(0, (num_rows, total))
        state_size = sum(step.state_sizes)
        jacobian, *entering = moved.split([state_size, *sizes[len(step.state_sizes) :]], dim=1)
        by_probe = dict(zip(step.probes, entering, strict=True))
        vectors, new_states = step.vectors(arguments)
        for part, numbers in self.numbers.items():
            carried = torch.einsum("nds,nd...->ns...", jacobian, numbers[rows])
            numbers[rows] = carried + self._entering(part, by_probe[step.entries[part]], vectors)
        return new_states

    def _entering(self, part: Part, moved: Tensor, vectors: dict[int, Tensor]) -> Tensor:
        shape = self.step.graph.type_of(self.step.entries[part]).shape
        moved = moved.transpose(1, 2).unflatten(2, shape or (1,))  # (N, S, *shape)
        if isinstance(part, SumGradient):
            return moved if shape else moved.squeeze(2)
        vector = vectors[part.vector]
        if len(shape) == 2:
            return torch.einsum("nsgm,...gk->nsgmk", moved, vector.expand(len(moved), *vector.shape[-2:]))
        return torch.einsum("nsm,nk->nsmk", moved, vector.expand(len(moved), vector.shape[-1]))

    def gradient(self, part: Part, numbers: Tensor, states: Sequence[Tensor]) -> Tensor:  # noqa: ARG002
        """Return the gradient of a part of a parameter, from that of the states."""
        return torch.einsum("ns,ns...->...", torch.cat([*states], dim=-1), numbers)


class DiagonalSensitivity(Sensitivity):
    """Of a step whose units know of one another nothing: each unit by its own row of the parameters."""

    def shape_of(self, part: Part) -> tuple[int, ...]:
        """Return (states, H) and, for a weight, the columns."""
        graph, sizes = self.step.graph, self.step.state_sizes
        columns = (graph.type_of(part.vector).shape[-1],) if isinstance(part, ProductGradient) else ()
        return (len(sizes), sizes[0], *columns)

    def advance(self, arguments: Sequence[Tensor], rows: Tensor) -> tuple[Tensor, ...]:
        """Take one step; as units do not mix, one move of all of them at once shows each one's slope."""
        step, graph = self.step, self.step.graph
        places = [*graph.of_kind("state"), *step.probes]
        still = [arguments[0].new_zeros(len(rows), *graph.type_of(number).shape) for number in places]
        slopes = []
        for place in range(len(places)):
            moves = [torch.ones_like(one) if other == place else one for other, one in enumerate(still)]
            slopes.append(torch.stack([*step.tangents(arguments, moves)], dim=1))
        num_states = len(step.state_sizes)
        jacobian = torch.stack(slopes[:num_states], dim=2)  # (N, new state, state, H)
        by_probe = dict(zip(step.probes, slopes[num_states:], strict=True))
        vectors, new_states = step.vectors(arguments)
        for part, numbers in self.numbers.items():
            entering = by_probe[step.entries[part]]
            if isinstance(part, ProductGradient):
                vector = vectors[part.vector]
                vector = vector.expand(len(rows), vector.shape[-1])
                entering = torch.einsum("njh,nk->njhk", entering, vector)
            numbers[rows] = torch.einsum("njih,nih...->njh...", jacobian, numbers[rows]) + entering
        return new_states

    def gradient(self, part: Part, numbers: Tensor, states: Sequence[Tensor]) -> Tensor:
        """Return the gradient of a part of a parameter, from that of the states."""
        found = torch.einsum("njh,njh...->h...", torch.stack([*states], dim=1), numbers)
        return found if self.step.graph.type_of(self.step.entries[part]).shape else found.sum()


def part_of(parameter: Tensor, part: Part) -> Tensor:
    """Return a view of the part of a parameter that enters a step, as it is multiplied there.

    Args:
        parameter: The parameter.
        part: Its part.
    """
    for axis, start, stop, step in part.ranges:
        parameter = parameter[(*[slice(None)] * axis, slice(start, stop, step))]
    return parameter.mT if isinstance(part, ProductGradient) and part.is_transposed else parameter


def _entry_shape(graph: StepGraph, part: Part, value: int) -> tuple[int, ...]:
    shape = graph.type_of(value).shape
    return (*shape, graph.type_of(part.vector).shape[-1]) if isinstance(part, ProductGradient) else shape


def _eye(size: int, like: Tensor) -> Tensor:
    return torch.eye(size, dtype=like.dtype, device=like.device)
