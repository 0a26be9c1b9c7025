"""`ConvRecurrent`: the laws of running a cell over sequences of images."""

import copy
import pickle
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from elman.cells import ConvCell, ConvGRUCell, ConvLSTMCell, ConvRNNCell, LSTMCell, map_state
from elman.errors import DeviceError, DtypeError, LengthError, OptionError, ShapeError
from elman.layers import ConvRecurrent

CELLS = [ConvRNNCell, ConvGRUCell, ConvLSTMCell]
TIGHT = {"rtol": 0, "atol": 1e-12}


def make_layer(cell_class: Any = ConvGRUCell, kernel: Any = (3, 3), **options: Any) -> ConvRecurrent:
    return ConvRecurrent(cell_class(2, 3, kernel), **options).double()


def random_images(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def as_tuple(state: Any) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("cell_class", CELLS)
@given(cut=st.integers(1, 4), seed=st.integers(0, 99))
def test_two_pieces_are_one_pass(cell_class: Any, cut: int, seed: int):
    torch.manual_seed(seed)
    layer, x = make_layer(cell_class), random_images(5, 2, 2, 4, 3)
    whole, final_state = layer(x)
    first, state = layer(x[:cut])
    second, state = layer(x[cut:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole, **TIGHT)
    torch.testing.assert_close(state, final_state, **TIGHT)


@pytest.mark.parametrize("cell_class", CELLS)
@pytest.mark.parametrize("batch_first", [False, True])
def test_steps_are_one_pass(cell_class: Any, batch_first: bool):
    layer, x = make_layer(cell_class, batch_first=batch_first), random_images(5, 2, 2, 4, 3)
    whole, final_state = layer(x.transpose(0, 1) if batch_first else x)
    state = None
    for t in range(5):
        output, state = layer.step(x[t], state)
        torch.testing.assert_close(output, whole[:, t] if batch_first else whole[t], **TIGHT)
    torch.testing.assert_close(state, final_state, **TIGHT)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell_class", CELLS)
@given(data=st.data(), num_steps=st.integers(1, 4), batch_size=st.integers(1, 3))
def test_padding_changes_no_number_and_no_gradient(
    cell_class: Any, reverse: bool, data: st.DataObject, num_steps: int, batch_size: int
):
    lengths = data.draw(st.lists(st.integers(1, num_steps), min_size=batch_size, max_size=batch_size))
    layer = make_layer(cell_class, reverse=reverse)
    dead = torch.arange(num_steps)[:, None] >= torch.tensor(lengths)
    mask = dead[..., None, None, None]
    clean = random_images(num_steps, batch_size, 2, 3, 2)
    alone = [layer(clean[:length, n : n + 1]) for n, length in enumerate(lengths)]
    results = []
    for fill, more in [(0.0, 0), (torch.nan, 0), (torch.inf, 2)]:
        padding = torch.full((more, batch_size, 2, 3, 2), fill, dtype=torch.float64)
        x = torch.cat([clean.masked_fill(mask, fill), padding]).requires_grad_()
        output, final_state = layer(x, lengths=lengths)
        loss = output.square().sum() + sum(part.sum() for part in as_tuple(final_state))
        gradient, *gradients = torch.autograd.grad(loss, [x, *layer.parameters()])
        assert not output[num_steps:].any()
        assert not output[:num_steps][dead].any()
        assert not gradient[num_steps:].any()
        assert not gradient[:num_steps][dead].any()
        results.append((output[:num_steps], final_state, gradient[:num_steps], gradients))
    torch.testing.assert_close(results[1], results[0], rtol=0, atol=0)
    torch.testing.assert_close(results[2], results[0], rtol=0, atol=0)
    for n, (output, state) in enumerate(alone):
        torch.testing.assert_close(results[0][0][: lengths[n], n], output[:, 0], **TIGHT)
        torch.testing.assert_close(map_state(lambda part: part[n : n + 1], results[0][1]), state, **TIGHT)  # noqa: B023


@pytest.mark.parametrize("cell_class", CELLS)
def test_reverse_reads_each_sequence_from_its_own_end(cell_class: Any):
    layer = make_layer(cell_class, reverse=True)
    forward = ConvRecurrent(layer.cell)
    x = random_images(5, 2, 2, 4, 3)
    output, final_state = layer(x, lengths=[5, 3])
    for n, length in enumerate([5, 3]):
        expected, state = forward(x[:length, n : n + 1].flip(0))
        torch.testing.assert_close(output[:length, n : n + 1], expected.flip(0), **TIGHT)
        torch.testing.assert_close(map_state(lambda part: part[n : n + 1], final_state), state, **TIGHT)  # noqa: B023


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("cell_class", CELLS)
def test_resets_start_a_sequence_anew(cell_class: Any, batch_first: bool):
    layer, x = make_layer(cell_class, batch_first=batch_first), random_images(6, 2, 2, 3, 3)
    state = map_state(torch.randn_like, layer.initial_state(2, (3, 3)))
    resets = torch.zeros(6, 2, dtype=torch.bool)
    resets[4, 0] = resets[0, 1] = True
    turn = (lambda part: part.transpose(0, 1)) if batch_first else (lambda part: part)
    output, final_state = layer(turn(x), state, resets=turn(resets))
    once = ConvRecurrent(layer.cell)
    first, _ = once(x[:4, :1], map_state(lambda part: part[:1], state))
    second, end = once(x[4:, :1])
    torch.testing.assert_close(turn(output)[:, :1], torch.cat([first, second]), **TIGHT)
    torch.testing.assert_close(map_state(lambda part: part[:1], final_state), end, **TIGHT)
    torch.testing.assert_close(turn(output)[:, 1:], once(x[:, 1:])[0], **TIGHT)


@pytest.mark.parametrize("kernel", [(3,), (3, 5), (3, 3, 1)], ids=str)
@pytest.mark.parametrize("pixels", [1, 2, 7])
@pytest.mark.parametrize("num_steps", [1, 3])
def test_any_size_of_image_keeps_it(kernel: Any, pixels: int, num_steps: int):
    size = (pixels, pixels + 1, pixels + 2)[: len(kernel)]
    layer = make_layer(ConvLSTMCell, kernel)
    output, (hidden, memory) = layer(random_images(num_steps, 2, 2, *size))
    assert output.shape == (num_steps, 2, 3, *size)
    assert hidden.shape == memory.shape == (2, 3, *size)
    assert layer(random_images(num_steps, 0, 2, *size))[0].shape == (num_steps, 0, 3, *size)


def test_the_order_of_a_batch_is_that_of_its_results():
    layer, x, order = make_layer(ConvLSTMCell), random_images(4, 3, 2, 3, 3), [2, 0, 1]
    output, state = layer(x, lengths=[4, 1, 2])
    other, other_state = layer(x[:, order], lengths=[2, 4, 1])
    torch.testing.assert_close(other, output[:, order], **TIGHT)
    torch.testing.assert_close(other_state, map_state(lambda part: part[order], state), **TIGHT)


def test_gradients_through_time_are_those_of_finite_differences():
    layer = ConvRecurrent(ConvLSTMCell(1, 2, (3,), peepholes="pixel", image_size=(3,))).double()
    x = random_images(3, 2, 1, 3).requires_grad_()
    state = map_state(lambda part: torch.randn_like(part, requires_grad=True), layer.initial_state(2))
    resets = torch.tensor([[False, False], [False, True], [False, False]])

    def run(*arguments: Tensor) -> Any:
        output, (hidden, memory) = layer(arguments[0], arguments[1:3], lengths=[3, 2], resets=resets)
        return output, hidden, memory

    assert torch.autograd.gradcheck(run, (x, *as_tuple(state), *layer.parameters()))


def test_the_input_convolution_runs_once(monkeypatch: pytest.MonkeyPatch):
    layer, seen = make_layer(), []
    from_input = layer.cell.from_input
    monkeypatch.setattr(layer.cell, "from_input", lambda x: (seen.append(len(x)), from_input(x))[1])
    layer(random_images(5, 3, 2, 4, 4), lengths=[5, 2, 1])
    assert seen == [8]


def test_dtypes_and_copies():
    layer = ConvRecurrent(ConvLSTMCell(1, 2)).bfloat16()
    assert layer(torch.ones(2, 1, 1, 3, 3, dtype=torch.bfloat16))[0].dtype == torch.bfloat16
    single = ConvRecurrent(ConvLSTMCell(1, 2))
    with torch.autocast("cpu", torch.bfloat16):
        output, (_, memory) = single(torch.ones(3, 2, 1, 3, 3), lengths=[3, 1])
    assert output.shape == (3, 2, 2, 3, 3)
    assert memory.isfinite().all()
    x = torch.randn(3, 2, 1, 4, 4)
    for twin in (copy.deepcopy(single), pickle.loads(pickle.dumps(single))):
        torch.testing.assert_close(twin(x), single(x), rtol=0, atol=0)


class MovingDot(nn.Module):
    """A ConvLSTM that says by how much each pixel of the next frame differs from this one."""

    def __init__(self):
        super().__init__()
        self.layer = ConvRecurrent(ConvLSTMCell(1, 8, 3, padding_mode="circular"))
        self.readout = nn.Conv2d(8, 1, 1)

    def forward(self, video: Tensor) -> Tensor:
        output, _ = self.layer(video)
        return video + self.readout(output.flatten(0, 1)).unflatten(0, video.shape[:2])


def moving_dots(num_steps: int, batch_size: int, size: int = 8) -> Tensor:
    """A dot that moves by one pixel a step, round and round, in one of four directions."""
    start = torch.randint(size, (batch_size, 2))
    directions = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])[torch.randint(4, (batch_size,))]
    places = (start + torch.arange(num_steps)[:, None, None] * directions) % size
    video = torch.zeros(num_steps, batch_size, 1, size, size)
    steps, rows = torch.meshgrid(torch.arange(num_steps), torch.arange(batch_size), indexing="ij")
    video[steps, rows, 0, places[..., 0], places[..., 1]] = 1
    return video


