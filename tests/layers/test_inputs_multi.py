"""`MultiInput`: several inputs, joined and run through one layer."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import elman
from elman.cells import ElmanCell, GRUCell, LSTMCell, map_state
from elman.errors import DataError, DtypeError, LengthError, OptionError, ShapeError
from elman.layers import (
    ConvEncoder,
    EmbeddingEncoder,
    LinearEncoder,
    MultiInput,
    Recurrent,
    Stacked,
    TimeDistributed,
)

TIGHT = {"rtol": 0, "atol": 1e-12}


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def make_pen(**options: Any) -> MultiInput:
    """The handwriting of the Keras guide: where the pen is, and how hard it is pressed; and who writes."""
    joined = 4 if options.get("join") == "sum" else 8 if options.get("static_to") == "state" else 12
    layer = MultiInput(
        {"location": LinearEncoder(2, 4), "pressure": LinearEncoder(1, 4, activation="tanh")},
        Recurrent(GRUCell(joined, 3), batch_first=options.pop("batch_first", False), backend="eager"),
        static={"writer": EmbeddingEncoder(5, 4)},
        **options,
    ).double()
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.5)  # the missing vectors start at zero
    return layer


def pen_data(num_steps: int = 5, batch_size: int = 3) -> dict[str, Tensor]:
    writers = torch.arange(batch_size) % 5
    return {
        "location": random(num_steps, batch_size, 2),
        "pressure": random(num_steps, batch_size, 1),
        "writer": writers,
    }


def test_two_streams_are_two_terms_of_the_equation():
    """h_t = tanh(W1 x1_t + W2 x2_t + U h_{t-1} + b), as a loop of its own."""
    layer = MultiInput({"x1": 2, "x2": 3}, Recurrent(ElmanCell(5, 4))).double()
    cell: Any = layer.layer.cell
    w1, w2 = np.split(cell.weight_ih.detach().numpy(), [2], axis=1)
    u, b = cell.weight_hh.detach().numpy(), cell.bias.detach().numpy()
    x1, x2 = random(6, 2, 2), random(6, 2, 3)
    output, _ = layer({"x2": x2, "x1": x1})
    hidden = np.zeros((2, 4))
    for t in range(6):
        hidden = np.tanh(x1[t].numpy() @ w1.T + x2[t].numpy() @ w2.T + hidden @ u.T + b)
        torch.testing.assert_close(output[t].detach(), torch.tensor(hidden), **TIGHT)


@pytest.mark.parametrize("join", ["concat", "sum"])
@pytest.mark.parametrize("static_to", ["steps", "state", "both"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_inputs_are_encoded_joined_and_run(join: str, static_to: str, batch_first: bool):
    layer, x = make_pen(join=join, static_to=static_to, batch_first=batch_first), pen_data()
    given = {
        name: value.transpose(0, 1) if batch_first and name != "writer" else value
        for name, value in x.items()
    }
    output, final_state = layer(given, lengths=[5, 1, 3])
    loc, press = (
        layer.get_submodule("streams.location.encoder.linear"),
        layer.get_submodule("streams.pressure.encoder.linear"),
    )
    writer = layer.get_submodule("static.writer.encoder.table")(x["writer"])
    features = [loc(x["location"]), torch.tanh(press(x["pressure"]))]
    if static_to != "state":
        features.append(torch.stack([writer] * 5))
    joined = torch.cat(features, -1) if join == "concat" else sum(features)
    state = None if layer.static_state is None else layer.static_state.linear(writer)
    expected, expected_state = Recurrent(layer.layer.cell, backend="eager")(joined, state, lengths=[5, 1, 3])  # pyright: ignore[reportArgumentType]
    torch.testing.assert_close(output.transpose(0, 1) if batch_first else output, expected, **TIGHT)
    torch.testing.assert_close(final_state, expected_state, **TIGHT)


@pytest.mark.parametrize("static_to", ["steps", "state", "both"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_steps_and_pieces_are_one_pass(batch_first: bool, static_to: str):
    layer, x = make_pen(batch_first=batch_first, static_to=static_to, missing="mask"), pen_data()
    here = torch.rand(5, 3) > 0.5

    def turn(value: Tensor) -> Tensor:
        return value.transpose(0, 1) if batch_first else value

    def part(steps: Any) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        streams = {name: turn(x[name][steps]) for name in ("location", "pressure")}
        return {**streams, "writer": x["writer"]}, {"pressure": turn(here[steps])}

    values, present = part(slice(None))
    whole, final_state = layer(values, present=present)
    state = None
    for t in range(5):
        one = {"location": x["location"][t], "pressure": x["pressure"][t], "writer": x["writer"]}
        output, state = layer.step(one, state, present={"pressure": here[t]})
        torch.testing.assert_close(output, turn(whole)[t], **TIGHT)
    torch.testing.assert_close(state, final_state, **TIGHT)
    (values, present), (later, later_present) = part(slice(2)), part(slice(2, None))
    _, state = layer(values, present=present)
    second, state = layer(later, state, present=later_present)
    torch.testing.assert_close(turn(second), turn(whole)[2:], **TIGHT)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("missing", ["mask", "nan"])
def test_what_is_missing_or_padded_is_never_read(missing: str, batch_first: bool):
    layer, x = make_pen(missing=missing, batch_first=batch_first), pen_data()
    here = torch.rand(5, 3) > 0.4
    lengths = torch.tensor([5, 2, 4])
    read = here & (torch.arange(5)[:, None] < lengths)

    def turn(value: Tensor) -> Tensor:
        return value.transpose(0, 1) if batch_first else value

    results = []
    for fill in (
        torch.nan,
        torch.nan if missing == "nan" else torch.inf,
        torch.nan if missing == "nan" else 7.0,
    ):
        pressure = x["pressure"].masked_fill(~read[..., None], fill).requires_grad_()
        present = {"pressure": turn(here)} if missing == "mask" else None
        given = {**x, "location": turn(x["location"]), "pressure": turn(pressure)}
        output, final_state = layer(given, lengths=lengths, present=present)
        gradients = torch.autograd.grad(
            output.square().sum() + final_state.sum(),
            [pressure, *layer.parameters()],
            materialize_grads=True,  # nobody misses the writer
        )
        assert not gradients[0][~read].any()
        assert gradients[0][read].all()
        results.append((output, final_state, *gradients))
    torch.testing.assert_close(results[1], results[0], rtol=0, atol=0)
    torch.testing.assert_close(results[2], results[0], rtol=0, atol=0)
    vector = layer.get_parameter("streams.pressure.missing")
    encoder = layer.get_submodule("streams.pressure.encoder")
    pressure = torch.where(read[..., None], encoder(x["pressure"].flatten(0, 1)).unflatten(0, (5, 3)), vector)
    location = layer.get_submodule("streams.location.encoder")(x["location"].flatten(0, 1)).unflatten(
        0, (5, 3)
    )
    writer = layer.get_submodule("static.writer.encoder")(x["writer"]).expand(5, 3, 4)
    joined = torch.cat([location, pressure, writer], -1)
    expected, _ = Recurrent(layer.layer.cell, backend="eager")(joined, lengths=lengths)  # pyright: ignore[reportArgumentType]
    torch.testing.assert_close(turn(results[0][0]), expected, **TIGHT)


def test_an_input_can_be_absent_from_all_or_for_whole_sequences():
    layer, x = make_pen(missing="mask", static_to="both"), pen_data()
    nobody = torch.zeros(5, 3, dtype=torch.bool)
    results = [
        layer({"location": x["location"], "writer": x["writer"]}),
        layer({**x, "pressure": None}),
        layer({**x, "pressure": x["pressure"] * torch.nan}, present={"pressure": nobody}),
        layer({**x, "pressure": x["pressure"] * torch.nan}, present={"pressure": nobody[0]}),
        layer({**x, "pressure": None}, present={"pressure": nobody}),
    ]
    for result in results[1:]:
        torch.testing.assert_close(result, results[0], rtol=0, atol=0)
    partly, _ = layer(
        {**x, "writer": torch.tensor([0, 99, 2])}, present={"writer": torch.tensor([True, False, True])}
    )
    none, _ = layer({**x, "writer": None})
    every, _ = layer(x)
    torch.testing.assert_close(partly[:, 1], none[:, 1], **TIGHT)
    torch.testing.assert_close(partly[:, [0, 2]], every[:, [0, 2]], **TIGHT)
    assert not none.equal(every)


def test_nan_in_static_numbers_is_missing_too():
    layer = MultiInput(
        {"x": 2}, Recurrent(GRUCell(5, 4), backend="eager"), static={"age": 3}, missing="nan"
    ).double()
    nn.init.normal_(layer.get_parameter("static.age.missing"))
    age = random(3, 3)
    x = random(4, 3, 2)
    age[1, 2] = torch.nan
    age.requires_grad_()
    output, _ = layer({"x": x, "age": age})
    (gradient,) = torch.autograd.grad(output.sum(), age)
    assert not gradient[1].any()
    assert gradient[[0, 2]].all()
    torch.testing.assert_close(output[:, 1], layer({"x": x, "age": None})[0][:, 1], **TIGHT)


def test_gradients_are_those_of_finite_differences():
    layer, x = make_pen(missing="mask", static_to="both"), pen_data(3, 2)
    leaves = [x["location"].requires_grad_(), x["pressure"].requires_grad_()]
    here = torch.tensor([[True, False], [False, True], [True, True]])

    def run(location: Tensor, pressure: Tensor, *_: Tensor) -> Any:
        given = {"location": location, "pressure": pressure, "writer": x["writer"]}
        return layer(given, lengths=[3, 2], present={"pressure": here})

    parameters = [parameter for name, parameter in layer.named_parameters() if "writer.missing" not in name]
    parameters = [
        parameter
        for parameter in parameters
        if parameter is not layer.get_parameter("streams.location.missing")
    ]
    assert torch.autograd.gradcheck(run, (*leaves, *parameters))


def test_video_and_audio_as_in_the_guide_of_keras():
    """{"video": [height, width, channel], "audio": [frequency]} at each step; channels go first here."""
    layer = MultiInput(
        {
            "video": ConvEncoder(3, 8, channels=(4, 8), grid_size=2),
            "audio": LinearEncoder(12, 6, activation="relu"),
        },
        Stacked(GRUCell(14, 10), LSTMCell(10, 5)),
    )
    video, audio = torch.rand(7, 2, 16, 20, 3), torch.rand(7, 2, 12)
    output, (gru, (hidden, memory)) = layer({"video": video.movedim(-1, -3), "audio": audio}, lengths=[7, 4])
    assert output.shape == (7, 2, 5)
    assert (gru.shape, hidden.shape, memory.shape) == ((2, 10), (2, 5), (2, 5))
    torch.testing.assert_close(output[3, 1], hidden[1], rtol=0, atol=0)
    output.sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in layer.parameters())


@pytest.mark.parametrize("bidirectional", [False, True])
def test_layers_in_the_place_of_those_of_torch_run_too(bidirectional: bool):
    inner = elman.LSTM(3, 4, num_layers=2, bidirectional=bidirectional, batch_first=True).double()
    layer = MultiInput({"x": 3}, inner, static={"age": 2}, static_to="state").double()
    x, age = random(2, 5, 3), random(2, 2)
    output, _ = layer({"x": x, "age": age}, lengths=[5, 3])
    num_states = 4 if bidirectional else 2
    assert layer.static_state is not None
    hidden, memory = layer.static_state.linear(age).unflatten(1, (2, num_states, 4)).permute(1, 2, 0, 3)
    expected, _ = inner(x, (hidden.contiguous(), memory.contiguous()), lengths=[5, 3])
    torch.testing.assert_close(output, expected, **TIGHT)
    assert layer.output_size == (8 if bidirectional else 4)
    assert layer.is_causal is not bidirectional


def test_resets_and_states_are_those_of_the_layer():
    layer, x = make_pen(static_to="state"), pen_data()
    resets = torch.zeros(5, 3, dtype=torch.bool)
    resets[3, 1] = True
    output, state = layer(x, resets=resets)
    later = {**x, "location": x["location"][3:], "pressure": x["pressure"][3:]}
    expected, _ = layer(later, layer.initial_state(3))
    torch.testing.assert_close(output[3:, 1], expected[:, 1], **TIGHT)
    anew = layer.reset_state(state, torch.tensor([True, False, False]))
    assert not anew[0].any()
    assert anew[1:].equal(state[1:])


def test_no_sequence_one_step_and_copies():
    layer = make_pen(missing="nan", static_to="both")
    assert layer(pen_data(4, 0))[0].shape == (4, 0, 3)
    assert layer(pen_data(1, 1))[0].shape == (1, 1, 3)
    x = pen_data()
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        torch.testing.assert_close(twin(x), layer(x), rtol=0, atol=0)
    named = MultiInput({"type": 1, "keys": 2}, Recurrent(GRUCell(3, 2)))
    assert {"streams.type.missing", "streams.keys.missing"} <= {
        name for name, _ in MultiInput({"type": 1, "keys": 2}, named.layer, missing="mask").named_parameters()
    }
    assert str(layer).startswith("MultiInput(\n  static_to='both', missing='nan'\n")


def test_a_task_that_needs_both_inputs_suffers_where_one_is_dropped():
    """The sign of a sum of products of the two streams: either stream alone says nothing about it."""

    def draw(batch_size: int) -> tuple[dict[str, Tensor], Tensor]:
        a, b = torch.randn(2, 4, batch_size, 1).sign()
        return {"a": a, "b": b}, ((a * b).sum(0).squeeze(1) + 0.5 > 0).long()

    def train(names: tuple[str, ...]) -> float:
        torch.manual_seed(0)
        layer = MultiInput(
            {name: LinearEncoder(1, 8) for name in ("a", "b")},
            Recurrent(GRUCell(16, 16), backend="eager"),
            missing="mask",
        )
        readout = nn.Linear(16, 2)
        optimizer = torch.optim.Adam([*layer.parameters(), *readout.parameters()], lr=0.02)
        for _ in range(300):
            x, target = draw(64)
            _, state = layer({name: x[name] for name in names})
            optimizer.zero_grad()
            nn.functional.cross_entropy(readout(state), target).backward()
            optimizer.step()
        x, target = draw(500)
        with torch.no_grad():
            _, state = layer({name: x[name] for name in names})
        return (readout(state).argmax(1) == target).float().mean().item()

    assert train(("a", "b")) > 0.95
    assert train(("a",)) < 0.8  # the more frequent answer is right in 11 of 16 cases
    assert train(("b",)) < 0.8


PEN: Any = {"location": torch.zeros(5, 3, 2), "pressure": torch.zeros(5, 3, 1)}


def pen(**options: Any) -> MultiInput:
    return MultiInput({"location": 2, "pressure": 1}, Recurrent(GRUCell(3, 4)), **options)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: pen()(torch.zeros(5, 3, 3)),
            DtypeError,
            "`input` must be a dict of tensors, but it is a Tensor.",
        ),
        (
            lambda: pen()({"location": PEN["location"]}),
            OptionError,
            "`input` must hold 'pressure', but it does not.\n"
            "    Where inputs may be absent, say so: missing='mask'.",
        ),
        (
            lambda: pen(missing="mask")({"locatoin": PEN["location"]}),
            OptionError,
            "`input` must hold no other names than 'location', 'pressure', but it holds 'locatoin'.",
        ),
        (
            lambda: pen(missing="mask")({}),
            OptionError,
            "`input` must hold at least one stream, but all are absent.",
        ),
        (
            lambda: pen()({**PEN, "pressure": torch.zeros(5, 3)}),
            ShapeError,
            "`input['pressure']` must have shape (T, N, 1) for its IdentityEncoder, but it has shape "
            "(5, 3).\n    One number is an axis of one: unsqueeze(-1).",
        ),
        (
            lambda: pen()({**PEN, "pressure": torch.zeros(4, 3, 1)}),
            ShapeError,
            "`input['pressure']` must begin with the axes of `input['location']`, (T, N) = (5, 3), but it "
            "has shape (4, 3, 1).",
        ),
        (
            lambda: pen()({name: value[:0] for name, value in PEN.items()}),
            ShapeError,
            "streams must have at least one time step, but their (T, N) is (0, 3).",
        ),
        (lambda: pen()(PEN, lengths=[5, 6, 1]), LengthError, "no sequence can be longer than the input's 5"),
        (
            lambda: pen()(PEN, present={}),
            OptionError,
            "`present` needs missing='mask' or missing='nan', but it is 'refuse'.",
        ),
        (
            lambda: pen(missing="mask")(PEN, present={"pressure": torch.ones(5, 3)}),
            DtypeError,
            "`present['pressure']` must be a tensor of torch.bool, but its dtype is torch.float32.",
        ),
        (
            lambda: pen(missing="mask")(PEN, present={"pressure": torch.ones(5, dtype=torch.bool)}),
            ShapeError,
            "`present['pressure']` must have shape (T, N) = (5, 3), one value a frame, or (N,) = (3,), one "
            "value a sequence, but it has shape (5,).",
        ),
        (
            lambda: pen(missing="mask").step(
                {name: value[0] for name, value in PEN.items()},
                present={"pressure": torch.ones(1, dtype=torch.bool)},
            ),
            ShapeError,
            "`present['pressure']` must have shape (N,) = (3,), one value a sequence, but it has shape (1,).",
        ),
        (
            lambda: pen(missing="mask")({**PEN, "pressure": None}, present={"pressure": torch.ones(3) > 0}),
            OptionError,
            "`present['pressure']` says that there are frames, but `input` holds none.",
        ),
        (
            lambda: make_pen()({**pen_data(), "writer": torch.tensor([1, 2])}),
            ShapeError,
            "`input['writer']` must have a row for each of the 3 sequences, but it has shape (2,).",
        ),
        (
            lambda: make_pen()({**pen_data(), "writer": torch.tensor([1, 2, 5])}),
            DataError,
            "a category must be in 0..4, but 1 are not, first 5.",
        ),
        (
            lambda: MultiInput({"x": nn.Conv2d(1, 2, 3)}, Recurrent(GRUCell(2, 4)))(
                {"x": torch.zeros(5, 3, 1, 4, 4)}
            ),
            ShapeError,
            "Conv2d must return 2 features for each frame, as it says, but it returned (2, 2, 2).",
        ),
        (
            lambda: MultiInput({"x": nn.Linear(1, 2)}, Recurrent(GRUCell(2, 4)))({"x": torch.zeros(5)}),
            ShapeError,
            "`input['x']` must have shape (T, N, ...), but it has shape (5,).",
        ),
    ],
)
def test_a_wrong_call_is_refused(call: Any, error: Any, message: str):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: MultiInput({"x": 2, "y": 3}, Recurrent(GRUCell(4, 4))),
            OptionError,
            "the layer must read the 5 features that the inputs make (x 2, y 3), but its input_size is 4.",
        ),
        (
            lambda: MultiInput({"x": 2, "y": 3}, Recurrent(GRUCell(2, 4)), join="sum"),
            OptionError,
            "`join='sum'` needs as many features of each input, but they make x 2, y 3.",
        ),
        (
            lambda: MultiInput({"x": 2}, GRUCell(2, 4)),  # pyright: ignore[reportArgumentType]
            DtypeError,
            "`layer` must be a layer, such as elman.Recurrent, but it is a GRUCell.\n"
            "    Run it over sequences: elman.Recurrent(cell).",
        ),
        (
            lambda: MultiInput({}, Recurrent(GRUCell(2, 4))),
            OptionError,
            "`streams` must hold at least one encoder, but there is none.",
        ),
        (
            lambda: MultiInput([2], Recurrent(GRUCell(2, 4))),  # pyright: ignore[reportArgumentType]
            DtypeError,
            "`streams` must be a dict of encoders, but it is a list.",
        ),
        (
            lambda: MultiInput({"a.b": 2}, Recurrent(GRUCell(2, 4))),
            OptionError,
            "`streams` must name each input by a text without a dot, but one is 'a.b'.",
        ),
        (
            lambda: MultiInput({"x": torch.tanh}, Recurrent(GRUCell(2, 4))),  # pyright: ignore[reportArgumentType]
            DtypeError,
            "`streams['x']` must be an encoder, a torch.nn.Module or a number of features, but it is a "
            "builtin_function_or_method.",
        ),
        (
            lambda: MultiInput({"x": nn.Flatten()}, Recurrent(GRUCell(2, 4))),
            OptionError,
            "`streams['x']` must say how many features it makes of a frame, but Flatten does not.\n"
            "    Say it: module.output_size = ... .",
        ),
        (lambda: pen(static={"pressure": 2}), OptionError, "but 'pressure' is a stream and static."),
        (
            lambda: pen(static_to="state"),
            OptionError,
            "`static_to='state'` needs static inputs, but there is none.",
        ),
        (
            lambda: MultiInput(
                {"x": 2}, TimeDistributed(nn.Linear(2, 3)), static={"s": 1}, static_to="state"
            ),
            OptionError,
            "`static_to` can be 'state' only over a layer that has one, but TimeDistributed has none.",
        ),
        (lambda: pen(join="mean"), OptionError, "`join` must be one of 'concat', 'sum', but it is 'mean'."),
        (lambda: pen(missing=True), OptionError, "`missing` must be one of 'refuse', 'mask', 'nan'"),
        (lambda: pen(static_to="all"), OptionError, "`static_to` must be one of 'steps', 'state', 'both'"),
    ],
)
def test_an_option_that_is_not_legal_is_refused(make: Any, error: Any, message: str):
    with pytest.raises(error) as caught:
        make()
    assert message in str(caught.value)


def test_a_module_of_ones_own_says_its_size():
    encoder: Any = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    encoder.output_size = 3
    layer = MultiInput({"x": encoder}, Recurrent(GRUCell(3, 2), backend="eager"))
    x = torch.randn(5, 2, 4, 3)
    output, state = layer({"x": x})
    expected = Recurrent(layer.layer.cell, backend="eager")(encoder[1](x.flatten(2)))  # pyright: ignore[reportArgumentType]
    torch.testing.assert_close((output, state), expected, rtol=0, atol=1e-6)
    assert map_state(torch.clone, state).shape == (2, 2)  # pyright: ignore[reportAttributeAccessIssue]
