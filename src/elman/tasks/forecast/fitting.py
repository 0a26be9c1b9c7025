"""From a split panel to a fitted model: what is learned, in the order in which it is learned.

geometry -> encoders, scaling -> linear branch (chosen on the validation part)
    -> out-of-fold linear forecasts -> recurrent branch -> calibration
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.data import Panel, SplitPanel, TimeSplit, split_by_time
from elman.data.findings import Finding
from elman.errors import DataError
from elman.tasks.forecast.arrays import InputEncoder, PanelArrays
from elman.tasks.forecast.batches import BatchMaker
from elman.tasks.forecast.calibration import Calibration
from elman.tasks.forecast.linear import PENALTIES, LinearBranch, LinearInputs, Moments
from elman.tasks.forecast.model import ForecastModel, predict_scaled
from elman.tasks.forecast.network import ForecastNetwork
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecast.quantiles import pinball_loss
from elman.tasks.forecast.windows import Geometry, Scaling
from elman.training import EvaluationRecord, TrainingResult, TrainingTask, train

_MAX_LAGS = 512
_MAX_TRAINING_WINDOWS = 60_000
_MAX_VALIDATION_WINDOWS = 512
_MIN_WINDOWS_A_GROUP = 20
_NUM_FOLDS = 5
_HELD_OUT_SHARE = 0.05


@dataclass(frozen=True)
class Observer:
    """What is told of a fit while it runs; each does nothing unless given.

    Args:
        on_stage: called with a sentence when a new stage begins.
        on_step: called with the optimizer step and its loss.
        on_record: called with every evaluation.
    """

    on_stage: Callable[[str], None] = field(default=lambda text: None)
    on_step: Callable[[int, float], None] = field(default=lambda step, loss: None)
    on_record: Callable[[EvaluationRecord], None] = field(default=lambda record: None)


@dataclass(frozen=True)
class Fit:
    """A fitted model and what it was fitted on.

    Args:
        model: the model.
        panel: the series that were used; its findings include those of the fit.
        splits: one per series.
        arrays: the panel as arrays.
        training: the learning curve and the time it took.
    """

    model: ForecastModel
    panel: Panel
    splits: tuple[TimeSplit, ...]
    arrays: PanelArrays
    training: TrainingResult


def fit_model(
    panel: Panel, horizon: int, options: ForecastOptions, *, checkpoint: Path | None, observer: Observer
) -> Fit:
    """Fit both branches and the calibration; the test part is not read.

    Raises:
        DataError: the series are too short.
        NonFiniteError: the training diverged.
        RunError: the checkpoint cannot be used.
    """
    split = split_panel(panel, horizon, options)
    panel, splits = split.panel, split.splits
    train_ends = np.array([one.train_end for one in splits])
    geometry = choose_geometry(panel, horizon, options, int(train_ends.min()))
    encoder = InputEncoder.fit(panel, train_ends.tolist())
    arrays = PanelArrays.build(panel, encoder, before=geometry.rows_before, after=geometry.rows_after)
    training = training_origins(arrays, geometry, train_ends)
    if len(training) == 0:
        raise DataError(f"The training part holds no window of {horizon} steps with an observed target.")

    observer.on_stage("fitting the linear branch")
    device = torch.device(options.device)
    choice = choose_linear(arrays, encoder, geometry, training, splits, train_ends)
    batches = BatchMaker(arrays, encoder, geometry, choice.scaling, device)
    linear, honest = LinearBranch.fit(
        batches.linear_inputs, training, choice.num_groups, choice.penalty, num_folds=_NUM_FOLDS
    )

    observer.on_stage("training the recurrent branch")
    torch.manual_seed(options.training.seed)
    network = ForecastNetwork(
        BatchMaker.sizes_for(encoder, geometry),
        cell=options.cell,
        hidden_size=options.hidden_size,
        num_layers=options.num_layers,
        dropout=options.dropout,
        levels=options.quantiles,
    ).to(device)
    validation = validation_origins(arrays, geometry, splits)
    guides = linear.predict(batches.linear_inputs, validation)
    task = _ForecastTraining(network, batches, options, (training, honest), (validation, guides))
    result = train(
        task,
        options.training,
        checkpoint=checkpoint,
        configuration=_identity(horizon, options, geometry, choice, arrays),
        on_step=observer.on_step,
        on_record=observer.on_record,
    )

    observer.on_stage("calibrating the bands")
    raw = predict_scaled(network, batches, validation, guides)
    target, observed = batches.linear_inputs.targets(validation)
    calibration = Calibration.fit(options.quantiles, raw, np.where(observed, target, np.nan))
    names = tuple(one.name for one in panel.series)
    model = ForecastModel(encoder, geometry, choice.scaling, names, linear, network, calibration)
    panel = replace(panel, findings=panel.findings + _findings_of(encoder))
    return Fit(model, panel, splits, arrays, result)


def split_panel(panel: Panel, horizon: int, options: ForecastOptions) -> SplitPanel:
    """Split by time; parts whose length was left open take a twentieth, in whole horizons."""
    shortest = min((one.num_observed for one in panel.series), default=0)
    usual = max(round(shortest * _HELD_OUT_SHARE / horizon), 1) * horizon
    return split_by_time(
        panel,
        horizon=horizon,
        context=options.context or 1,
        validation=usual if options.validation is None else options.validation,
        test=usual if options.test is None else options.test,
    )


def choose_geometry(panel: Panel, horizon: int, options: ForecastOptions, shortest: int) -> Geometry:
    """Choose the sizes of a window from the frequency and the shortest training part."""
    room = max((shortest - horizon) // 2, 1)
    seasons = tuple(season for season in panel.frequency.seasons if season <= room)
    wanted = max(2 * horizon, 3 * seasons[0] if seasons else 0)
    context = options.context or min(wanted, room)
    num_lags = max([season for season in seasons if season <= _MAX_LAGS], default=min(context, _MAX_LAGS))
    return Geometry(context, horizon, seasons, num_lags)


def training_origins(arrays: PanelArrays, geometry: Geometry, train_ends: np.ndarray) -> np.ndarray:
    """Return the rows where training windows begin their forecast; every step of it is in the training part."""
    past = max(geometry.context, geometry.num_lags)
    parts = []
    for start, end in zip(arrays.starts, train_ends, strict=True):
        last = end - geometry.horizon
        parts.append(np.arange(start + min(past, last), start + last + 1))
    origins = _with_truth(arrays, np.concatenate(parts), geometry)
    if len(origins) <= _MAX_TRAINING_WINDOWS:
        return origins
    kept = np.random.default_rng(0).choice(len(origins), _MAX_TRAINING_WINDOWS, replace=False)
    return origins[np.sort(kept)]


def validation_origins(arrays: PanelArrays, geometry: Geometry, splits: tuple[TimeSplit, ...]) -> np.ndarray:
    """Return windows spread over the validation part, at every place in the season."""
    spans = [
        np.arange(start + split.train_end, start + split.validation_end - geometry.horizon + 1)
        for start, split in zip(arrays.starts, splits, strict=True)
    ]
    stride = max(1, sum(map(len, spans)) // _MAX_VALIDATION_WINDOWS)
    while gcd(stride, geometry.season) != 1:
        stride += 1
    return _with_truth(arrays, np.concatenate([span[::stride] for span in spans]), geometry)


def scoring_origins(
    arrays: PanelArrays, geometry: Geometry, begins: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """Return one origin per horizon from step `begins[s]` of each series on, all truth before `ends[s]`."""
    spans = [
        np.arange(start + begin, start + end - geometry.horizon + 1, geometry.horizon)
        for start, begin, end in zip(arrays.starts, begins, ends, strict=True)
    ]
    return np.concatenate(spans)


def _with_truth(arrays: PanelArrays, origins: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Leave out windows without a single observed value to forecast."""
    observed = np.concatenate([[0], np.isfinite(arrays.target).cumsum()])
    return origins[observed[origins + geometry.horizon] > observed[origins]]


