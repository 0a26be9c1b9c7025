"""How a training went: curves, or a table of the one evaluation that there was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from elman.report.charts.learning import learning_chart, recoveries
from elman.report.formatting import number
from elman.report.tables.table import row, table

if TYPE_CHECKING:
    from elman.report.charts.chart import Chart
    from elman.report.markup import Html
    from elman.tasks.results import EvaluationRecord


def learning_part(curve: Sequence[EvaluationRecord]) -> Chart | Html:
    """Show how a training went; a single evaluation is no curve, and its numbers are written.

    Args:
        curve: its evaluations in order.
    """
    return _numbers(curve[0]) if len(curve) == 1 else learning_chart(curve)


def _numbers(record: EvaluationRecord) -> Html:
    caption = (
        "The training ended with its first evaluation, so there is no curve to draw: these are its losses, "
        f"and the gradient's norm and the learning rate at that step.{recoveries([record])}"
    )
    header = ["optimizer step", "training loss", "validation loss", "gradient norm", "learning rate"]
    values = (record.loss, record.validation_loss, record.gradient_norm, record.learning_rate)
    return table(caption, header, [row(f"{record.step:,}", [number(value) for value in values])])
