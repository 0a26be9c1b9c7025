"""What the validation part and the size of the table decide, so that nobody has to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from elman.data import Panel, SplitPanel, TimeSplit, split_by_time
from elman.tasks.forecast.arrays import InputEncoder, PanelArrays
from elman.tasks.forecast.batches import BatchMaker
from elman.tasks.forecast.linear import PENALTIES, LinearBranch, LinearInputs, Moments
from elman.tasks.forecast.model import blend_in
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecast.origins import scoring_origins, validation_origins, with_truth
from elman.tasks.forecast.quantiles import centre_of
from elman.tasks.forecast.windows import SCALINGS, Geometry, Scaling, future_rows

_MAX_LAGS = 512
_MIN_WINDOWS_A_GROUP = 20
_HELD_OUT_SHARE = 0.05
_BLENDS = (0.0, 0.25, 0.5, 0.75)


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


@dataclass(frozen=True)
class LinearChoice:
    """What the validation part chose for the linear branch.

    Args:
        scaling: of the target.
        num_groups: 1 for one regression, or the season for one at each place in it.
        penalty: the ridge penalty, a window.
        error: MASE on the validation part.
    """

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
) -> LinearChoice:
    """Try every scaling, grouping and penalty; take the smallest MASE on the validation part."""
    begins = np.array([one.train_end for one in splits])
    ends = np.array([one.validation_end for one in splits])
    validation = with_truth(arrays, scoring_origins(arrays, geometry, begins, ends), geometry)
    if len(validation) == 0:  # all that was observed lies behind the last whole horizon
        validation = validation_origins(arrays, geometry, splits)
    unit = Scaling.fit("naive", arrays, begins, geometry.season).scales[arrays.owner[validation]]
    choices = []
    for kind in SCALINGS:
        scaling = Scaling.fit(kind, arrays, begins, geometry.season)
        inputs = LinearInputs(arrays, encoder, geometry, scaling)
        for num_groups in _groupings(arrays, geometry, training):
            errors = _validation_errors(inputs, training, validation, unit, num_groups)
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
    inputs: LinearInputs, training: np.ndarray, validation: np.ndarray, unit: np.ndarray, num_groups: int
) -> list[float]:
    """Return the mean absolute error for each penalty, each window's in its own unit."""
    truth = inputs.arrays.target[future_rows(validation, inputs.geometry.horizon)]
    forecasts = {penalty: np.zeros_like(truth) for penalty in PENALTIES}
    of_training = dict(inputs.groups(training, num_groups))
    for group, members in inputs.groups(validation, num_groups):
        moments = Moments.of(inputs, training[of_training[group]])
        for penalty in PENALTIES:
            shared, stepwise = moments.solve(penalty)
            branch = LinearBranch(shared[None].float(), stepwise[None].float(), penalty)
            forecasts[penalty][members] = branch.predict(inputs, validation[members])
    return [float(np.nanmean(np.abs(forecasts[penalty] - truth) / unit[:, None])) for penalty in PENALTIES]


def choose_blend(
    raw: np.ndarray, levels: tuple[float, ...], batches: BatchMaker, origins: np.ndarray, linear: np.ndarray
) -> tuple[float, np.ndarray]:
    """Choose how far the forecast moves from the network's centre to the linear one.

    Two forecasts that err for different reasons are better together; how much so, validation says.

    Returns:
        The share of the linear forecast, and the (N, H, Q) quantiles after the move, scaled.
    """
    location, scale = batches.scaling.at(batches.arrays, origins, batches.geometry)
    scaled, truth = (linear - location[:, None]) / scale[:, None], batches.truth(origins)
    blended = {share: blend_in(raw, scaled, share, levels) for share in _BLENDS}
    centre = centre_of(levels)
    errors = {share: np.nanmean(np.abs(values[..., centre] - truth)) for share, values in blended.items()}
    best = min(errors, key=lambda share: errors[share])
    return best, blended[best]
