"""`elman fit text`: from a text to a language model, its scores and its report."""

from __future__ import annotations

import typer

from elman.cli import options, text_options
from elman.cli.budget import watch_budget
from elman.cli.running import fit


def command(
    context: typer.Context,
    data: text_options.Data = None,
    unit: text_options.Unit = None,
    encoding: text_options.Encoding = None,
    vocabulary_size: text_options.VocabularySize = None,
    validation: text_options.Validation = None,
    test: text_options.Test = None,
    cell: text_options.CellName = None,
    hidden_size: text_options.HiddenSize = None,
    num_layers: text_options.NumLayers = None,
    embedding_size: text_options.EmbeddingSize = None,
    ngram: text_options.Ngram = None,
    tied: text_options.Tied = False,
    dropout: text_options.Dropout = None,
    input_dropout: text_options.InputDropout = None,
    weight_dropout: text_options.WeightDropout = None,
    seconds: text_options.Seconds = None,
    num_steps: text_options.NumSteps = None,
    segment: text_options.Segment = None,
    through_time: text_options.ThroughTime = None,
    memory: text_options.Memory = None,
    batch_size: text_options.BatchSize = None,
    learning_rate: text_options.LearningRate = None,
    seed: options.Seed = None,
    threads: text_options.Threads = None,
    device: options.Device = None,
    out: options.Out = None,
    config: options.Config = None,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
) -> None:
    """Fit a language model to a text, mix it with counts, score both, and write a report.

    The end of the text is kept for testing, what stands before it for
    validation; the network learns from the rest, for a budget of time.

    [bold]Example[/bold]: elman fit text book.txt --seconds 120 --out runs/book

    Ctrl-C stops it; --resume --out runs/book goes on from the last evaluation.
    """
    fit(context, "text", lambda settings, quiet: watch_budget(settings.model().options, quiet=quiet))
