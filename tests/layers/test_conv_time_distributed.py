"""`TimeDistributed`: one module at every frame, and at no other place."""

from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from elman.cells import ConvGRUCell, GRUCell
from elman.errors import DtypeError, LengthError, OptionError, ShapeError
from elman.layers import ConvRecurrent, Recurrent, Stacked, TimeDistributed

TIGHT = {"rtol": 0, "atol": 1e-12}


def encoder() -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(3 * 2 * 1, 4)).double()


def random_frames(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize(("num_steps", "batch_size"), [(1, 1), (5, 3), (3, 5), (2, 0)])
def test_the_module_runs_at_every_step(batch_first: bool, num_steps: int, batch_size: int):
    module = encoder()
    layer = TimeDistributed(module, output_size=4, batch_first=batch_first)
    x = random_frames(num_steps, batch_size, 2, 4, 3)
    output, state = layer(x.transpose(0, 1) if batch_first else x)
    expected = torch.stack([module(frame) for frame in x])
    torch.testing.assert_close(output.transpose(0, 1) if batch_first else output, expected, **TIGHT)
    assert state == layer.initial_state(batch_size) == ()
    for t in range(num_steps):
        torch.testing.assert_close(layer.step(x[t], state)[0], expected[t], **TIGHT)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("fill", [torch.nan, torch.inf, 1e30])
def test_padding_changes_no_number_and_no_gradient(batch_first: bool, fill: float):
    layer = TimeDistributed(encoder(), batch_first=batch_first)
    lengths = torch.tensor([2, 4, 1])
    dead = torch.arange(4)[:, None] >= lengths
    clean = random_frames(4, 3, 2, 4, 3)
    results = []
    for value in (0.0, fill):
        x = clean.masked_fill(dead[..., None, None, None], value).requires_grad_()
        output, _ = layer(x.transpose(0, 1) if batch_first else x, lengths=lengths)
        output = output.transpose(0, 1) if batch_first else output
        gradient, *gradients = torch.autograd.grad(output.square().sum(), [x, *layer.parameters()])
        assert not output[dead].any()
        assert not gradient[dead].any()
        results.append((output, gradient, gradients))
    torch.testing.assert_close(results[1], results[0], rtol=0, atol=0)
    alone = torch.cat([layer.module(clean[: lengths[n], n]) for n in range(3)])
    torch.testing.assert_close(results[0][0].transpose(0, 1)[~dead.T], alone, **TIGHT)


def test_batch_normalization_sees_the_frames_of_all_sequences_and_no_padding():
    norm = nn.BatchNorm1d(2).double()
    x = random_frames(4, 3, 2)
    x[2:, 1] = torch.nan
    output, _ = TimeDistributed(norm)(x, lengths=[4, 2, 4])
    live = torch.cat([x[:, 0], x[:2, 1], x[:, 2]])
    assert live.shape == (10, 2)
    torch.testing.assert_close(norm.running_mean, 0.1 * live.mean(0), **TIGHT)
    expected = (x[:2, 1] - live.mean(0)) / (live.var(0, correction=0) + norm.eps).sqrt()
    torch.testing.assert_close(output[:2, 1], expected, **TIGHT)


def test_gradients_are_those_of_finite_differences():
    layer = TimeDistributed(encoder())
    x = random_frames(3, 2, 2, 4, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda x, *_: layer(x, lengths=[3, 2])[0], (x, *layer.parameters()))


def test_frames_of_integers():
    table = nn.Embedding(10, 3)
    tokens = torch.randint(10, (5, 2))
    layer = TimeDistributed(table)
    assert layer.output_size == 3
    torch.testing.assert_close(layer(tokens)[0], table(tokens), rtol=0, atol=0)


def test_a_network_of_convolutions_then_recurrence_learns_where_a_dot_moves():
    """Which of four ways a dot moves; no single frame says so."""
    places = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])

    def draw(batch_size: int) -> tuple[Tensor, Tensor]:
        target = torch.randint(4, (batch_size,))
        start = torch.randint(2, 5, (batch_size, 2))
        where = start + torch.arange(3)[:, None, None] * places[target]
        video = torch.zeros(3, batch_size, 1, 7, 7)
        steps, rows = torch.meshgrid(torch.arange(3), torch.arange(batch_size), indexing="ij")
        video[steps, rows, 0, where[..., 0], where[..., 1]] = 1
        return video, target

    frames = TimeDistributed(
        nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(196, 16))
    )
    layer, readout = Recurrent(GRUCell(16, 24), backend="eager"), nn.Linear(24, 4)
    parameters = [*frames.parameters(), *layer.parameters(), *readout.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.01)

    def predict(video: Tensor) -> Tensor:
        return readout(layer(frames(video)[0])[1])

    for _ in range(300):
        video, target = draw(64)
        optimizer.zero_grad()
        nn.functional.cross_entropy(predict(video), target).backward()
        optimizer.step()
    video, target = draw(200)
    assert (predict(video).argmax(1) == target).float().mean() > 0.9  # chance is 0.25


