"""A keyword that is not one is answered with the near name, or with the place where it belongs."""

import inspect
import re

import pytest

from elman.errors import KeywordError, OptionError
from elman.tasks import Forecaster, LanguageModel, SequenceClassifier, SequenceTagger
from elman.tasks.classify.options import ClassifyOptions
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.tag.options import TagOptions
from elman.tasks.text.options import TextOptions
from elman.training import TrainingOptions

ADVICE = [
    (Forecaster, "horizn", "Forecaster has no option 'horizn'. Did you mean 'horizon'?"),
    (
        Forecaster,
        "hidden_size",
        "Forecaster has no option 'hidden_size' of its own; write "
        "Forecaster(options=ForecastOptions(hidden_size=...)).",
    ),
    (
        Forecaster,
        "learning_rat",
        "Did you mean 'learning_rate'? It is written "
        "Forecaster(options=ForecastOptions(training=TrainingOptions(learning_rate=...))).",
    ),
    (
        Forecaster,
        "lr",
        "no option 'lr'; Forecaster takes horizon, time, target, series, known, past, options;",
    ),
    (Forecaster, "lr", "; ForecastOptions takes context, quantiles, "),
    (Forecaster, "lr", "; TrainingOptions takes num_steps, "),
    (ForecastOptions, "seed", "write ForecastOptions(training=TrainingOptions(seed=...))."),
    (
        ForecastOptions,
        "hiden_size",
        "ForecastOptions has no option 'hiden_size'. Did you mean 'hidden_size'?",
    ),
    (TrainingOptions, "lr", "TrainingOptions has no option 'lr'; TrainingOptions takes num_steps, "),
    (SequenceTagger, "hidden_size", "write SequenceTagger(options=TagOptions(hidden_size=...))."),
    (SequenceTagger, "seed", "write SequenceTagger(options=TagOptions(training=TrainingOptions(seed=...)))."),
    (TagOptions, "character", "TagOptions has no option 'character'. Did you mean 'characters'?"),
    (SequenceClassifier, "hiden", "There is no option 'hiden'. Did you mean 'hidden_size'?"),
    (SequenceClassifier, "lr", "There is no option 'lr'. The options are cell, hidden_size, "),
    (ClassifyOptions, "poolin", "ClassifyOptions has no option 'poolin'. Did you mean 'pooling'?"),
    (LanguageModel, "hidden_size", "write LanguageModel(options=TextOptions(hidden_size=...))."),
    (TextOptions, "segmnt", "TextOptions has no option 'segmnt'. Did you mean 'segment'?"),
]


@pytest.mark.parametrize(("kind", "keyword", "message"), ADVICE)
def test_unknown_keyword(kind: type, keyword: str, message: str):
    with pytest.raises(KeywordError, match=re.escape(message)) as caught:
        kind(**{keyword: 1})
    assert isinstance(caught.value, OptionError)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "kind", [Forecaster, SequenceTagger, LanguageModel, ForecastOptions, TrainingOptions]
)
def test_signature_stays(kind: type):
    kinds = {one.kind for one in inspect.signature(kind).parameters.values()}
    assert kinds <= {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert "self" not in inspect.signature(kind).parameters


def test_missing_keyword_is_said_by_python():
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'target'"):
        Forecaster(horizon=1, time="t")  # pyright: ignore[reportCallIssue]
