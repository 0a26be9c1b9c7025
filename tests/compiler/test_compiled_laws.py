"""Laws that hold to the bit: how rows, pieces, padding and threads are dealt changes no number."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from comparing import compare, random_state, run_all
from torch import Tensor
from user_cells import USER_CELLS  # pyright: ignore[reportMissingImports]

from elman.cells import Cell, map_state
from elman.cells.state import state_tensors
from elman.layers import Recurrent

# One state; two; products in two stages; layer norm; diagonal; four states.
NAMES = ["ElmanCat-tanh", "LSTMLinear", "GRUBeforeGates", "LayerNormGRULinear", "LRULinear", "SLSTMLinear"]
DTYPES = (torch.float32, torch.float64)
INPUT_SIZE, NUM_STEPS = 3, 6
of_cells = pytest.mark.parametrize("name", NAMES)
of_dtypes = pytest.mark.parametrize("dtype", DTYPES)


@pytest.fixture
def _threads() -> Iterator[None]:
    number = torch.get_num_threads()
    yield
    torch.set_num_threads(number)


def make(name: str, dtype: torch.dtype, hidden_size: int = 13) -> Cell:
    return USER_CELLS[name](INPUT_SIZE, hidden_size).to(dtype)


def draw(cell: Cell, num_steps: int, batch_size: int, dtype: torch.dtype) -> tuple[Tensor, Any]:
    input = torch.randn(num_steps, batch_size, INPUT_SIZE, dtype=dtype)
    return input, random_state(cell, batch_size, dtype)


def rows_of(state: Any, rows: Tensor) -> Any:
    return map_state(lambda part: part[rows], state)


def gradients_of(layer: Recurrent, input: Tensor, state: Any, **options: Any) -> dict[str, Tensor]:
    """Return results, and gradients of a loss in which each number has the same weight in every batch."""
    input = input.clone().requires_grad_()
    state = map_state(lambda part: part.clone().requires_grad_(), state)
    output, final = layer(input, state, **options)
    loss = output.sin().sum() + sum(part.cos().sum() for part in state_tensors(final))
    leaves = [input, *state_tensors(state)]
    gradients = torch.autograd.grad(loss, leaves)
    return {
        "output": output.detach(),
        "d input": gradients[0],
        **{f"final {k}": part.detach() for k, part in enumerate(state_tensors(final))},
        **{f"d state {k}": part for k, part in enumerate(gradients[1:])},
    }


def is_same(left: Tensor | None, right: Tensor | None) -> bool:
    """Whether two tensors have the same bits, or neither is there."""
    return left is right if left is None or right is None else torch.equal(left, right)


def batch_axis(name: str) -> int:
    return 1 if name in ("output", "d input") else 0


@of_dtypes
@of_cells
def test_a_row_has_the_same_bits_in_any_batch(name: str, dtype: torch.dtype):
    cell = make(name, dtype)
    layer = Recurrent(cell, backend="llvm")
    input, state = draw(cell, NUM_STEPS, 17, dtype)
    resets, lengths = torch.rand(NUM_STEPS, 17) < 0.2, torch.randint(1, NUM_STEPS + 1, (17,))
    for options in ({}, {"lengths": lengths, "resets": resets}):
        whole = gradients_of(layer, input, state, **options)
        for batch_size in (1, 2, 3, 4, 5, 7, 8, 11, 14, 16):
            rows = torch.randperm(17)[:batch_size]
            part = {
                key: value[rows] if key == "lengths" else value[:, rows] for key, value in options.items()
            }
            few = gradients_of(layer, input[:, rows], rows_of(state, rows), **part)
            for key, numbers in whole.items():
                expected = numbers.index_select(batch_axis(key), rows)
                assert torch.equal(few[key], expected), f"{key} of {batch_size} rows"


@pytest.mark.parametrize("name", ["ElmanCat-tanh", "LSTMLinear"])
def test_a_row_has_the_same_bits_in_a_large_batch(name: str):
    cell = make(name, torch.float32, hidden_size=64)
    layer = Recurrent(cell, backend="llvm")
    input, state = draw(cell, 20, 150, torch.float32)
    whole = gradients_of(layer, input, state)
    for rows in (torch.tensor([149]), torch.tensor([3, 77]), torch.arange(60, 110), torch.arange(149)):
        few = gradients_of(layer, input[:, rows], rows_of(state, rows))
        for key, numbers in whole.items():
            assert torch.equal(few[key], numbers.index_select(batch_axis(key), rows)), f"{key} of {len(rows)}"


@of_dtypes
@of_cells
@pytest.mark.parametrize("reverse", [False, True])
def test_two_pieces_are_one_pass(name: str, dtype: torch.dtype, reverse: bool):
    cell = make(name, dtype)
    layer = Recurrent(cell, backend="llvm", reverse=reverse)
    for num_steps, cut in ((7, 3), (70, 64), (2, 1)):
        input, state = draw(cell, num_steps, 4, dtype)
        input.requires_grad_()
        pieces = [input[:cut], input[cut:]]
        one, one_final = layer(input, state)
        carried, outputs = state, []
        for piece in reversed(pieces) if reverse else pieces:
            output, carried = layer(piece, carried)
            outputs.append(output)
        two = torch.cat(outputs[::-1] if reverse else outputs)
        assert torch.equal(one, two)
        for left, right in zip(state_tensors(one_final), state_tensors(carried), strict=True):
            assert torch.equal(left, right)
        weights = torch.randn_like(one)
        gradients = [torch.autograd.grad(output, input, weights)[0] for output in (one, two)]
        assert torch.equal(*gradients)


def grow(input: Tensor, num_steps: int, filler: float) -> Tensor:
    return torch.cat([input, torch.full((num_steps, *input.shape[1:]), filler, dtype=input.dtype)])


@of_dtypes
@of_cells
@pytest.mark.parametrize("reverse", [False, True])
def test_padding_changes_no_bit(name: str, dtype: torch.dtype, reverse: bool):
    cell = make(name, dtype)
    lengths = torch.tensor([3, 6, 1, 4, 6])
    input, state = draw(cell, NUM_STEPS, 5, dtype)
    resets = torch.rand(NUM_STEPS, 5) < 0.3
    is_padding = (torch.arange(NUM_STEPS)[:, None] >= lengths)[..., None]
    options: dict[str, Any] = {"lengths": lengths, "reverse": reverse}
    plain = run_all(cell, input.masked_fill(is_padding, 0), state, "llvm", resets=resets, **options)
    for filler in (float("nan"), float("inf"), -1e30):
        for more in (0, 1, 60):
            padded = grow(input.masked_fill(is_padding, filler), more, filler)
            padded_resets = torch.cat([resets | is_padding[..., 0], torch.ones(more, 5, dtype=torch.bool)])
            result = run_padded(cell, padded, state, more, resets=padded_resets, **options)
            for key, numbers in plain.items():
                assert is_same(result[key], numbers), f"{key} with {more} steps of {filler}"


def run_padded(cell: Cell, input: Tensor, state: Any, more: int, *, reverse: bool, **options: Any) -> Any:
    """Run with `more` steps behind the end; return what is in front of it."""

    class Cut(Recurrent):
        def forward(self, *arguments: Any, **options: Any) -> Any:
            output, final = super().forward(*arguments, **options)
            assert not output[len(output) - more :].any()
            return output[: len(output) - more], final

    numbers = run_all(cell, input, state, "llvm", reverse=reverse, layer_class=Cut, **options)
    gradient = numbers["d input"]
    assert gradient is not None
    assert not gradient[len(gradient) - more :].any()
    return numbers | {"d input": gradient[: len(gradient) - more]}


@pytest.mark.usefixtures("_threads")
@of_dtypes
@of_cells
def test_any_number_of_threads_gives_the_same_bits(name: str, dtype: torch.dtype):
    cell = make(name, dtype, hidden_size=48)
    # 100 sequences are more pieces than two threads and fewer than seven.
    for num_steps, batch_size in ((9, 33), (40, 1), (3, 2), (5, 100)):
        input, state = draw(cell, num_steps, batch_size, dtype)
        lengths = torch.randint(1, num_steps + 1, (batch_size,))
        ragged: dict[str, Any] = {"lengths": lengths, "resets": torch.rand(num_steps, batch_size) < 0.2}
        for options in ({}, ragged):
            torch.set_num_threads(1)
            alone = run_all(cell, input, state, "llvm", **options)
            for number in (2, 3, 7):
                torch.set_num_threads(number)
                together = run_all(cell, input, state, "llvm", **options)
                for key, numbers in alone.items():
                    assert is_same(together[key], numbers), f"{key} on {number} threads"


@of_dtypes
@of_cells
def test_reverse_is_the_flip_of_the_flipped(name: str, dtype: torch.dtype):
    cell = make(name, dtype)
    input, state = draw(cell, NUM_STEPS, 5, dtype)
    resets = torch.rand(NUM_STEPS, 5) < 0.3
    forth = gradients_of(Recurrent(cell, backend="llvm"), input.flip(0), state, resets=resets.flip(0))
    back = gradients_of(Recurrent(cell, backend="llvm", reverse=True), input, state, resets=resets)
    for key, numbers in forth.items():
        assert torch.equal(back[key], numbers.flip(0) if batch_axis(key) else numbers), key


@of_dtypes
@of_cells
@pytest.mark.parametrize("kind", range(8))
def test_lengths_resets_and_reverse_in_all_combinations(name: str, dtype: torch.dtype, kind: int):
    options: dict[str, Any] = {"reverse": bool(kind & 1)}
    if kind & 2:
        options["lengths"] = torch.tensor([6, 1, 3, 5, 6, 2, 4])
    if kind & 4:
        options["resets"] = torch.rand(NUM_STEPS, 7, generator=torch.Generator().manual_seed(kind)) < 0.3
    compare(lambda: make(name, dtype, 5), dtype, NUM_STEPS, 7, **options)
