"""One self-contained HTML page from plain result objects; importing it loads no torch."""

from elman.report.forecast import render_forecast_report, write_forecast_report
from elman.report.kinds import write_report

__all__ = ["render_forecast_report", "write_forecast_report", "write_report"]
