"""Every published forecast over three seeds: the figures, their median and their spread.

    python benchmarks/campaign.py [--m4 FOLDER] [--json FILE]

Runs forecast_vic_elec.py and, where the competition's files are given, forecast_m4.py. About 20 minutes
on one core.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median

import forecast_m4
import forecast_vic_elec
import torch

SEEDS = (0, 1, 2)


def summarise(name: str, figures: dict[str, list[float]]) -> None:
    """Print the figures of one task, one line a metric."""
    print(f"\n{name}")
    for metric, values in figures.items():
        each = "  ".join(f"{value:.3f}" for value in values)
        print(f"  {metric:<14} median {median(values):.3f}   each {each}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--m4", type=Path, help="folder of the M4 competition's hourly train.csv and test.csv"
    )
    parser.add_argument("--json", type=Path, help="also write the figures there")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    figures: dict[str, dict[str, list[float]]] = {}
    for setting in forecast_vic_elec.SETTINGS:
        runs = [forecast_vic_elec.run(setting, seed) for seed in SEEDS]
        ours = [next(iter(run["scores"].values())) for run in runs]
        figures[setting] = {
            metric: [row[metric] for row in ours] for metric in ("MASE", "sMAPE", "coverage 80%")
        }
        figures[setting]["ridge MASE"] = [run["scores"]["ridge"]["MASE"] for run in runs]
        figures[setting]["seconds"] = [run["seconds"] for run in runs]
        summarise(setting, figures[setting])
    if arguments.m4:
        runs = [forecast_m4.run(arguments.m4, seed) for seed in SEEDS]
        figures["M4 hourly"] = {
            metric: [run[metric] for run in runs] for metric in ("sMAPE", "MASE", "coverage 80%")
        }
        summarise("M4 hourly", figures["M4 hourly"])
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
