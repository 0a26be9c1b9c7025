"""What is loaded is what was asked for: counted in modules, not in seconds."""

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "llvmlite", "polars", "plotly", "typer", "rich", "numpy", "safetensors"}

HELP = """
from elman.cli import main
sys.argv = ["elman", "--help"]
try:
    main()
except SystemExit:
    pass
"""


def loaded_by(code: str) -> set[str]:
    """Which of the heavy packages a fresh interpreter has loaded after running the code."""
    code = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return HEAVY & set(json.loads(run.stderr.splitlines()[-1]))


def test_a_heavy_package_is_seen():
    assert loaded_by("import polars") == {"polars"}


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import elman; elman.__version__, dir(elman)", set()),
        ("from elman import ElmanError", set()),
        ("import elman; elman.LSTM, elman.Cell, elman.Recurrent", {"torch", "numpy", "llvmlite"}),
        ("import elman.tasks.results", {"polars"}),
        (HELP, {"typer", "rich"}),
    ],
    ids=["elman", "errors", "layers", "results", "help"],
)
def test_loads_no_more_than_it_needs(code: str, allowed: set[str]):
    assert loaded_by(code) <= allowed