@dataclass(frozen=True)
class LinearChoice:
    """What the validation part chose: how to scale, one regression or one a place in the season, the penalty."""

    scaling: Scaling
    num_groups: int
    penalty: float
    error: float


def choose_linear(
    arrays: PanelArrays,
    encoder: InputEncoder,
    geometry: Geometry,
    training: np.ndarray,
    splits: tuple[TimeSplit, ...],
    train_ends: np.ndarray,
) -> LinearChoice:
    """Try every scaling, grouping and penalty; return the one with the smallest error on the validation part."""
    begins = np.array([one.train_end for one in splits])
    ends = np.array([one.validation_end for one in splits])
    validation = _with_truth(arrays, scoring_origins(arrays, geometry, begins, ends), geometry)
    choices = []
    for kind in ("series", "window"):
        scaling = Scaling.fit(kind, arrays, train_ends)
        inputs = LinearInputs(arrays, encoder, geometry, scaling)
        for num_groups in _groupings(arrays, geometry, training):
            errors = _validation_errors(inputs, training, validation, num_groups)
            choices += [
                LinearChoice(scaling, num_groups, penalty, error)
                for penalty, error in zip(PENALTIES, errors, strict=True)
            ]
    return min(choices, key=lambda choice: choice.error)


def _groupings(arrays: PanelArrays, geometry: Geometry, training: np.ndarray) -> list[int]:
    windows = np.bincount(arrays.phase[training], minlength=geometry.season)
    enough = geometry.season > 1 and windows.min() >= _MIN_WINDOWS_A_GROUP
    return [1, geometry.season] if enough else [1]