def test_sizes_are_those_of_the_module_or_of_the_caller():
    sizes = [
        (TimeDistributed(nn.Linear(3, 5)), 3, 5),
        (TimeDistributed(nn.Conv2d(3, 5, 1)), 3, 5),
        (TimeDistributed(nn.Flatten()), None, None),
        (TimeDistributed(nn.Flatten(), input_size=2, output_size=8), 2, 8),
    ]
    for layer, input_size, output_size in sizes:
        assert (layer.input_size, layer.output_size) == (input_size, output_size)


def test_it_stands_in_a_stack():
    perceptron = TimeDistributed(nn.Sequential(nn.Linear(3, 8), nn.ReLU()), input_size=3, output_size=8)
    layer = Stacked(GRUCell(2, 3), perceptron, GRUCell(8, 4)).double()
    x = random_frames(5, 2, 2)
    output, (first, between, last) = layer(x, lengths=[5, 3])
    assert (first.shape, between, last.shape) == ((2, 3), (), (2, 4))
    hidden, _ = Recurrent(layer.layers[0].cell)(x)  # pyright: ignore[reportArgumentType]
    expected, _ = Recurrent(layer.layers[2].cell)(perceptron.module(hidden))  # pyright: ignore[reportArgumentType]
    torch.testing.assert_close(output[:, 0], expected[:, 0], **TIGHT)
    state = None
    for t in range(5):
        output, state = layer.step(x[t], state)
        torch.testing.assert_close(output, expected[t], **TIGHT)


def test_it_stands_between_other_layers():
    convolution = ConvRecurrent(ConvGRUCell(1, 2))
    frames = TimeDistributed(nn.Flatten(), output_size=24)
    layer = Recurrent(GRUCell(24, 3), backend="eager")
    x, lengths = torch.randn(4, 2, 1, 4, 3), [4, 2]
    output, _ = layer(frames(convolution(x, lengths=lengths)[0], lengths=lengths)[0], lengths=lengths)
    assert output.shape == (4, 2, 3)
    assert not output[2:, 1].any()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda layer: layer([1.0]), DtypeError, "`input` must be a tensor, but it is a list."),
        (
            lambda layer: layer(torch.zeros(3)),
            ShapeError,
            "`input` must have shape (T, N, ...), but it has shape (3,).",
        ),
        (
            lambda layer: layer.step(torch.tensor(1.0)),
            ShapeError,
            "`input` must have shape (N, ...), but it has shape ().",
        ),
        (
            lambda layer: layer(torch.zeros(0, 2, 3)),
            ShapeError,
            "at least one time step, but it has shape (0, 2, 3).",
        ),
        (
            lambda layer: layer(torch.zeros(4, 2, 3), torch.zeros(2)),
            ShapeError,
            "`initial_state` must be () or None, for the layer has no state.",
        ),
        (lambda layer: layer.step(torch.zeros(2, 3), 0), ShapeError, "`state` must be () or None"),
        (lambda layer: layer(torch.zeros(4, 2, 3), lengths=[4, 0]), LengthError, "but lengths[1] = 0"),
        (
            lambda layer: layer(torch.zeros(4, 2, 3), resets=torch.zeros(4, 2)),
            DtypeError,
            "`resets` must be a tensor of torch.bool, but its dtype is torch.float32.",
        ),
        (
            lambda layer: TimeDistributed(nn.Flatten(0))(torch.zeros(4, 2, 3)),
            ShapeError,
            "Flatten must return one row for each of the 8 frames it is given, but it returned (24,).",
        ),
        (
            lambda layer: TimeDistributed(nn.LSTM(3, 3))(torch.zeros(4, 2, 3)),
            DtypeError,
            "LSTM must return a tensor, but it returned a tuple.",
        ),
        (
            lambda layer: TimeDistributed(cast(Any, torch.tanh)),
            DtypeError,
            "`module` must be a torch.nn.Module, but it is a builtin_function_or_method.",
        ),
        (
            lambda layer: TimeDistributed(layer, output_size=0),
            OptionError,
            "`output_size` must be a positive integer",
        ),
        (
            lambda layer: TimeDistributed(layer, batch_first=cast(Any, 0)),
            OptionError,
            "`batch_first` must be True or False",
        ),
    ],
)
def test_a_wrong_call_is_refused(call: Any, error: Any, message: str):
    with pytest.raises(error) as caught:
        call(TimeDistributed(nn.Linear(3, 3)))
    assert message in str(caught.value)
