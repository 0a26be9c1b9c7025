"""A fitted forecast on rows that come one by one, in memory that does not grow with their number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from elman.data import Panel, Series
from elman.data.stamps import stamp_texts
from elman.tasks.forecast.model import ForecastModel
from elman.tasks.forecast.stream_buffer import SeriesBuffer
from elman.tasks.forecast.stream_cells import CellReader
from elman.tasks.forecast.stream_stamps import StampReader
from elman.tasks.forecast.windows import Scaling
from elman.tasks.streaming import RowStream


class ForecastStream(RowStream):
    """Forecasts the steps after each observation, as soon as all is there that the forecast needs.

    That is the `context` of steps, and the future of the known covariates: rows with a later stamp and no
    target, which may come before or after the observation. What is said then is what
    `Forecaster.predict` says of the rows until then. Of each series the rows that a window reads are kept.

    Args:
        model: the fitted model.
        time_zone: where the series live; see `build_panel`.
    """

    def __init__(self, model: ForecastModel, *, time_zone: str | None = None):
        self._model = model
        self._cells = CellReader(model.encoder, model.names)
        encoder = model.encoder
        self._stamps = StampReader(encoder.columns, encoder.frequency, time_zone, encoder.time_format)
        self._buffers: dict[str | None, SeriesBuffer] = {}
        self._has_passed_over = False
        self.columns = model.encoder.columns.names
        self.notes: list[str] = []

    def push(self, row: Mapping[str, Any]) -> pl.DataFrame | None:
        """Take in one row.

        Args:
            row: its cells by their columns, as text or as values of JSON.

        Returns:
            The forecast of the next steps of its series, as `Forecaster.predict` returns it, or None.

        Raises:
            DataError: the row cannot be used; it has changed nothing.
        """
        if not any(_is_filled(row.get(name)) for name in self.columns):
            return None
        name, values = self._cells.series(row), self._cells.row(row)
        buffer = self._buffers.get(name)
        after = None if buffer is None else buffer.newest
        stamp = self._stamps.read(row.get(self._model.encoder.columns.time), after)
        buffer = buffer or self._new_buffer(stamp)
        position = buffer.place(stamp)
        if values[0] is not None:
            self._pass_over(name, buffer)
        buffer.put(position, values)
        buffer.newest, self._buffers[name] = stamp, buffer
        if not self._is_due(buffer) or self._lacking(buffer) is not None:
            return None
        buffer.is_forecast = True
        return self._forecast(name, buffer)

    def _new_buffer(self, stamp: pl.Series) -> SeriesBuffer:
        geometry, frequency = self._model.geometry, self._model.encoder.frequency
        return SeriesBuffer(
            frequency, stamp, geometry.rows_before, geometry.season, num_columns=len(self._cells.schema)
        )

    def _is_due(self, buffer: SeriesBuffer) -> bool:
        return not buffer.is_forecast and buffer.num_steps >= self._model.geometry.context

    def _lacking(self, buffer: SeriesBuffer) -> tuple[str, int] | None:
        """Return a known covariate and the first step, from 1, at which it lacks; as `require_future`."""
        known, places = self._model.encoder.known, list(self._cells.schema)
        names = [one.name for one in known.numeric if not one.has_indicator]
        names += [one.name for one in known.text if places.index(one.name) not in buffer.ever_missing]
        for name in names:
            at = buffer.first_missing(places.index(name), self._model.geometry.horizon)
            if at is not None:
                return name, at
        return None

    def _pass_over(self, name: str | None, buffer: SeriesBuffer) -> None:
        """Say once if an observation comes before the one before could be forecast from."""
        lacking = self._lacking(buffer) if self._is_due(buffer) and not self._has_passed_over else None
        if lacking is None:
            return
        self._has_passed_over = True
        last = buffer.last or 0
        begin, end = stamp_texts(buffer.stamps([last, last + lacking[1]]))
        whose = "" if name is None else f" of series {name!r}"
        horizon = self._model.geometry.horizon
        self.notes.append(
            f"no forecast{whose} after {begin}: the known covariate {lacking[0]!r} has no value at {end}, "
            f"one of the {horizon} steps to forecast. Give its future as rows without "
            f"{self._model.encoder.columns.target!r}, before the next observation. This is said once."
        )

    def _forecast(self, name: str | None, buffer: SeriesBuffer) -> pl.DataFrame:
        encoder, geometry = self._model.encoder, self._model.geometry
        frame = buffer.frame(encoder.columns.time, self._cells.schema, geometry.rows_after)
        series = Series(name, frame, len(buffer.past))
        model = self._model_for(name, buffer)
        arrays = model.arrays_of(Panel(encoder.columns, encoder.frequency, (series,), ()))
        origins = arrays.starts + np.array([series.num_observed])
        return model.forecast_frame(arrays, origins).drop("target")

    def _model_for(self, name: str | None, buffer: SeriesBuffer) -> ForecastModel:
        """Return the model, with the scale so far of a series that training never saw."""
        model = self._model
        if name in model.names:
            return model

        def extend(scaling: Scaling) -> Scaling:
            location, scale = buffer.scale.measure(scaling.kind)
            return Scaling(
                scaling.kind, np.append(scaling.locations, location), np.append(scaling.scales, scale)
            )

        return replace(
            model,
            names=(*model.names, name),
            scaling=extend(model.scaling),
            linear_scaling=extend(model.linear_scaling),
        )


def _is_filled(cell: Any) -> bool:
    return cell is not None and bool(str(cell).strip())
