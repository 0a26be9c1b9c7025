"""The derivative of a state whose units do not mix: a row for each unit."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from elman.ir import ProductGradient
from elman.training.through_time.sensitivity import Entry, Sensitivity
from elman.training.through_time.tangent import Part


class DiagonalSensitivity(Sensitivity):
    """Of a step whose units know of one another nothing: each unit by its own row of the parameters."""

    @property
    def _axes(self) -> tuple[int, ...]:
        return (len(self.step.sizes), self.step.sizes[0])

    def _num_directions(self) -> list[int]:
        return [1] * len(self.step.places)

    def _make_directions(self, like: Tensor) -> list[Tensor]:
        # As units do not mix, one move of all of them at once shows each one's slope.
        eye = torch.eye(len(self.step.places), dtype=like.dtype, device=like.device)
        return [
            one[:, None].expand(-1, self.step.size_of(place))
            for place, one in zip(self.step.places, eye, strict=True)
        ]

    def _shape_of(self, part: Part) -> tuple[int, ...]:
        is_product = isinstance(part, ProductGradient)
        return (self.step.graph.type_of(part.vector).shape[-1],) if is_product else ()

    def _carry(self, slopes: Tensor, numbers: Tensor, result: Tensor) -> None:
        _, num_states, size, _ = numbers.shape
        jacobian = slopes[:, :num_states].unflatten(2, (num_states, size))  # (N, old, new, H)
        torch.mul(jacobian[:, 0, :, :, None], numbers[:, :1], out=result)
        for old in range(1, num_states):
            result.addcmul_(jacobian[:, old, :, :, None], numbers[:, old : old + 1])

    def _enter(self, moved: Tensor, entry: Entry, seen: dict[int, Tensor], result: Tensor) -> None:
        moved = moved.reshape(*result.shape[:3], 1)
        if isinstance(entry.part, ProductGradient):
            result.addcmul_(moved, seen[entry.part.vector][:, None, None])
        else:
            result += moved

    def _gradient(self, numbers: Tensor, states: Sequence[Tensor]) -> Tensor:
        return torch.einsum("njh,njhp->hp", torch.stack([*states], dim=1), numbers)

    def _shaped(self, entry: Entry, gradient: Tensor) -> Tensor:
        if isinstance(entry.part, ProductGradient):
            return gradient
        is_scalar = not self.step.graph.type_of(self.step.entries[entry.part]).shape
        return gradient.sum() if is_scalar else gradient[:, 0]
