"""`elman fit forecast`: from a table to a forecaster, its scores and its report."""

from __future__ import annotations

import typer

from elman.cli import options
from elman.cli.running import fit


def command(
    context_: typer.Context,
    data: options.Data = None,
    time: options.Time = None,
    target: options.Target = None,
    series: options.Series = None,
    known: options.Known = None,
    past: options.Past = None,
    horizon: options.Horizon = None,
    frequency: options.Frequency = None,
    time_zone: options.TimeZone = None,
    time_format: options.TimeFormat = None,
    encoding: options.Encoding = None,
    validation: options.Validation = None,
    test: options.Test = None,
    context: options.Context = None,
    cell: options.CellName = None,
    hidden_size: options.HiddenSize = None,
    num_layers: options.NumLayers = None,
    dropout: options.Dropout = None,
    quantiles: options.Quantiles = None,
    num_steps: options.NumSteps = None,
    batch_size: options.BatchSize = None,
    learning_rate: options.LearningRate = None,
    seed: options.Seed = None,
    threads: options.Threads = None,
    through_time: options.ThroughTime = None,
    memory: options.Memory = None,
    device: options.Device = None,
    out: options.Out = None,
    config: options.Config = None,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
) -> None:
    """Fit a forecaster to a table, score it beside baselines, and write a report.

    The last steps of each series are kept for testing, the ones before them
    for validation; the network learns from the rest. Missing values and gaps
    are handled and reported.

    [bold]Example[/bold]: elman fit forecast demand.csv --time Time --target Demand
    --known Temperature --known Holiday --horizon 48 --out runs/demand

    Ctrl-C stops it; --resume --out runs/demand goes on to the same weights.
    """
    fit(context_, "forecast")
