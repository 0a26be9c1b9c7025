"""Evaluate the `Equations:` block of every cell's docstring with numpy: it is what `forward` does.

The notation:

- `[A; B] = name` cuts the parameter or buffer `name`, or a value computed before, into blocks of rows, equal
  ones but for those of `A: n`, which have n. A capital letter is a matrix, block-diagonal where a block has
  three axes (heads, rows, columns); a small letter is a vector or a number. One that the cell does not have
  is zero. `name[l]` is the l-th part of a stacked parameter, counted from 1.
- A capital letter before an operand is a matrix product, which binds tightest; `W [a, b]` multiplies vectors
  side by side; `*` is elementwise.
- `h_{t-1}` is the old value of `h_t`, which the last line, `returns output, state`, puts into the state;
  `*p_t` at its end is the list of all further tensors of the state.
- `if option="value"` restricts a line to cells with that option, `if option=True` likewise.
- Lines that end in the same `for l=2..depth` stand for themselves again and again, with l from 2 to `depth`.
- A name of an attribute that is a number, or of a step input, stands for it; `activation(x)` for the
  function that the attribute `activation` names.
"""

import inspect
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
import pytest
import torch
from cell_options import CASES, FUNCTIONS

from elman.cells import ALL_CELLS, Cell, ElmanCell


class Matrix:
    """A matrix whose product with a vector is written `**`, the operator that binds tightest in Python."""

    def __init__(self, values: np.ndarray):
        self.values = values

    def __pow__(self, vector: np.ndarray | list[np.ndarray]) -> np.ndarray:
        vector = np.concatenate(vector) if isinstance(vector, list) else vector
        if self.values.ndim == 0:  # the cell does not have it
            return np.zeros(())
        if self.values.ndim == 2:
            return self.values @ vector
        return np.einsum("hmk,hk->hm", self.values, vector.reshape(len(self.values), -1)).ravel()

    def __mul__(self, other: "Matrix") -> "Matrix":
        return Matrix(self.values * other.values)


def equations_of(cell_class: type[Cell]) -> list[str]:
    """The lines of the `Equations:` block in the docstring of the class itself."""
    docstring = inspect.cleandoc(cell_class.__dict__.get("__doc__") or "") + "\n"
    block = re.search(r"^Equations:\n((?: +.*\n)+)", docstring, re.MULTILINE)
    assert block, f"{cell_class.__name__} has no `Equations:` block in its docstring"
    return [line.strip() for line in block[1].splitlines()]


def in_python(expression: str) -> str:
    expression = expression.replace("_{t-1}", "_old")
    return re.sub(r"\b([A-Z]\w*) +(?=[\w(])", r"\1 ** ", expression)


def unrolled(lines: list[str], values: dict) -> Iterator[tuple[str, dict[str, int]]]:
    """The lines without their ` for ...`, each as often as it says, and what the counter is."""
    for loop, group in groupby(lines, key=lambda line: line.partition(" for ")[2]):
        bodies = [line.partition(" for ")[0] for line in group]
        counter, _, bounds = loop.partition("=")
        first, _, last = (bounds or "1..1").partition("..")
        for number in range(eval(first, {}, values), eval(last, {}, values) + 1):
            yield from ((body, {counter: number}) for body in bodies)


def numbers_of(cell: Cell, name: str, values: dict) -> np.ndarray | None:
    name, _, index = name.rstrip("]").partition("[")
    if isinstance(values.get(name), np.ndarray):
        return values[name]
    parameter = (dict(cell.named_parameters()) | dict(cell.named_buffers())).get(name)
    numbers = None if parameter is None else parameter.detach().numpy()
    return numbers[eval(index, {}, values) - 1] if index and numbers is not None else numbers


def blocks_of(numbers: np.ndarray | None, symbols: list[str], values: dict) -> dict[str, object]:
    names, counts = zip(*[symbol.partition(": ")[::2] for symbol in symbols], strict=True)
    if numbers is None:
        return {name: _as_symbol(name, np.zeros(())) for name in names}
    if len(names) == 1:
        return {names[0]: _as_symbol(names[0], numbers)}
    sizes = [eval(count, {}, values) if count else None for count in counts]
    share, rest = divmod(len(numbers) - sum(size or 0 for size in sizes), max(sizes.count(None), 1))
    assert not rest, f"{len(numbers)} rows cannot be cut into {symbols}"
    cuts = np.cumsum([share if size is None else size for size in sizes])[:-1]
    blocks = np.split(numbers, cuts)
    return {name: _as_symbol(name, block) for name, block in zip(names, blocks, strict=True)}


def _as_symbol(symbol: str, block: np.ndarray) -> object:
    if symbol[0].islower():
        return block.ravel() if block.ndim else block
    return Matrix(block[0] if block.ndim == 4 else block)


def evaluate(
    cell: Cell, input: np.ndarray, state: tuple[np.ndarray, ...], more: dict[str, np.ndarray] | None = None
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Output and new state of one sequence by the block's equations."""
    *lines, last = equations_of(type(cell))
    returned = re.fullmatch(r"returns (\w+), \(?([\w, *]+)\)?", last)
    assert returned, f"the block must end in `returns output, state`, not in {last!r}"
    output_name, state_names = returned[1], returned[2].split(", ")
    options = vars(cell).items()
    values: dict = {name: v for name, v in options if isinstance(v, int | float) and not isinstance(v, bool)}
    values |= {name: FUNCTIONS[v] for name, v in options if isinstance(v, str) and v in FUNCTIONS}
    values |= FUNCTIONS | {"x_t": input} | (more or {})
    values |= by_name([name.replace("_t", "_old") for name in state_names], state)
    for line, counter in unrolled(lines, values):
        values |= counter
        equation, _, condition = re.sub(r"^\(\d+\) ", "", line.strip()).partition(" if ")
        option, _, legal = condition.partition("=")
        if condition and str(getattr(cell, option.strip())) != legal.strip().strip('"'):
            continue
        if cut := re.fullmatch(r"\[(.+)\] = ([\w.]+(?:\[\w+\])?)", equation.strip()):
            values |= blocks_of(numbers_of(cell, cut[2], values), cut[1].split("; "), values)
        else:
            symbol, expression = equation.split(" = ")
            values[symbol] = eval(in_python(expression.strip()), {}, values)
    new_state = [values[name.lstrip("*")] for name in state_names]
    return values[output_name], [*new_state[:-1], *new_state[-1]] if "*" in last else new_state


def by_name(names: list[str], state: tuple[np.ndarray, ...]) -> dict[str, Any]:
    """The tensors of a state; a last name with a star stands for the list of all that are left."""
    *first, last = names
    rest = list(state[len(first) :]) if last.startswith("*") else state[len(first)]
    return dict(zip([*first, last.lstrip("*")], [*state[: len(first)], rest], strict=True))


def as_tuple(state: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def assert_follows_its_equations(cell: Cell) -> None:
    cell = cell.double()
    for parameter in cell.parameters():
        torch.nn.init.normal_(parameter)
    x = torch.randn(4, cell.input_size, dtype=torch.float64)
    fresh = cell.initial_state(4)
    state = [torch.rand_like(part) + 0.1 for part in as_tuple(fresh)]  # a normaliser is positive
    more = {name: part[1] for name, part in cell.step_inputs(3, 4).items()}
    with torch.no_grad():
        output, new_state = cell(x, tuple(state) if isinstance(fresh, tuple) else state[0], **more)
    for row in range(4):
        own = {name: (part[row] if part.dim() else part).numpy() for name, part in more.items()}
        expected = evaluate(cell, x[row].numpy(), tuple(part[row].numpy() for part in state), own)
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
