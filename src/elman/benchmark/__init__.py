"""Layers timed beside their peers, in turn within one process, once their numbers agree."""

from elman.benchmark.agreement import check_agreement
from elman.benchmark.results import BenchmarkReport, Row, Verdict
from elman.benchmark.settings import BenchmarkSettings, quick_settings
from elman.benchmark.shapes import Shape
from elman.benchmark.suite import run_benchmark

__all__ = [
    "BenchmarkReport",
    "BenchmarkSettings",
    "Row",
    "Shape",
    "Verdict",
    "check_agreement",
    "quick_settings",
    "run_benchmark",
]