def _validation_errors(
    inputs: LinearInputs, training: np.ndarray, validation: np.ndarray, num_groups: int
) -> list[float]:
    """Return the mean absolute error for each penalty, in units of each series' own spread."""
    arrays = inputs.arrays
    target, observed = inputs.targets(validation)
    _, scale = inputs.scaling.at(arrays, validation, inputs.geometry)
    unit = (scale / inputs.scaling.scales[arrays.owner[validation]])[:, None]
    forecasts = {penalty: np.zeros_like(target) for penalty in PENALTIES}
    of_training = dict(inputs.groups(training, num_groups))
    for group, members in inputs.groups(validation, num_groups):
        moments = Moments.of(inputs, training[of_training[group]])
        for penalty in PENALTIES:
            branch = LinearBranch(*(part[None].float() for part in moments.solve(penalty)), penalty)
            forecasts[penalty][members] = branch.predict(inputs, validation[members])
    return [float((np.abs(forecasts[penalty] - target) * unit)[observed].mean()) for penalty in PENALTIES]


class _ForecastTraining(TrainingTask):
    """Windows drawn at random, and the pinball loss of their quantiles."""

    def __init__(
        self,
        network: ForecastNetwork,
        batches: BatchMaker,
        options: ForecastOptions,
        training: tuple[np.ndarray, np.ndarray],
        validation: tuple[np.ndarray, np.ndarray],
    ) -> None:
        super().__init__(network)
        self.batches, self.options = batches, options
        self.origins, self.honest = training
        self.validation, self.guides = validation
        self.levels = torch.tensor(options.quantiles, dtype=torch.float32, device=batches.device)

    def _draw(self, step: int) -> np.ndarray:
        generator = np.random.default_rng((self.options.training.seed, step))
        return generator.integers(len(self.origins), size=self.options.batch_size)

    def _loss_of(self, origins: np.ndarray, linear: np.ndarray) -> Tensor:
        batch = self.batches.make(origins, linear)
        return pinball_loss(self.model(batch), batch.target, self.levels, batch.observed)

    def loss(self, step: int) -> Tensor:
        drawn = self._draw(step)
        return self._loss_of(self.origins[drawn], self.honest[drawn])

    def validation_loss(self) -> float:
        size, total = 256, 0.0
        for i in range(0, len(self.validation), size):
            part = self.validation[i : i + size]
            total += self._loss_of(part, self.guides[i : i + size]).item() * len(part)
        return total / len(self.validation)

    def describe_batch(self, step: int) -> str:
        arrays = self.batches.arrays
        described = []
        for row in self.origins[self._draw(step)][:3]:
            name = arrays.names[arrays.owner[row]]
            described.append(f"{'' if name is None else f'series {name!r} '}from {arrays.time_of(row)}")
        return f"batch of {self.options.batch_size} windows: {', '.join(described)}, ..."


def _identity(
    horizon: int, options: ForecastOptions, geometry: Geometry, choice: LinearChoice, arrays: PanelArrays
) -> dict[str, Any]:
    """Return what a continued run must share with the run it continues; the data count, too."""
    values = {name: value for name, value in asdict(options).items() if name != "training"}
    values["cell"] = (
        options.cell if isinstance(options.cell, str) else getattr(options.cell, "__name__", "custom")
    )
    values["num_rows"] = int(arrays.num_steps.sum())
    values["target_sum"] = float(np.nansum(arrays.target))
    return {
        "horizon": horizon,
        **values,
        "context": geometry.context,
        "scaling": choice.scaling.kind,
        "num_groups": choice.num_groups,
        "penalty": choice.penalty,
    }


def _findings_of(encoder: InputEncoder) -> tuple[Finding, ...]:
    names = (*encoder.known.constant_names, *encoder.past.constant_names)
    return tuple(
        Finding(
            "constant_in_training",
            f"{name!r} holds one value in all of the training part and tells the network nothing.",
            "warning",
            column=name,
        )
        for name in names
    )
