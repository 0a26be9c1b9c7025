"""One step of a cell, and how its new states move when the states or the parameters do."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from elman.compiler.call import Arguments
from elman.compiler.graphs import run_graph
from elman.compiler.recordings import Step
from elman.ir import OPS, ProductGradient, StepGraph, SumGradient
from elman.passes import canonical, differentiate, expose, linearize

Part = ProductGradient | SumGradient


class TangentStep:
    """One recorded step with its forward tangent, and where parameters enter it.

    Args:
        graph: The step, as recorded.
        wanted: Names of the parameter arguments whose gradients are wanted.
        backend: "auto", or "eager" for no kernel.

    Attributes:
        entries: The value that each part of a parameter enters the states by.
        probes: These values, in order.
        sizes: How many numbers each state has.
    """

    def __init__(self, graph: StepGraph, wanted: frozenset[str], backend: str = "auto") -> None:
        self.graph, self.backend = canonical(graph), backend
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
        self.places = [*self.graph.of_kind("state"), *self.probes]
        self.sizes = [self.size_of(number) for number in self.graph.of_kind("state")]
        vectors = {part.vector for part in self.entries if isinstance(part, ProductGradient)}
        self.watched = [*self.graph.of_kind("input"), *self.graph.of_kind("state"), *sorted(vectors)]
        self.tangent = Step(linearize(self.graph, self.probes))
        self.watching = Step(expose(self.graph, self.watched))

    def size_of(self, value: int) -> int:
        """Return how many numbers a value of the step has, for one sequence."""
        return math.prod(self.graph.type_of(value).shape)

    @property
    def is_diagonal(self) -> bool:
        """Whether each unit of the state depends on the same unit before, and on rows of weights, alone."""
        shapes = {self.graph.type_of(number).shape for number in self.graph.of_kind("state")}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            return False
        sizes = set(self.sizes)
        kinds = dict.fromkeys(self.graph.of_kind("state"), "unit")
        for number in range(self.graph.num_values):
            place = number - len(self.graph.arguments)
            if place >= 0:
                kinds[number] = _kind(self.graph, place, kinds, sizes)
            if number in self.probes:
                is_unit = self.graph.type_of(number).shape in {(next(iter(sizes)),), ()}
                kinds[number] = "unit" if is_unit and kinds.get(number) != "mixed" else "mixed"
        return all(kinds.get(number) != "mixed" for number in self.graph.new_states)

    def watch(self, arguments: Arguments, lengths: Tensor | None, resets: Tensor | None) -> dict[int, Tensor]:
        """Run over steps; return what they depend on, by value, (T, N, F) each; zeros behind an end.

        Args:
            arguments: Of the step, for all steps.
            lengths: Of the sequences.
            resets: Where states start anew.
        """
        shown, _ = run_graph(self.watching, arguments, lengths=lengths, resets=resets, backend=self.backend)
        parts = shown.split([self.size_of(value) for value in self.watched], dim=-1)
        return dict(zip(self.watched, parts, strict=True))

    def slopes(
        self, seen: dict[int, Tensor], parameters: Sequence[Tensor], directions: Sequence[Tensor]
    ) -> Tensor:
        """Return how the new states move when states and probes move in given directions.

        Args:
            seen: What steps depend on, as `watch` returns it: (T, N, F) each.
            parameters: The parameter arguments.
            directions: For each of `places` its part of all D directions, (D, F).

        Shape:
            slopes: (T, N, D, all numbers of the states).
        """
        num_directions = len(directions[0])

        def repeated(value: int) -> Tensor:
            rows = seen[value].flatten(0, 1)
            return rows[:, None].expand(-1, num_directions, -1).flatten(0, 1)

        inputs, states = self.graph.of_kind("input"), self.graph.of_kind("state")
        num_rows = seen[inputs[0]].shape[:2]
        moves = [one.expand(num_rows.numel(), *one.shape).flatten(0, 1) for one in directions]
        arguments = Arguments(
            repeated(inputs[0])[None],
            [*map(repeated, states), *moves[: len(states)]],
            [],
            [move[None] for move in moves[len(states) :]],
            parameters,
        )
        _, moved = run_graph(self.tangent, arguments, backend=self.backend)
        return torch.cat(moved[len(states) :], dim=-1).view(*num_rows, num_directions, -1)


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
