"""The linear branch: a direct ridge regression for each step of the horizon, in closed form.

It is the strongest plain baseline there is for most tables, it is fitted in seconds, and the recurrent
branch starts from it. Where a season is known there may be one regression for each place of the origin
in the season ("grouped"): what follows midnight and what follows noon are different questions.

All steps share most of their inputs (the past, the known future as a whole), so one factorisation
serves the whole horizon; the few inputs that belong to one step (its calendar, its covariates) are
added by a Schur complement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from elman.tasks.forecast.arrays import InputEncoder, PanelArrays
from elman.tasks.forecast.windows import Geometry, Scaling, future_rows, past_rows, scaled_past, scaled_rows

PENALTIES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
"""Ridge penalties that are tried, a window."""

_MAX_SHARED_COVARIATES = 600
_CHUNK = 4096
_MAX_SUMS = 2**21
"""Numbers in the sums of all steps, if each has its own."""


@dataclass(frozen=True)
class LinearInputs:
    """Which inputs the regressions read, and how a window becomes them.

    Args:
        arrays: the panel.
        encoder: says which covariates are numbers and which are events.
        geometry: sizes of a window.
        scaling: of the target.
    """

    arrays: PanelArrays
    encoder: InputEncoder
    geometry: Geometry
    scaling: Scaling

    def shared(self, origins: np.ndarray) -> np.ndarray:
        """Return what every step of the horizon reads, (N, p): past target and covariates, a 1 at the end."""
        geometry, arrays = self.geometry, self.arrays
        location, scale = self.scaling.at(arrays, origins, geometry)
        lags, _ = scaled_past(arrays, origins, geometry.num_lags, location, scale)
        numbers = arrays.known[:, self.encoder.number_columns]
        width = (
            numbers.shape[1] * (2 * geometry.horizon + geometry.season)
            + arrays.past.shape[1] * geometry.season
        )
        blocks = [lags]
        if width <= _MAX_SHARED_COVARIATES:
            ahead = _flat(numbers[future_rows(origins, geometry.horizon)])
            behind = past_rows(origins, geometry.season)
            blocks += [ahead, ahead**2, _flat(numbers[behind]), _flat(arrays.past[behind])]
        else:
            blocks += [arrays.past[origins - 1]]
        return np.concatenate([*blocks, np.ones((len(origins), 1))], axis=1)

    def stepwise(self, origins: np.ndarray) -> np.ndarray:
        """Return what one step of the horizon reads, (N, H, q): its calendar and known covariates."""
        arrays, season = self.arrays, self.geometry.season
        rows = future_rows(origins, self.geometry.horizon)
        events = self.encoder.event_columns
        blocks = [
            arrays.calendar[rows],
            arrays.known[rows],
            arrays.known[rows][..., self.encoder.number_columns] ** 2,
            arrays.known[rows - season][..., events],
            arrays.known[rows + season][..., events],
        ]
        for at, size in enumerate(self.encoder.known.vocabulary_sizes):
            blocks.append(np.eye(size)[arrays.known_codes[rows, at]])
        return np.concatenate(blocks, axis=-1).astype(np.float64)

    def targets(self, origins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the scaled truth, 0 where missing, and where it was observed; (N, H)."""
        location, scale = self.scaling.at(self.arrays, origins, self.geometry)
        return scaled_rows(self.arrays, future_rows(origins, self.geometry.horizon), location, scale)

    def groups(self, origins: np.ndarray, num_groups: int) -> Iterator[tuple[int, np.ndarray]]:
        """Yield each group's number and the places in `origins` of its windows."""
        if num_groups == 1:
            yield 0, np.arange(len(origins))
            return
        phase = self.arrays.phase[origins]
        for group in np.unique(phase):
            yield int(group), np.flatnonzero(phase == group)


def _flat(values: np.ndarray) -> np.ndarray:
    """Return (N, n, v) values as (N, n * v); N may be 0."""
    return values.reshape(len(values), values.shape[1] * values.shape[2])


