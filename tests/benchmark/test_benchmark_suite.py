"""Each section measures what it says, at sizes that take no time."""

import json
import math
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest
import torch

from elman.benchmark import BenchmarkSettings, Row, Shape, quick_settings, run_benchmark
from elman.benchmark.cell_rows import CELLS, pair_loops
from elman.benchmark.fresh_process import call_in_fresh_process
from elman.benchmark.jax_peer import run_scan
from elman.benchmark.kinds import KINDS, make_pair
from elman.benchmark.length_rows import spread_lengths
from elman.benchmark.memory import measure_growth, peak_growth
from elman.benchmark.settings import KIND_NAMES, SECTIONS
from elman.benchmark.user_cells import USER_CELLS
from elman.cells import Cell, ElmanCell
from elman.cells.state import state_shapes
from elman.errors import OptionError, RunError
from elman.layers import GRU, Recurrent

TINY = BenchmarkSettings(
    shapes=(Shape(3, 2, 4, 5),),
    cell_shapes=(Shape(3, 2, 4, 5),),
    length_shapes=(Shape(4, 3, 4, 5),),
    memory_shapes=(Shape(50, 8, 16, 32),),
    num_first_calls=1,
    peers=(),
    seconds=0,
    repeats=1,
)


def measure(*sections: str, **more: Any) -> list[Row]:
    return list(run_benchmark(replace(TINY, sections=sections, **more)).rows)


def test_layers_are_measured_in_each_mode():
    rows = measure("layers")
    assert [(row.section, row.name) for row in rows] == [
        (mode, kind.title) for mode in ("train", "train-input", "forward") for kind in KINDS.values()
    ]
    for row in rows:
        assert not row.red
        assert row.figure is not None
        assert math.isclose(row.figure, row.values["torch.nn"] / row.values["elman"])


def test_cells_are_measured_beside_the_eager_loop(monkeypatch: pytest.MonkeyPatch):
    few = {name: CELLS[name] for name in ("LSTMCell", "IndRNN")}
    monkeypatch.setattr("elman.benchmark.cell_rows.CELLS", few)
    rows = measure("cells")
    assert [(row.name, row.red) for row in rows] == [("LSTMCell", ""), ("IndRNN", "")]
    assert all(list(row.values) == ["eager", "elman"] for row in rows)


def test_every_cell_is_among_them():
    assert len(CELLS) == 3 + len(USER_CELLS)


@pytest.mark.parametrize("cell_class", USER_CELLS.values(), ids=USER_CELLS)
def test_user_cell_remembers(cell_class: type[Cell]):
    cell = cell_class(4, 5)
    state = cell.initial_state(2)
    outputs = []
    for _ in range(2):
        output, state = cell(torch.ones(2, 4), state)
        outputs.append(output)
    assert outputs[0].shape == (2, 5)
    assert state_shapes(state) == state_shapes(cell.initial_state(2))
    assert not torch.equal(*outputs)


def test_ragged_batch_is_measured_beside_a_full_one():
    (row,) = measure("lengths", kinds=("gru",))
    assert list(row.values) == ["full", "ragged", "torch.nn packed"]
    assert row.figure == pytest.approx(row.values["ragged"] / row.values["full"])


def test_lengths_are_spread_over_one_to_t():
    lengths = spread_lengths(Shape(100, 32, 1, 1))
    assert (int(lengths.min()), int(lengths.max())) == (1, 100)
    assert float(lengths.float().mean()) == pytest.approx(50.5, abs=0.1)
    assert lengths.sort().values.tolist() != lengths.tolist()


def test_one_step_is_measured_in_microseconds():
    (row,) = measure("step", kinds=("lstm",))
    assert (row.unit, row.shape) == ("us", Shape(1, 1, 64, 64))
    assert 1 < row.values["torch.nn"] < 1e5


def test_first_call_is_timed_in_a_fresh_process():
    (row,) = measure("first-call")
    assert not row.red
    assert 0 < row.values["first output"] < row.values["first training step"]
    assert row.backend


def test_memory_is_that_of_each_side(monkeypatch: pytest.MonkeyPatch):
    def call_here(module: str, name: str, *arguments: Any, environment: Any) -> int:
        assert "MALLOC_MMAP_THRESHOLD_" in environment
        return measure_growth(*json.loads(json.dumps(arguments)))

    monkeypatch.setattr("elman.benchmark.memory.call_in_fresh_process", call_here)
    (row,) = measure("memory", kinds=("gru",), memory_shapes=(Shape(100, 32, 64, 128),))
    # The outputs of all steps must be kept, 1.6 MiB: no side gets by with less.
    assert all(value > 1.5 for value in row.values.values())


def test_fresh_process_gets_arguments_and_variables():
    assert call_in_fresh_process("os", "getenv", "ELMAN_ONCE", environment={"ELMAN_ONCE": "set"}) == "set"
    assert call_in_fresh_process("os", "getenv", "ELMAN_ONCE") is None


def test_growth_is_the_height_not_what_remains():
    size = 2**25

    def task() -> None:
        torch.zeros(size, dtype=torch.uint8).add_(1)

    assert 0.95 * size <= peak_growth(task) < 1.5 * size
    assert peak_growth(lambda: None) < size / 4


