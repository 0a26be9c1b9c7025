"""`elman fit tag`: from labelled sequences to a tagger, its scores and its report."""

from __future__ import annotations

import typer

from elman.cli import options
from elman.cli import tag_options as own
from elman.cli.running import fit


def command(
    context: typer.Context,
    data: own.Data = None,
    label: own.Label = None,
    sequence: own.Sequence = None,
    order: own.Order = None,
    symbols: own.Symbols = None,
    features: own.Features = None,
    delimiter: own.Delimiter = None,
    encoding: options.Encoding = None,
    validation_data: own.ValidationData = None,
    test_data: own.TestData = None,
    validation: own.Validation = None,
    test: own.Test = None,
    stream: own.Stream = False,
    characters: own.Characters = None,
    cell: options.CellName = None,
    hidden_size: own.HiddenSize = None,
    num_layers: own.NumLayers = None,
    dropout: own.Dropout = None,
    class_weights: own.ClassWeights = None,
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
    """Fit a tagger: a label at every step of a sequence, scored beside baselines, with a report.

    Reads column files as of the CoNLL tasks (a word and its tag on each line, a
    blank line between sentences) and tables with a row for each step. Tags such
    as B-PER, I-PER, O are scored as spans, too.

    [bold]Example[/bold]: elman fit tag train.conll --test-data test.conll --out runs/names

    Ctrl-C stops it; --resume --out runs/names goes on to the same weights.
    """
    fit(context, "tag")
