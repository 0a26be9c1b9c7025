"""The classic problems of recurrent networks, one a file."""

from elman.experiments.problems.adding import Adding
from elman.experiments.problems.binary_addition import BinaryAddition
from elman.experiments.problems.copy_memory import CopyMemory
from elman.experiments.problems.counting import CountingThree, CountingTwo
from elman.experiments.problems.delayed_recall import DelayedRecall
from elman.experiments.problems.embedded_reber import EmbeddedReber
from elman.experiments.problems.parity import Parity
from elman.experiments.problems.problem import Examples, Problem, Recipe
from elman.experiments.problems.temporal_order import TemporalOrder

ALL_PROBLEMS: dict[str, type[Problem]] = {
    "delayed-recall": DelayedRecall,
    "adding": Adding,
    "copy-memory": CopyMemory,
    "temporal-order": TemporalOrder,
    "parity": Parity,
    "binary-addition": BinaryAddition,
    "embedded-reber": EmbeddedReber,
    "anbn": CountingTwo,
    "anbncn": CountingThree,
}

__all__ = [
    "ALL_PROBLEMS",
    "Adding",
    "BinaryAddition",
    "CopyMemory",
    "CountingThree",
    "CountingTwo",
    "DelayedRecall",
    "EmbeddedReber",
    "Examples",
    "Parity",
    "Problem",
    "Recipe",
    "TemporalOrder",
]