def test_the_next_frame_of_a_moving_dot_is_predicted_better_than_by_copying():
    model = MovingDot()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(200):
        video = moving_dots(7, 16)
        loss = (model(video[:-1]) - video[1:]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    video = moving_dots(7, 64)
    with torch.no_grad():
        prediction = model(video[:-1])[1:]  # the first frame does not say where the dot goes
    copied = (video[1:-1] - video[2:]).square().mean()
    assert (prediction - video[2:]).square().mean() < 0.2 * copied
    found = prediction.flatten(2).argmax(2) == video[2:].flatten(2).argmax(2)
    assert found.float().mean() > 0.9


class Wrong(ConvCell):
    def __init__(self):
        super().__init__(1, 2, 3, num_gates=1)

    def advance(self, projected: Tensor, state: Tensor) -> Any:
        return projected, state[..., 1:]


def call(*shape: int, **options: Any) -> Any:
    layer_options = {name: options.pop(name) for name in ("reverse", "batch_first") if name in options}
    layer = ConvRecurrent(
        ConvGRUCell(2, 3, options.pop("kernel", 3), **options.pop("cell", {})), **layer_options
    )
    return layer(torch.zeros(*shape), **options)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (
            (4, 2, 6, 5),
            {},
            ShapeError,
            "`input` must have shape (T, N, C, H, W) = (T, N, 2, H, W) because input_channels=2 and "
            "kernel_size=(3, 3), but it has shape (4, 2, 6, 5).\n"
            "    One sequence is a batch of one, and one channel is an axis too: "
            "input.unsqueeze(1) or input.unsqueeze(2).",
        ),
        (
            (4, 1, 6, 5, 2),
            {},
            ShapeError,
            "but it has shape (4, 1, 6, 5, 2).\n    If the channels are the last axis, move them: "
            "input.movedim(-1, 2).",
        ),
        ((4, 1, 3, 5), {"kernel": (3,), "batch_first": True}, ShapeError, "(N, T, C, L) = (N, T, 2, L)"),
        ((4, 1, 3, 5, 5, 5), {"kernel": (3, 3, 3)}, ShapeError, "(T, N, C, D, H, W) = (T, N, 2, D, H, W)"),
        ((0, 1, 2, 5, 5), {}, ShapeError, "at least one time step, but it has shape (0, 1, 2, 5, 5)."),
        ((1, 0, 2, 5, 5), {"batch_first": True}, ShapeError, "at least one time step, but it has shape"),
        (
            (4, 1, 2, 0, 5),
            {},
            ShapeError,
            "`input` must have 1 or more pixels along an axis where the kernel has 3, because "
            "padding_mode='zeros', but the size of its images is (0, 5).",
        ),
        (
            (4, 1, 2, 5, 2),
            {"kernel": 5, "cell": {"padding_mode": "reflect"}},
            ShapeError,
            "`input` must have 3 or more pixels along an axis where the kernel has 5, because "
            "padding_mode='reflect', but the size of its images is (5, 2).",
        ),
        (
            (4, 1, 2, 1, 5),
            {"kernel": 5, "cell": {"padding_mode": "circular"}},
            ShapeError,
            "2 or more pixels",
        ),
        (
            (4, 1, 2, 5, 5),
            {"cell": {"image_size": (5, 6)}},
            ShapeError,
            "`input` must hold images of size (5, 6), the cell's `image_size`, but their size is (5, 5).",
        ),
        (
            (4, 1, 2, 5, 5),
            {"initial_state": torch.zeros(1, 3, 5, 4)},
            ShapeError,
            "`initial_state` must have the structure and shapes of the cell's state, (1, 3, 5, 5), but it "
            "has (1, 3, 5, 4).",
        ),
        (
            (4, 1, 2, 5, 5),
            {"lengths": [5]},
            LengthError,
            "no sequence can be longer than the input's 4 time steps",
        ),
        ((4, 1, 2, 5, 5), {"lengths": [4, 4]}, ShapeError, "`lengths` must have shape (N,) = (1,)"),
        (
            (4, 1, 2, 5, 5),
            {"resets": torch.zeros(4, dtype=torch.bool)},
            ShapeError,
            "`resets` must have shape (T, N) = (4, 1), like the input, but it has shape (4,).",
        ),
        ((4, 1, 2, 5, 5), {"reverse": 1}, OptionError, "`reverse` must be True or False, but it is 1."),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_call_is_refused(arguments: Any, options: Any, error: Any, message: str):
    with pytest.raises(error) as caught:
        call(*arguments, **options)
    assert message in str(caught.value)


def test_other_wrong_values_are_refused():
    layer = make_layer()
    with pytest.raises(DtypeError, match=r"`input` must be a tensor, but it is a list\."):
        layer([1.0])
    with pytest.raises(
        DtypeError, match=r"`input` must have the dtype of the layer's parameters, torch\.float64"
    ):
        layer(torch.zeros(1, 1, 2, 3, 3))
    with pytest.raises(DtypeError, match=r"`input` must be floating point, but its dtype is torch\.uint8"):
        layer(torch.zeros(1, 1, 2, 3, 3, dtype=torch.uint8))
    with pytest.raises(DeviceError, match="`input` must be on the device of the layer's parameters, cpu"):
        layer(torch.zeros(1, 1, 2, 3, 3, dtype=torch.float64, device="meta"))
    with pytest.raises(ShapeError, match=r"`input` must have shape \(N, C, H, W\) = \(N, 2, H, W\)"):
        layer.step(random_images(1, 1, 2, 3, 3))
    with pytest.raises(ShapeError, match=r"`state` must have the structure and shapes of the cell's state"):
        layer.step(random_images(1, 2, 3, 3), random_images(1, 2, 3, 3))
    with pytest.raises(OptionError, match="starts at the last time step and cannot be stepped"):
        make_layer(reverse=True).step(random_images(1, 2, 3, 3))
    with pytest.raises(OptionError, match="nothing says how large that is"):
        layer.initial_state(2)
    with pytest.raises(DtypeError) as error:
        ConvRecurrent(LSTMCell(2, 3))  # pyright: ignore[reportArgumentType]
    assert str(error.value) == (
        "`cell` must be an elman.cells.ConvCell, but it is a LSTMCell.\n"
        "    Cells over vectors are run by elman.Recurrent."
    )


def test_a_cell_that_changes_its_state_is_told_by_name():
    with pytest.raises(ShapeError) as error:
        ConvRecurrent(Wrong())(torch.zeros(2, 1, 1, 3, 3))
    assert str(error.value) == (
        "Wrong.advance must return a state of the structure and shape it was given, (1, 2, 3, 3), "
        "but it returned (1, 2, 3, 2)."
    )


def test_a_state_is_reset_for_some_sequences():
    layer = make_layer(ConvLSTMCell)
    _, state = layer(random_images(3, 2, 2, 4, 3))
    hidden, memory = layer.reset_state(state, torch.tensor([False, True]))
    torch.testing.assert_close((hidden[0], memory[0]), (state[0][0], state[1][0]), rtol=0, atol=0)
    assert not hidden[1].any()
    assert not memory[1].any()
    assert layer.is_causal
    assert not make_layer(reverse=True).is_causal


def test_what_a_layer_says_of_itself():
    layer = ConvRecurrent(ConvGRUCell(2, 3, image_size=(4, 5)), batch_first=True)
    assert (layer.input_size, layer.output_size) == (2, 3)
    assert layer.initial_state(6).shape == (6, 3, 4, 5)
    assert str(layer).startswith("ConvRecurrent(\n  batch_first=True\n")
