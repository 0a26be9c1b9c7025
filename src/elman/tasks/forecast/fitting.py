"""From a split panel to a fitted model: what is learned, in the order in which it is learned.

geometry -> encoders -> linear branch (chosen on the validation part) -> out-of-fold linear forecasts
    -> recurrent branch -> blend -> calibration
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from elman.data import Panel, TimeSplit
from elman.data.findings import Finding
from elman.errors import DataError
from elman.tasks.forecast.arrays import InputEncoder, PanelArrays
from elman.tasks.forecast.batches import BatchMaker
from elman.tasks.forecast.calibration import Calibration
from elman.tasks.forecast.learning import ForecastTraining
from elman.tasks.forecast.linear import LinearBranch, LinearInputs
from elman.tasks.forecast.model import ForecastModel, predict_scaled
from elman.tasks.forecast.network import ForecastNetwork, NetworkSizes
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecast.origins import training_origins, validation_origins
from elman.tasks.forecast.selection import (
    LinearChoice,
    choose_blend,
    choose_geometry,
    choose_linear,
    split_panel,
)
from elman.tasks.forecast.windows import Geometry, Scaling
from elman.tasks.networks import seeded
from elman.tasks.observer import Observer
from elman.training import TrainingResult, train

_NUM_FOLDS = 5


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
    """Fit both branches, the blend and the calibration; the test part is not read.

    Raises:
        DataError: the series are too short.
        OptionError: the cell cannot be used.
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
    validation = validation_origins(arrays, geometry, splits)
    if len(validation) == 0:
        raise DataError(
            f"The validation part holds no window of {horizon} steps with an observed target; it decides "
            "when to stop and how wide the bands are. Make it longer: validation=..."
        )

    # Series of different sizes share a network only if each window is brought to its own scale.
    scaling = Scaling.fit("series" if len(splits) == 1 else "window", arrays, train_ends, geometry.season)
    batches = BatchMaker(arrays, encoder, geometry, scaling, torch.device(options.device))
    # Made before anything is learned: a cell that cannot be used is refused at once.
    network = _new_network(BatchMaker.sizes_for(encoder, geometry, scaling), options)

    observer.on_stage("fitting the linear branch")
    choice = choose_linear(arrays, encoder, geometry, training, splits)
    inputs = LinearInputs(arrays, encoder, geometry, choice.scaling)
    linear, honest = LinearBranch.fit(inputs, training, choice.num_groups, choice.penalty, _NUM_FOLDS)

    observer.on_stage("training the recurrent branch")
    guides = linear.predict(inputs, validation)
    result = train(
        ForecastTraining(
            network, batches, options, (training, honest), (validation, guides), observer.on_flow
        ),
        options.training,
        checkpoint=checkpoint,
        configuration=_identity(horizon, options, geometry, choice, arrays),
        on_step=observer.on_step,
        on_record=observer.on_record,
    )

    observer.on_stage("calibrating")
    raw = predict_scaled(network, batches, validation, guides)
    blend, blended = choose_blend(raw, options.quantiles, batches, validation, guides)
    calibration = Calibration.fit(options.quantiles, blended, batches.truth(validation))
    names = tuple(one.name for one in panel.series)
    model = ForecastModel(
        encoder, geometry, names, scaling, network, choice.scaling, linear, blend, calibration
    )
    panel = replace(panel, findings=panel.findings + _findings_of(encoder))
    return Fit(model, panel, splits, arrays, result)


def _new_network(sizes: NetworkSizes, options: ForecastOptions) -> ForecastNetwork:
    """Return a network with fresh weights; they depend on the seed alone."""
    with seeded(options.training.seed):
        return ForecastNetwork.from_options(sizes, options)


def _identity(
    horizon: int, options: ForecastOptions, geometry: Geometry, choice: LinearChoice, arrays: PanelArrays
) -> Mapping[str, Any]:
    """Return what a continued run must share with the run it continues; the data count, too."""
    values = {name: value for name, value in asdict(options).items() if name != "training"}
    return {
        **values,
        "cell": options.cell_name,
        "horizon": horizon,
        "context": geometry.context,
        "scaling": choice.scaling.kind,
        "num_groups": choice.num_groups,
        "penalty": choice.penalty,
        "num_rows": int(arrays.num_steps.sum()),
        "target_sum": float(np.nansum(arrays.target)),
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
