"""`elman fit classify`: from labelled sequences to a classifier, its scores and its report."""

from __future__ import annotations

import typer

from elman.cli import classify_options as own
from elman.cli import options
from elman.cli.running import fit


def command(
    context: typer.Context,
    data: own.Data = None,
    test_data: own.TestData = None,
    id: own.Id = None,  # noqa: A002 - the option's name
    order: own.Order = None,
    features: own.Features = None,
    label: own.Label = None,
    group: own.Group = None,
    part: own.Part = None,
    labels: own.Labels = None,
    encoding: own.Encoding = None,
    validation: own.Validation = None,
    test: own.Test = None,
    cell: options.CellName = None,
    hidden_size: own.HiddenSize = None,
    num_layers: own.NumLayers = None,
    bidirectional: own.Bidirectional = None,
    convolution: own.Convolution = None,
    pooling: own.Pooling = None,
    dropout: own.Dropout = None,
    linear: own.Linear = None,
    noise: own.Noise = None,
    class_weights: own.ClassWeights = None,
    refit: own.Refit = None,
    num_steps: own.NumSteps = None,
    batch_size: own.BatchSize = None,
    learning_rate: own.LearningRate = None,
    seed: options.Seed = None,
    threads: options.Threads = None,
    through_time: own.ThroughTime = None,
    memory: options.Memory = None,
    device: options.Device = None,
    out: options.Out = None,
    config: options.Config = None,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
) -> None:
    """Fit a classifier of sequences, score it beside baselines, write a report.

    A table has one row a step; a folder one file a sequence, in a sub-folder
    named after its class. Lengths may differ and values may be missing. Some
    sequences are kept for testing, some to decide when to stop.

    [bold]Example[/bold]: elman fit classify vowels.parquet --id utterance --order frame
    --label speaker --out runs/vowels

    Ctrl-C stops it; --resume --out runs/vowels goes on to the same weights.
    """
    fit(context, "classify")
