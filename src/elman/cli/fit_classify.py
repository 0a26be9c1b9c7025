"""`elman fit classify`: from labelled sequences to a classifier, its scores and its report."""

from __future__ import annotations

import typer

from elman.cli import classify_options as own
from elman.cli import options
from elman.cli.running import begun, continued, stoppable


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
    out = options.check_run_options(out, config, resume, overwrite)
    given = options.given_settings(context)
    from elman.training.run import RunDirectory

    directory = RunDirectory(out)
    mode = "resume" if resume else "overwrite" if overwrite else "new"
    with stoppable(directory, "classify"):
        from elman.cli.progress import watch
        from elman.cli.scores import print_report
        from elman.report import write_report
        from elman.tasks.classify.run import load_settings, run_classify
        from elman.tasks.classify.settings import ClassifySettings
        from elman.training.run import REPORT

        make = ClassifySettings.from_mapping
        settings = continued(load_settings, directory, given) if resume else begun(make, config, given)
        with watch(settings.num_steps, quiet=quiet) as observer:
            report = run_classify(settings, directory, mode, observer)
        print_report(report, write_report(report, directory / REPORT), quiet=quiet)
