"""`elman inspect` prints what the diagnostics find in a fitted network."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from command_line import Outcome

from elman import Forecaster

Elman = Callable[..., Outcome]


def test_tables_hold_what_was_measured(elman: Elman, finished: Path):
    result = elman("inspect", finished / "run", "--data", finished / "table.csv", "--part", "validation")
    assert (result.code, result.err) == (0, "")
    forecaster = Forecaster.load(finished / "run" / "model.safetensors")
    inspection = forecaster.inspect(finished / "table.csv", "validation")
    assert result.out.startswith(f"validation part, {inspection.num_sequences} window")
    sections = result.out.split("\n\n")
    flow, gains, steps, gates, findings = (section.splitlines() for section in sections[1:])
    layers = {"encoder", "decoder", "backward_decoder"}
    assert {line.split(".")[0] for line in gains[2:]} == layers
    assert {line.split(".")[0] for line in flow[2:]} == layers
    (encoder,) = [one for one in inspection.lags if one.layer.startswith("encoder")]
    (line,) = [line for line in gains if line.startswith("encoder")]
    assert line.split()[-3:] == [f"{encoder.gain[lag]:.1e}" for lag in (1, 2, 4)]  # a context of 6
    assert [line.split()[0] for line in steps[3:]] == [line.split()[0] for line in gains[2:]]
    assert len(gates) == 2 + sum(len(one.values) for one in inspection.activity)
    assert all(re.fullmatch(r".* -?\d\.\d{3} +\d+% +\d+%", line) for line in gates[2:])
    assert [line for line in findings if ":" in line[:8]] == [
        f"{one.severity}: {one.message}" for one in inspection.findings
    ] or findings == ["Nothing is wrong: gradients reach 24 steps back, and units can move."]
    assert {f"    more: {one.page}" for one in inspection.findings} <= {*findings}


def test_a_fitted_network_is_looked_at_as_it_is(finished: Path):
    forecaster = Forecaster.load(finished / "run" / "model.safetensors")
    with torch.no_grad():
        for name, parameter in forecaster.model.network.encoder.named_parameters():
            if "weight_hh" in name:
                parameter.zero_()
    before = forecaster.inspect(finished / "table.csv", "validation", task_lag=5)
    with torch.no_grad():
        for parameter in forecaster.model.network.encoder.parameters():
            parameter.fill_(torch.nan)
    (found, *_) = forecaster.inspect(finished / "table.csv", "validation", task_lag=5).findings
    assert (found.kind, found.severity) == ("non_finite", "error")
    assert "non_finite" not in {one.kind for one in before.findings}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--part", "training"], "`part` must be one of test, validation, but it is 'training'."),
        (["--lag", "0"], "`task_lag` must be a positive integer, but it is 0."),
    ],
)
def test_mistakes_end_with_a_message(elman: Elman, finished: Path, arguments: list[str], said: str):
    result = elman("inspect", finished / "run", "--data", finished / "table.csv", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_help_names_the_command(elman: Elman):
    assert "inspect" in elman("--help").out
