"""Victoria's electricity demand, 48 half-hours ahead, default settings, the last 56 days for testing.

    python benchmarks/forecast_vic_elec.py [--seed N] [--json FILE]

Twice: with the temperature of the day to forecast known, and with the temperature of the past alone.
Holidays are known in both. One forecast a day, from midnight. MASE is in units of the daily seasonal
naive forecast's error before the test part. The test part is read once a run, after everything is chosen.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch

import elman
from elman.tasks import ForecastOptions, Observer
from elman.training import TrainingOptions

TABLE = Path(__file__).parent.parent / "examples" / "data" / "vic_elec.parquet"
SETTINGS = {
    "temperature known": {"known": ["Temperature", "Holiday"], "past": []},
    "temperature of the past": {"known": ["Holiday"], "past": ["Temperature"]},
}


def run(setting: str, seed: int) -> dict[str, Any]:
    """Fit and score one setting; return model -> metrics, and the seconds of the training."""
    options = ForecastOptions(validation="56d", test="56d", training=TrainingOptions(seed=seed))
    forecaster = elman.Forecaster(
        horizon=48, time="Time", target="Demand", **SETTINGS[setting], options=options
    )
    forecaster.fit(TABLE, observer=Observer(on_stage=lambda text: print(text, file=sys.stderr)))
    scores = forecaster.evaluate()
    return {
        "setting": setting,
        "seed": seed,
        "seconds": round(forecaster.fitted.training.seconds, 1),
        "scores": {row.model: row.metrics for row in scores.rows},
        "verdict": list(scores.verdict),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write the scores there")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results = [run(setting, arguments.seed) for setting in SETTINGS]
    for result in results:
        print(f"\n{result['setting']} (seed {result['seed']}, trained in {result['seconds']} s)")
        print("| forecaster | MASE | sMAPE | RMSE | coverage 80% |\n|---|---|---|---|---|")
        for model, metrics in result["scores"].items():
            covered = metrics["coverage 80%"]
            share = "" if covered is None else f"{covered:.1%}"
            figures = (f"{metrics['MASE']:.3f}", f"{metrics['sMAPE']:.2f}", f"{metrics['RMSE']:.0f}", share)
            print(f"| {' | '.join((model, *figures))} |")
        print(" ".join(result["verdict"]))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
