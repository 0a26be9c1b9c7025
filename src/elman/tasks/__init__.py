"""What people do with recurrent networks: data + network + loss + metrics + baselines."""

from typing import TYPE_CHECKING

from elman._lazy import lazy

__all__ = ["ForecastOptions", "Forecaster", "Observer", "ScoreTable"]

if TYPE_CHECKING:
    from elman.tasks.forecast.options import ForecastOptions
    from elman.tasks.forecaster import Forecaster
    from elman.tasks.observer import Observer
    from elman.tasks.results import ScoreTable
else:
    __getattr__, __dir__ = lazy(
        __name__,
        names={
            "ForecastOptions": "elman.tasks.forecast.options",
            "Forecaster": "elman.tasks.forecaster",
            "Observer": "elman.tasks.observer",
            "ScoreTable": "elman.tasks.results",
        },
    )