@dataclass(frozen=True)
class Moments:
    """Sums over windows that a ridge regression needs; two sets of windows add up.

    K is 1 where every step of the horizon was observed in the same windows, else the horizon.
    """

    shared: Tensor  # (K, p, p)
    mixed: Tensor  # (p, H * q)
    stepwise: Tensor  # (H, q, q)
    shared_target: Tensor  # (p, H)
    stepwise_target: Tensor  # (H, q)
    num_windows: Tensor  # (K,)

    @classmethod
    def of(cls, inputs: LinearInputs, origins: np.ndarray) -> Moments:
        """Return the sums over the windows at `origins`."""
        parts = [origins[i : i + _CHUNK] for i in range(0, max(len(origins), 1), _CHUNK)]
        return cls.total([cls._of_chunk(inputs, part) for part in parts])

    @classmethod
    def _of_chunk(cls, inputs: LinearInputs, origins: np.ndarray) -> Moments:
        target, observed = inputs.targets(origins)
        whole = observed.all(axis=1)
        shared = inputs.shared(origins)
        is_affordable = observed.shape[1] * shared.shape[1] ** 2 <= _MAX_SUMS
        by_step = is_affordable and 2 * whole.sum() < observed.any(axis=1).sum()
        kept = observed.any(axis=1) if by_step else whole
        x = torch.from_numpy(shared[kept])
        z = torch.from_numpy(inputs.stepwise(origins[kept]))
        y = torch.from_numpy(target[kept])
        # A missing truth must bias no sum. Sums of whole windows serve all steps at once; where gaps leave
        # few windows whole (no sales on Sundays), each step has sums over its own windows.
        seen = torch.from_numpy(observed[kept].astype(np.float64))
        counts = seen.sum(0) if by_step else torch.tensor([float(len(x))], dtype=torch.float64)
        products = [(x * one[:, None]).T @ x for one in seen.T] if by_step else [x.T @ x]
        z_seen = z * seen[..., None]
        steps = z_seen.transpose(0, 1)
        return cls(
            torch.stack(products),
            x.T @ z_seen.flatten(1),
            steps.transpose(1, 2) @ steps,
            x.T @ y,
            (steps.transpose(1, 2) @ y.T[..., None])[..., 0],
            counts,
        )

    @classmethod
    def total(cls, parts: Sequence[Moments]) -> Moments:
        """Return the sums over all windows of several sets."""
        return reduce(lambda a, b: a._plus(b, 1), parts)

    def without(self, other: Moments) -> Moments:
        """Return the sums with the windows of `other` taken out again."""
        return self._plus(other, -1)

    def _plus(self, other: Moments, sign: int) -> Moments:
        return Moments(
            self.shared + sign * other.shared,
            self.mixed + sign * other.mixed,
            self.stepwise + sign * other.stepwise,
            self.shared_target + sign * other.shared_target,
            self.stepwise_target + sign * other.stepwise_target,
            self.num_windows + sign * other.num_windows,
        )

    def solve(self, penalty: float) -> tuple[Tensor, Tensor]:
        """Return the weights of the shared inputs (p, H) and of the stepwise ones (H, q)."""
        strength = penalty * self.num_windows.clamp(min=1)
        num_shared, (horizon, width) = self.shared.shape[1], self.stepwise_target.shape
        ridge = strength[:, None].repeat(1, num_shared)
        ridge[:, -1] *= 1e-6  # the constant is all but free
        factor = torch.linalg.cholesky(self.shared + torch.diag_embed(ridge))
        free, mixed = _solve_steps(factor, self.shared_target, self.mixed)
        cross = self.mixed.reshape(num_shared, horizon, width).transpose(0, 1).transpose(1, 2)  # (H, q, p)
        penalties = strength[:, None, None] * torch.eye(width, dtype=torch.float64)
        schur = self.stepwise + penalties - cross @ mixed
        rest = self.stepwise_target - (cross @ free.T[..., None])[..., 0]
        stepwise = torch.linalg.solve(schur, rest[..., None])[..., 0]
        return free - (mixed @ stepwise[..., None])[..., 0].T, stepwise


def _solve_steps(factor: Tensor, target: Tensor, mixed: Tensor) -> tuple[Tensor, Tensor]:
    """Solve for the targets (p, H) and the mixed sums (p, H * q); return (p, H) and (H, p, q)."""
    (num_shared, horizon), num_factors = target.shape, len(factor)
    width = mixed.shape[1] // horizon
    if num_factors == 1:
        both = torch.cholesky_solve(torch.cat([target, mixed], dim=1), factor[0])
        return both[:, :horizon], both[:, horizon:].reshape(num_shared, horizon, width).transpose(0, 1)
    by_step = mixed.reshape(num_shared, horizon, width).transpose(0, 1)
    both = torch.cholesky_solve(torch.cat([target.T[..., None], by_step], dim=2), factor)
    return both[..., 0].T, both[..., 1:]


