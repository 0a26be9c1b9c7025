"""`DeepTransitionCell`: depth in the input, the transition and the output, and the way past it."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elman import Recurrent, Stacked
from elman.cells import DeepTransitionCell, ElmanCell
from elman.errors import OptionError

TIGHT: dict[str, Any] = {"rtol": 0, "atol": 1e-12}  # float64 numbers of about 1


def count(**options: Any) -> int:
    return sum(parameter.numel() for parameter in DeepTransitionCell(3, 5, **options).parameters())


def test_without_depth_it_is_the_simple_cell():
    deep, plain = DeepTransitionCell(3, 5, transition_depth=1).double(), ElmanCell(3, 5).double()
    deep.load_state_dict(plain.state_dict())
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    torch.testing.assert_close(Recurrent(deep)(x), Recurrent(plain)(x), **TIGHT)


def test_parameters_are_counted_by_hand():
    plain = 5 * 3 + 5 * 5 + 5
    assert count(transition_depth=1) == plain
    assert count(transition_depth=2, skip=False) == plain + 5 * 5 + 5
    assert count(transition_depth=2) == plain + 5 * 5 + 5 + 5 * 5
    assert count(transition_depth=4) == plain + 3 * (5 * 5 + 5) + 5 * 5
    assert count(transition_depth=1, output_depth=1) == plain + 5 * 5 + 5
    assert count(transition_depth=1, output_depth=3, skip=False) == plain + 3 * (5 * 5 + 5)
    # With an input network the transition reads H features.
    assert count(transition_depth=1, input_depth=2) == 5 * 5 + 5 * 5 + 5 + (5 * 3 + 5) + (5 * 5 + 5) + 5 * 3


def affine(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
    layer.weight.data, layer.bias.data = weight, bias
    return layer


def network(first: nn.Linear, deeper: Any) -> nn.Sequential:
    """A multilayer perceptron as anybody would write it."""
    rest = [affine(*pair) for pair in zip(deeper.weight.detach(), deeper.bias.detach(), strict=True)]
    return nn.Sequential(*[part for layer in (first, *rest) for part in (layer, nn.Tanh())])


def test_its_parts_are_multilayer_perceptrons():
    depths: Any = {"input_depth": 3, "transition_depth": 2, "output_depth": 2}
    cell: Any = DeepTransitionCell(3, 5, skip=False, **depths).double()
    for parameter in cell.parameters():
        nn.init.normal_(parameter, std=0.3)
    before = network(affine(cell.input_weight.detach(), cell.input_bias.detach()), cell.input_layers)
    both = torch.cat([cell.weight_ih, cell.weight_hh], 1).detach()
    transition = network(affine(both, cell.bias.detach()), cell.transition_layers)
    behind = network(affine(cell.output_weight.detach(), cell.output_bias.detach()), cell.output_layers)
    x, state = torch.randn(6, 2, 3, dtype=torch.float64), torch.zeros(2, 5, dtype=torch.float64)
    outputs = []
    for step in x:
        state = transition(torch.cat([before(step), state], 1))
        outputs.append(behind(state))
    output, final_state = Recurrent(cell)(x)
    torch.testing.assert_close((output, final_state), (torch.stack(outputs), state), **TIGHT)


def state_gradient(cell: DeepTransitionCell, num_steps: int) -> float:
    """How much of the state before the first step is felt in the output at the last."""
    state = torch.zeros(1, cell.hidden_size, requires_grad=True)
    output, _ = Recurrent(cell)(torch.randn(num_steps, 1, cell.input_size), state)
    return torch.autograd.grad(output[-1].sum(), state)[0].norm().item()


def test_the_way_past_the_transition_is_one_step_long():
    """With the deep way cut, the gradient comes through the skip alone, and through nothing without one."""
    for skip in (True, False):
        cell: Any = DeepTransitionCell(3, 8, transition_depth=4, skip=skip)
        with torch.no_grad():
            cell.transition_layers.weight.zero_()
            if skip:
                cell.transition_layers.skip.copy_(torch.eye(8))
        state = torch.zeros(1, 8, requires_grad=True)
        output, _ = Recurrent(cell)(torch.zeros(50, 1, 3), state)
        (gradient,) = torch.autograd.grad(output[-1].sum(), state)
        torch.testing.assert_close(gradient, torch.full((1, 8), float(skip)), rtol=0, atol=0)


def test_the_last_layer_and_its_skip_start_with_orthogonal_rows():
    layers: Any = DeepTransitionCell(3, 5, transition_depth=3, output_depth=2).transition_layers
    both = torch.cat([layers.weight[-1], layers.skip], dim=1)
    torch.testing.assert_close(both @ both.T, torch.eye(5))
    torch.testing.assert_close(layers.weight[0] @ layers.weight[0].T, torch.eye(5))


@pytest.mark.parametrize("depth", [2, 4])
def test_the_gradient_through_time_is_larger_with_skips(depth: int):
    ratios = []
    for seed in range(5):
        sizes = []
        for skip in (True, False):
            torch.manual_seed(seed)
            sizes.append(state_gradient(DeepTransitionCell(3, 32, transition_depth=depth, skip=skip), 50))
        ratios.append(sizes[0] / sizes[1])
    assert min(ratios) > 1


def test_a_layer_that_transition_depth_needs_two_layers_for_is_learned():
    """The exclusive or of the input and the state before is no threshold of their weighted sum."""
    torch.manual_seed(1)
    layer = Stacked(DeepTransitionCell(1, 16))
    head = nn.Linear(16, 1)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.01)
    right = torch.zeros(0)
    for _ in range(400):
        bits = torch.randint(2, (8, 64, 1)).float()
        parity = bits.cumsum(0) % 2
        scores = head(layer(2 * bits - 1)[0])
        right = ((scores > 0) == (parity > 0)).float()
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(scores, parity).backward()
        optimizer.step()
    assert right.mean().item() > 0.99


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"input_depth": -1}, "`input_depth` must be a number of layers, 0 or more, but it is -1"),
        ({"output_depth": True}, "`output_depth`"),
        ({"output_depth": 1.0}, "`output_depth`"),
        ({"transition_depth": 0}, "`transition_depth` must be a positive integer"),
        ({"skip": "no"}, "`skip` must be True or False"),
        ({"activation": "linear"}, "`activation` must be one of 'tanh'"),
    ],
)
def test_wrong_options_are_refused(options: Any, words: str):
    with pytest.raises(OptionError, match=words):
        DeepTransitionCell(3, 5, **options)
