"""What a cell asks for besides input and state reaches the right time step and the right row."""

import pytest
import torch
from torch import Tensor

from elman import Cell, Recurrent


class Masked(Cell):
    """Adds up what it is given, so that the output shows what came."""

    def __init__(self, mask: Tensor, row: Tensor):
        super().__init__(1, 1)
        self.mask, self.row = mask, row

    def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:
        return {
            "mask": self.mask[:num_steps, :batch_size]
            if num_steps <= len(self.mask)
            else self.mask.new_zeros(num_steps, batch_size, 1),
            "row": self.row[:batch_size],
            "index": torch.arange(num_steps),
        }

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, input: Tensor, state: Tensor, *, mask: Tensor, row: Tensor, index: Tensor
    ):
        output = input + 10 * mask + 100 * row + 1000 * index
        return output, state + output


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("num_steps", "batch_size"), [(4, 3), (3, 3), (1, 1), (2, 3)])
def test_each_step_and_row_gets_its_own(num_steps: int, batch_size: int, reverse: bool):
    mask, row = torch.rand(num_steps, batch_size, 1), torch.rand(batch_size, 1)
    input = torch.rand(num_steps, batch_size, 1)
    output, final = Recurrent(Masked(mask, row), reverse=reverse, backend="eager")(input)
    expected = input + 10 * mask + 100 * row + 1000 * torch.arange(num_steps).view(-1, 1, 1)
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(final, expected.sum(0))


def test_rows_of_unequal_length_get_their_own():
    mask, row, input = torch.rand(4, 3, 1), torch.rand(3, 1), torch.rand(4, 3, 1)
    output, _ = Recurrent(Masked(mask, row), backend="eager")(input, lengths=[2, 4, 1])
    expected = input + 10 * mask + 100 * row + 1000 * torch.arange(4).view(-1, 1, 1)
    alive = torch.arange(4)[:, None, None] < torch.tensor([2, 4, 1])[None, :, None]
    torch.testing.assert_close(output, torch.where(alive, expected, 0.0))


def test_step_inputs_follow_the_dtype_of_the_input():
    output, _ = Recurrent(Masked(torch.ones(2, 1, 1), torch.ones(1, 1)), backend="eager")(
        torch.zeros(2, 1, 1).double()
    )
    assert output.dtype == torch.float64


def test_telling_the_axes_apart_draws_nothing_from_the_caller():
    class Random(Cell):
        def step_inputs(self, num_steps: int, batch_size: int) -> dict[str, Tensor]:
            return {"noise": torch.rand(num_steps, batch_size, 1)}

        def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, input: Tensor, state: Tensor, noise: Tensor
        ):
            return input + noise, state

    torch.manual_seed(0)
    expected = torch.rand(2, 2, 1)
    following = torch.rand(1)
    torch.manual_seed(0)
    output, _ = Recurrent(Random(1, 1))(torch.zeros(2, 2, 1))
    torch.testing.assert_close(output, expected)
    assert torch.rand(1) == following