def test_failed_process_tells_its_last_words():
    with pytest.raises(RunError, match=r"(?s)math.sqrt failed in its own process:\n.*ValueError"):
        call_in_fresh_process("math", "sqrt", -1)


def test_wrong_layer_is_not_timed(monkeypatch: pytest.MonkeyPatch):
    forward = GRU.forward

    def wrong(self: GRU, input: Any, hx: Any = None, **more: Any) -> tuple[Any, Any]:
        output, state = forward(self, input, hx, **more)
        return output * 1.001, state

    monkeypatch.setattr(GRU, "forward", wrong)
    report = run_benchmark(replace(TINY, sections=("layers", "lengths", "step"), kinds=("gru", "lstm")))
    assert {row.name for row in report.red} == {"GRU"}
    assert [row.values for row in report.red] == [{}] * 5
    assert {verdict.grade for verdict in report.verdicts if verdict.name == "GRU"} == {"red"}
    assert "red" not in {verdict.grade for verdict in report.verdicts if verdict.name == "LSTM"}


def test_wrong_cell_is_not_timed(monkeypatch: pytest.MonkeyPatch):
    forward = Recurrent.forward

    def wrong(self: Recurrent, *arguments: Any) -> tuple[Any, Any]:
        output, state = forward(self, *arguments)
        return (output if self.backend == "eager" else output + 1e-3), state

    monkeypatch.setattr(Recurrent, "forward", wrong)
    monkeypatch.setattr("elman.benchmark.cell_rows.CELLS", {"ElmanCell": ElmanCell})
    (row,) = measure("cells")
    assert row.red.startswith("elman and eager disagree: output: the largest error is")


def test_threads_are_set_and_given_back():
    before = torch.get_num_threads()
    report = run_benchmark(replace(TINY, sections=("step",), kinds=("gru",), threads=1))
    assert report.machine["threads"] == 1
    assert torch.get_num_threads() == before


def test_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 9.0, 9.0))
    notes = run_benchmark(replace(TINY, sections=("step",), kinds=("gru",))).notes
    assert [note.split(" is left out")[0] for note in notes] == ["jax.lax.scan", "torch.compile"]


def test_busy_machine_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.getloadavg", lambda: (99.0, 0.0, 0.0))
    notes = run_benchmark(replace(TINY, sections=("step",), kinds=("gru",))).notes
    assert notes[0].startswith("The machine was busy before (99.0 programs running)")


def test_rows_are_shown_as_they_come():
    shown: list[Row] = []
    report = run_benchmark(replace(TINY, sections=("step", "lengths"), kinds=("gru",)), shown.append)
    assert shown == list(report.rows)
    assert [row.section for row in shown] == ["lengths", "step"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kinds": ("gruu",)}, "`kind` must be one of 'rnn-tanh', "),
        ({"modes": ("test",)}, "`mode` must be one of 'train', "),
        ({"sections": ("all",)}, "`section` must be one of 'layers', "),
        ({"peers": ("keras",)}, "`peer` must be one of 'jax', "),
        ({"repeats": 0}, "`repeats` must be 1 or more, but it is 0"),
        ({"threads": 0}, "`threads` must be 1 or more"),
        ({"seconds": -1.0}, "`seconds` must not be negative"),
        ({"seconds": float("nan")}, "`seconds` must not be negative"),
    ],
)
def test_wrong_settings_are_refused(given: dict[str, Any], said: str):
    with pytest.raises(OptionError, match=said):
        BenchmarkSettings(**given)


def test_quick_keeps_what_was_asked_for():
    asked = quick_settings(replace(TINY, kinds=("gru",), seconds=0.1))
    assert (asked.kinds, asked.shapes, asked.seconds) == (("gru",), TINY.shapes, 0.1)
    assert len(quick_settings(BenchmarkSettings()).shapes) == 3
    assert (BenchmarkSettings().sections, BenchmarkSettings().kinds) == (SECTIONS, KIND_NAMES)


def test_random_step_inputs_are_compared_in_one_dtype():
    class Masked(ElmanCell):
        def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, torch.Tensor]:
            return {"mask": torch.rand(num_steps, batch_size, 1)}

        def forward(self, input: Any, state: Any, mask: Any = None) -> tuple[Any, Any]:
            output, state = super().forward(input, state)
            return output * mask, state

    assert pair_loops(Masked, Shape(3, 2, 4, 5), TINY).reference is None
    assert pair_loops(ElmanCell, Shape(3, 2, 4, 5), TINY).reference is not None


@pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_jax_computes_the_same(kind: Any):
    import jax.numpy as numbers  # pyright: ignore[reportMissingImports]

    peer, _ = make_pair(kind, Shape(3, 2, 4, 5))
    input = torch.randn(3, 2, 4)
    weights = {
        name.removesuffix("_l0"): numbers.asarray(one.detach().numpy())
        for name, one in peer.named_parameters()
    }
    output = torch.tensor(run_scan(kind, weights, numbers.asarray(input.numpy())).tolist())
    torch.testing.assert_close(output, peer(input)[0].detach(), rtol=1e-5, atol=1e-6)
