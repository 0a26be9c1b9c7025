"""What people do with recurrent networks: data + network + loss + metrics + baselines."""

from typing import TYPE_CHECKING

from elman._lazy import lazy

__all__ = [
    "ClassifyOptions",
    "ForecastOptions",
    "Forecaster",
    "LanguageModel",
    "Observer",
    "Sampling",
    "ScoreTable",
    "SequenceClassifier",
    "SequenceTagger",
    "TagOptions",
    "TextOptions",
]

if TYPE_CHECKING:
    from elman.tasks.classify.options import ClassifyOptions
    from elman.tasks.forecast.options import ForecastOptions
    from elman.tasks.forecaster import Forecaster
    from elman.tasks.language_model import LanguageModel
    from elman.tasks.observer import Observer
    from elman.tasks.results import ScoreTable
    from elman.tasks.sequence_classifier import SequenceClassifier
    from elman.tasks.tag.options import TagOptions
    from elman.tasks.tagger import SequenceTagger
    from elman.tasks.text.options import TextOptions
    from elman.tasks.text.sampling import Sampling
else:
    __getattr__, __dir__ = lazy(
        __name__,
        names={
            "ClassifyOptions": "elman.tasks.classify.options",
            "SequenceClassifier": "elman.tasks.sequence_classifier",
            "ForecastOptions": "elman.tasks.forecast.options",
            "Forecaster": "elman.tasks.forecaster",
            "LanguageModel": "elman.tasks.language_model",
            "Observer": "elman.tasks.observer",
            "ScoreTable": "elman.tasks.results",
            "Sampling": "elman.tasks.text.sampling",
            "SequenceTagger": "elman.tasks.tagger",
            "TagOptions": "elman.tasks.tag.options",
            "TextOptions": "elman.tasks.text.options",
        },
    )