@dataclass(frozen=True)
class LinearBranch:
    """Fitted regressions.

    Args:
        shared: (G, p, H) float32, weights of the inputs that all steps share.
        stepwise: (G, H, q) float32, weights of each step's own inputs.
        penalty: the ridge penalty, a window.
    """

    shared: Tensor
    stepwise: Tensor
    penalty: float

    @classmethod
    def fit(
        cls, inputs: LinearInputs, origins: np.ndarray, num_groups: int, penalty: float, num_folds: int
    ) -> tuple[LinearBranch, np.ndarray]:
        """Fit on windows, and predict each of them by regressions that have not seen it.

        Args:
            inputs: makes the inputs of a window.
            origins: (N,) training windows, in order of time within each series.
            num_groups: 1, or the length of the season.
            penalty: the ridge penalty, a window.
            num_folds: stretches of time that are left out in turn; 0 predicts nothing.

        Returns:
            The branch, and (N, H) out-of-fold forecasts in the target's unit.
        """
        honest = np.zeros((len(origins), inputs.geometry.horizon))
        weights: list[tuple[Tensor, Tensor] | None] = [None] * num_groups
        folds = _folds(inputs.arrays, origins, max(num_folds, 1))
        for group, members in inputs.groups(origins, num_groups):
            parts = [members[folds[members] == fold] for fold in range(max(num_folds, 1))]
            moments = [Moments.of(inputs, origins[part]) for part in parts]
            total = Moments.total(moments)
            weights[group] = total.solve(penalty)
            for part, own in zip(parts, moments, strict=True) if num_folds else ():
                honest[part] = _apply(inputs, origins[part], total.without(own).solve(penalty))
        filled = _fill_empty_groups(weights)
        shared, stepwise = (torch.stack(part).float() for part in zip(*filled, strict=True))
        return cls(shared, stepwise, penalty), honest

    def predict(self, inputs: LinearInputs, origins: np.ndarray) -> np.ndarray:
        """Return (N, H) forecasts in the target's unit."""
        forecasts = np.zeros((len(origins), inputs.geometry.horizon))
        for group, members in inputs.groups(origins, len(self.shared)):
            weights = self.shared[group].double(), self.stepwise[group].double()
            forecasts[members] = _apply(inputs, origins[members], weights)
        return forecasts


def _apply(inputs: LinearInputs, origins: np.ndarray, weights: tuple[Tensor, Tensor]) -> np.ndarray:
    shared, stepwise = weights
    chunks = []
    for i in range(0, len(origins), _CHUNK):
        part = origins[i : i + _CHUNK]
        x, z = torch.from_numpy(inputs.shared(part)), torch.from_numpy(inputs.stepwise(part))
        location, scale = inputs.scaling.at(inputs.arrays, part, inputs.geometry)
        chunks.append((x @ shared + (z * stepwise).sum(-1)).numpy() * scale[:, None] + location[:, None])
    return np.concatenate(chunks) if chunks else np.zeros((0, inputs.geometry.horizon))


def _folds(arrays: PanelArrays, origins: np.ndarray, num_folds: int) -> np.ndarray:
    """Return the fold of each window: an unbroken stretch of time within its series."""
    folds = np.zeros(len(origins), dtype=np.int64)
    owner = arrays.owner[origins]
    for s in np.unique(owner):
        members = np.flatnonzero(owner == s)
        folds[members] = np.arange(len(members)) * num_folds // len(members)
    return folds


def _fill_empty_groups(weights: Sequence[tuple[Tensor, Tensor] | None]) -> list[tuple[Tensor, Tensor]]:
    """Give a place in the season that training never began at the mean of the others."""
    known = [pair for pair in weights if pair is not None]
    mean = torch.stack([pair[0] for pair in known]).mean(0), torch.stack([pair[1] for pair in known]).mean(0)
    return [pair if pair is not None else mean for pair in weights]
