"""Tables of time series -> regular, checked series -> numbers for a network.

The path of a table:

    file or frame --tables--> polars frame --panel--> Panel of Series on a regular grid, with findings
        --split--> training, validation and test rows --encoding, calendar--> arrays

Nothing here needs torch, fills a missing value in, or learns from rows outside the training part.
"""

from typing import TYPE_CHECKING

from elman._lazy import lazy

__all__ = [
    "Columns",
    "CovariateEncoder",
    "EncodedCovariates",
    "Finding",
    "Frequency",
    "Panel",
    "Series",
    "SplitPanel",
    "TimeSplit",
    "build_panel",
    "calendar_features",
    "infer_frequency",
    "read_table",
    "split_by_time",
]

if TYPE_CHECKING:
    from elman.data.calendar import calendar_features
    from elman.data.columns import Columns
    from elman.data.encoding import CovariateEncoder, EncodedCovariates
    from elman.data.findings import Finding
    from elman.data.frequency import Frequency, infer_frequency
    from elman.data.panel import Panel, Series, build_panel
    from elman.data.split import SplitPanel, TimeSplit, split_by_time
    from elman.data.tables import read_table
else:
    __getattr__, __dir__ = lazy(
        __name__,
        names={
            "Columns": "elman.data.columns",
            "CovariateEncoder": "elman.data.encoding",
            "EncodedCovariates": "elman.data.encoding",
            "Finding": "elman.data.findings",
            "Frequency": "elman.data.frequency",
            "Panel": "elman.data.panel",
            "Series": "elman.data.panel",
            "SplitPanel": "elman.data.split",
            "TimeSplit": "elman.data.split",
            "build_panel": "elman.data.panel",
            "calendar_features": "elman.data.calendar",
            "infer_frequency": "elman.data.frequency",
            "read_table": "elman.data.tables",
            "split_by_time": "elman.data.split",
        },
    )
