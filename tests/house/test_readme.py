"""The README's Python runs as it stands, only with a shorter training."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from elman.tasks import forecaster as module
from elman.tasks.forecast.fitting import fit_model
from elman.training import TrainingOptions

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[-1][:30])
def test_python_of_the_readme_runs(block, monkeypatch, capsys):
    def fit_shortly(panel, horizon, options, **more):
        training = TrainingOptions(num_steps=2, evaluate_every=2)
        return fit_model(panel, horizon, replace(options, hidden_size=4, training=training), **more)

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(module, "fit_model", fit_shortly)
    names: dict[str, object] = {}
    exec(block, names)
    if "forecast" in names:
        printed = capsys.readouterr().out
        assert "seasonal naive" in printed
        assert "shape: (48, 7)" in printed
