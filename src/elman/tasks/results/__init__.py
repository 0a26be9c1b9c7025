"""Plain result objects of every task: ready to print, save or draw; nothing here computes or needs torch."""

from elman.tasks.results.classify import ClassificationReport, Influence, ReliabilityPoint
from elman.tasks.results.forecast import CalibrationPoint, FlowPoint, ForecastReport, SeriesHistory
from elman.tasks.results.scores import ScoreRow, ScoreTable
from elman.training.records import EvaluationRecord

__all__ = [
    "CalibrationPoint",
    "ClassificationReport",
    "EvaluationRecord",
    "FlowPoint",
    "ForecastReport",
    "Influence",
    "ReliabilityPoint",
    "ScoreRow",
    "ScoreTable",
    "SeriesHistory",
]
