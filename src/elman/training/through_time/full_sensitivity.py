"""The derivative of any state by the parameters: a matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from elman.ir import ProductGradient, SumGradient
from elman.training.through_time.sensitivity import Entry, Sensitivity
from elman.training.through_time.tangent import Part


class FullSensitivity(Sensitivity):
    """Of any step: each number of the state by each number of the parameters."""

    @property
    def _axes(self) -> tuple[int, ...]:
        return (sum(self.step.sizes),)

    def _num_directions(self) -> list[int]:
        return [self.step.size_of(place) for place in self.step.places]

    def _make_directions(self, like: Tensor) -> list[Tensor]:
        sizes = self._num_directions()
        return [*torch.eye(sum(sizes), dtype=like.dtype, device=like.device).split(sizes, dim=1)]

    def _shape_of(self, part: Part) -> tuple[int, ...]:
        graph = self.step.graph
        shape = graph.type_of(self.step.entries[part]).shape
        if isinstance(part, ProductGradient):
            # A weight (M, K), or one for each of several blocks (G, M, K); other axes have the same one.
            num_blocks = len(graph.arguments[part.argument].type.shape) - 2
            return (*shape[len(shape) - 1 - num_blocks :], graph.type_of(part.vector).shape[-1])
        return shape

    def _carry(self, slopes: Tensor, numbers: Tensor, result: Tensor) -> None:
        torch.bmm(slopes[:, : numbers.shape[1]].mT, numbers, out=result)

    def _enter(self, moved: Tensor, entry: Entry, seen: dict[int, Tensor], result: Tensor) -> None:
        moved = moved.mT  # (N, S, F)
        if isinstance(entry.part, SumGradient):
            result += moved
            return
        *blocks, rows, columns = entry.shape
        num_blocks = math.prod(blocks)
        moved = moved.unflatten(2, (-1, num_blocks, rows))  # (N, S, others, G, M)
        vector = seen[entry.part.vector].unflatten(1, (-1, num_blocks, columns))
        result = result.unflatten(2, (num_blocks, rows, columns))
        for other in range(moved.shape[2]):
            result.addcmul_(moved[:, :, other, :, :, None], vector[:, None, other, :, None])

    def _gradient(self, numbers: Tensor, states: Sequence[Tensor]) -> Tensor:
        return torch.cat([*states], dim=-1).flatten() @ numbers.flatten(0, 1)

    def _shaped(self, entry: Entry, gradient: Tensor) -> Tensor:
        return gradient.view(entry.shape)
