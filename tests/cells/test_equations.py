"""Evaluate the `Equations:` block of every cell's docstring with numpy: it is what `forward` does.

The notation: `[A; B] = name` cuts the parameter `name` into blocks of rows; a capital letter before an
operand is a matrix product, which binds tightest; `*` is elementwise; `h_{t-1}` is the old value of `h_t`,
which the last line, `returns output, state`, puts into the state; `if option="value"` restricts a line to
cells with that option.
"""

import inspect
import re

import numpy as np
import pytest
import torch

from elman.cells import ALL_CELLS, Cell, ElmanCell

FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
}
OPTIONS = {
    "elman": [{"activation": name} for name in FUNCTIONS] + [{"bias": False}],
    "gru": [
        {"update_gate": update, "reset_gate": reset}
        for update in ("keeps", "writes")
        for reset in ("after_product", "before_product")
    ],
}
CASES = [(name, options) for name in ALL_CELLS for options in OPTIONS.get(name, [{}])]


class Matrix:
    """A matrix whose product with a vector is written `**`, the operator that binds tightest in Python."""

    def __init__(self, values: np.ndarray):
        self.values = values

    def __pow__(self, vector: np.ndarray) -> np.ndarray:
        return self.values @ vector


def equations_of(cell_class: type[Cell]) -> list[str]:
    """The lines of the `Equations:` block in the docstring of the class itself."""
    docstring = inspect.cleandoc(cell_class.__dict__.get("__doc__") or "") + "\n"
    block = re.search(r"^Equations:\n((?: +.*\n)+)", docstring, re.MULTILINE)
    assert block, f"{cell_class.__name__} has no `Equations:` block in its docstring"
    return [line.strip() for line in block[1].splitlines()]


def in_python(expression: str) -> str:
    expression = expression.replace("_{t-1}", "_old")
    return re.sub(r"\b([A-Z]\w*) +(?=[\w(])", r"\1 ** ", expression)


def parameter_blocks(cell: Cell, symbols: list[str], name: str) -> dict[str, object]:
    parameter = dict(cell.named_parameters()).get(name)
    if parameter is None:
        return dict.fromkeys(symbols, 0.0)
    blocks = np.split(parameter.detach().numpy(), len(symbols))
    return {
        symbol: Matrix(block) if block.ndim == 2 else block
        for symbol, block in zip(symbols, blocks, strict=True)
    }


def evaluate(
    cell: Cell, input: np.ndarray, state: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Output and new state of one sequence by the block's equations."""
    *lines, last = equations_of(type(cell))
    returned = re.fullmatch(r"returns (\w+), \(?([\w, ]+)\)?", last)
    assert returned, f"the block must end in `returns output, state`, not in {last!r}"
    output_name, state_names = returned[1], returned[2].split(", ")
    values = {name: FUNCTIONS[value] for name, value in vars(cell).items() if value in list(FUNCTIONS)}
    values |= FUNCTIONS | {"x_t": input}
    values |= {name.replace("_t", "_old"): part for name, part in zip(state_names, state, strict=True)}
    for line in lines:
        equation, _, condition = line.partition(" if ")
        option, _, legal = condition.partition("=")
        if condition and getattr(cell, option) != legal.strip('"'):
            continue
        if blocks := re.fullmatch(r"\[(.+)\] = ([\w.]+)", equation):
            values |= parameter_blocks(cell, blocks[1].split("; "), blocks[2])
        else:
            symbol, expression = re.sub(r"^\(\d+\) ", "", equation).split(" = ")
            values[symbol] = eval(in_python(expression.strip()), {}, values)
    return values[output_name], [values[name] for name in state_names]


def as_tuple(state: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def assert_follows_its_equations(cell: Cell) -> None:
    cell = cell.double()
    for parameter in cell.parameters():
        torch.nn.init.normal_(parameter)
    x = torch.randn(4, cell.input_size, dtype=torch.float64)
    fresh = cell.initial_state(4)
    state = [torch.randn_like(part) for part in as_tuple(fresh)]
    with torch.no_grad():
        output, new_state = cell(x, tuple(state) if isinstance(fresh, tuple) else state[0])
    for row in range(4):
        expected = evaluate(cell, x[row].numpy(), tuple(part[row].numpy() for part in state))
        np.testing.assert_allclose(output[row], expected[0], rtol=1e-12, atol=1e-12)
        for part, value in zip(as_tuple(new_state), expected[1], strict=True):
            np.testing.assert_allclose(part[row], value, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_forward_follows_the_equations_of_the_docstring(name: str, options: dict[str, object]):
    assert_follows_its_equations(ALL_CELLS[name](3, 5, **options))


def test_a_wrong_equation_is_found():
    class Wrong(ElmanCell):
        """A cell that says another thing than it does.

        Equations:
            [W] = weight_ih
            [U] = weight_hh
            [b] = bias
            (1) h_t = tanh(W x_t - U h_{t-1} + b)
            returns h_t, h_t

        """

    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_follows_its_equations(Wrong(3, 5))


def test_a_cell_without_equations_is_found():
    class Silent(ElmanCell):
        pass

    with pytest.raises(AssertionError, match="Silent has no `Equations:` block"):
        assert_follows_its_equations(Silent(3, 5))
