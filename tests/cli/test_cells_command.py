"""`elman cells` tells of every cell what its class says and holds."""

import json
from collections.abc import Callable

import pytest
from command_line import Outcome

import elman as package
from elman.cells import ALL_CELLS
from elman.layers.catalogue import describe_cell
from elman.layers.named_cells import find_cell

Elman = Callable[..., Outcome]


def test_list_names_every_cell(elman: Elman):
    result = elman("cells", "--input-size", 3, "--hidden-size", 5)
    assert (result.code, result.err) == (0, "")
    rows = [line.split() for line in result.out.splitlines() if not line.startswith("    ")]
    assert rows[0] == ["cell", "--cell", "parameters", "backend"]
    assert [row[0] for row in rows[1:]] == [cell.__name__ for cell in ALL_CELLS.values()]
    for name, key, num_parameters, backend in rows[1:]:
        assert find_cell(name) == find_cell(key) == key
        cell = ALL_CELLS[key](3, 5)
        assert int(num_parameters.replace(",", "")) == sum(one.numel() for one in cell.parameters())
        assert package.Recurrent(cell).explain().startswith(f"{backend}:")


def test_list_shows_the_equations_of_the_default_options(elman: Elman):
    out = elman("cells").out
    assert "    h_t = tanh(W x_t + U h_{t-1} + b)\n" in out
    assert "    n_t = tanh(W_n x_t + r_t * (U_n h_{t-1}) + b_n)\n" in out
    assert "U_n (r_t * h_{t-1})" not in out
    assert "weight_ih" not in out


@pytest.mark.parametrize("name", [cell.__name__ for cell in ALL_CELLS.values()])
def test_page_shows_one_cell_in_full(elman: Elman, name: str):
    result = elman("cells", name, "--input-size", 3, "--hidden-size", 5)
    assert (result.code, result.err) == (0, "")
    cell = describe_cell(name, 3, 5)
    for line in cell.documentation.equations:
        assert f"    {line}\n" in result.out
    for option, default in cell.options.items():
        assert f"    {option} = {default!r}\n        " in result.out
    assert all(title in result.out for title in ("Reference\n    ", "State\n    (N, ", "Backend\n    "))
    assert all(parameter in result.out for parameter in cell.parameters)


def test_page_of_the_lstm(elman: Elman):
    out = elman("cells", "lstm", "--input-size", 3, "--hidden-size", 5).out
    assert out.startswith("LSTMCell (lstm)\n\nThe long short-term memory: a cell state that gates write")
    assert "Parameters at input size 3 and hidden size 5: 180\n    weight_ih  20 x 3\n" in out
    assert "State\n    (N, 5), (N, 5)\n" in out
    assert "Neural Computation 12(10)." in out


def test_json_holds_the_same(elman: Elman):
    every = json.loads(elman("cells", "--json").out)
    assert [cell["key"] for cell in every] == list(ALL_CELLS)
    one = json.loads(elman("cells", "GRUCell", "--json").out)
    assert one == every[list(ALL_CELLS).index("gru")]
    assert one["options"]["reset_gate"] == "after_product"
    assert one["parameters"]["weight_hh"] == [192, 64]


@pytest.mark.parametrize("name", ["GRUCell", "gru", "GRU", "grucell"])
def test_class_and_short_name_are_one(name: str):
    assert find_cell(name) == "gru"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lsmt"], "There is no cell called 'lsmt'. Did you mean LSTMCell?"),
        (["LSTMCel"], "There is no cell called 'LSTMCel'. Did you mean LSTMCell"),
        (["transformer"], "called 'transformer'.\n    The cells are ElmanCell, LSTMCell, GRUCell"),
        (["--hidden-size", "0"], "`hidden_size` must be a positive integer, but it is 0."),
    ],
)
def test_mistakes_end_with_a_message(elman: Elman, arguments: list[str], said: str):
    result = elman("cells", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
