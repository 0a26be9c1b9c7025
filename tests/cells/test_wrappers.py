"""Wrappers: what they change, what they leave alone, and that machine code gives the numbers of the loop."""

import copy
import math
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elman.cells import (
    ALL_WRAPPERS,
    Cell,
    ElmanCell,
    GRUCell,
    LayerNormInput,
    LSTMCell,
    MinGRUCell,
    QRNNCell,
    RecurrentDropout,
    Residual,
    WeightDrop,
    Wrapper,
    Zoneout,
)
from elman.errors import DtypeError, OptionError
from elman.layers import Recurrent

sys.path.append(str(Path(__file__).parents[1] / "compiler"))
from comparing import compare  # pyright: ignore[reportMissingImports]

F64 = torch.float64
RESETS = torch.zeros(6, 4, dtype=torch.bool)
RESETS[3, 1] = RESETS[2, 0] = True
CASES: dict[str, Callable[[], Cell]] = {
    **{
        f"{key} of {cell.__name__}": lambda wrap=wrap, cell=cell: wrap(cell(3, 5))  # pyright: ignore[reportCallIssue]
        for key, wrap in ALL_WRAPPERS.items()
        for cell in (GRUCell, LSTMCell)
    },
    "zoneout by state": lambda: Zoneout(LSTMCell(3, 5), p=(0.05, 0.5)),
    "zoneout of a window": lambda: Zoneout(QRNNCell(3, 5), p=(0.4, 0.0)),
    "dropout of both states": lambda: RecurrentDropout(LSTMCell(3, 5), p=0.4, states=(0, 1)),
    "residual of one size": lambda: Residual(GRUCell(5, 5)),
    "norm without numbers": lambda: LayerNormInput(GRUCell(3, 5), affine=False),
    "zoneout of norm": lambda: Zoneout(LayerNormInput(GRUCell(3, 5))),
    "zoneout of zoneout": lambda: Zoneout(Zoneout(LSTMCell(3, 5)), p=0.3),
    "all": lambda: Residual(Zoneout(WeightDrop(RecurrentDropout(LayerNormInput(LSTMCell(3, 5)))))),
    "drop of drop": lambda: WeightDrop(WeightDrop(ElmanCell(3, 5)), p=0.25),
}


class Seeded(Recurrent):
    """Draws the same numbers at each call, whatever runs it."""

    def forward(self, *arguments: Any, **options: Any) -> tuple[Any, Any]:
        torch.manual_seed(7)
        return super().forward(*arguments, **options)


def mask_of(cell: Cell) -> Tensor:
    return dict(cell.named_buffers(recurse=False))["mask_weight_hh"]


@pytest.mark.parametrize("name", CASES)
def test_a_wrapped_cell_compiles_and_is_the_plain_loop(name: str):
    assert Recurrent(CASES[name]()).explain().startswith("llvm")
    options = {"lengths": [6, 2, 3, 1], "resets": RESETS, "reverse": True}
    compare(CASES[name], F64, 6, 4, layer_class=Seeded, **options)
    compare(CASES[name], F64, 4, 4, layer_class=Seeded)  # T = N: which axis is time shows in no shape
    compare(lambda: CASES[name]().eval(), F64, 6, 4, layer_class=Seeded)


@pytest.mark.parametrize("name", CASES)
def test_a_wrapped_cell_survives_copying_and_pickling(name: str):
    cell = CASES[name]()
    torch.manual_seed(3)
    x = torch.randn(6, 4, cell.input_size)
    expected = Seeded(cell)(x)
    for twin in (copy.deepcopy(cell), pickle.loads(pickle.dumps(cell))):
        assert repr(twin) == repr(cell)
        torch.testing.assert_close(Seeded(twin)(x), expected, rtol=0, atol=0)


@pytest.mark.parametrize("name", CASES)
def test_without_noise_a_wrapped_cell_has_true_gradients(name: str):
    cell = CASES[name]().double().eval()
    weights = dict(cell.named_parameters())
    x = torch.randn(3, 2, cell.input_size, dtype=F64, requires_grad=True)

    def run(x: Tensor, *values: Tensor) -> Tensor:
        layer = Recurrent(cell, backend="eager")
        named = {f"cell.{key}": value for key, value in zip(weights, values, strict=True)}
        return torch.func.functional_call(layer, named, (x,))[0]

    torch.autograd.gradcheck(run, (x, *weights.values()))


@pytest.mark.parametrize("wrap", [Zoneout, RecurrentDropout, WeightDrop])
@pytest.mark.parametrize("cell_class", [GRUCell, LSTMCell])
def test_with_p_0_a_wrapper_is_the_cell(wrap: Callable[..., Cell], cell_class: type[Cell]):
    cell = cell_class(3, 5)
    x = torch.randn(6, 4, 3)
    wrapped = wrap(cell, p=0.0)
    assert wrapped.training
    assert wrapped.step_inputs(6, 4) == {}
    torch.testing.assert_close(Recurrent(wrapped)(x), Recurrent(cell)(x), rtol=0, atol=0)


@pytest.mark.parametrize("wrap", [RecurrentDropout, WeightDrop])
def test_in_evaluation_dropout_is_the_cell(wrap: Callable[..., Cell]):
    cell = LSTMCell(3, 5)
    x = torch.randn(6, 4, 3)
    wrapped = wrap(cell).eval()
    assert wrapped.step_inputs(6, 4) == {}
    torch.testing.assert_close(Recurrent(wrapped)(x), Recurrent(cell)(x), rtol=0, atol=0)


def test_in_evaluation_zoneout_is_its_expectation():
    cell = LSTMCell(3, 5).double()
    wrapped = Zoneout(cell, p=(0.05, 0.5)).double().eval()
    x, (h, c) = torch.randn(4, 3, dtype=F64), (torch.randn(4, 5, dtype=F64), torch.randn(4, 5, dtype=F64))
    _, (new_h, new_c) = cell(x, (h, c))
    output, state = wrapped(x, (h, c))
    expected = (0.05 * h + 0.95 * new_h, 0.5 * c + 0.5 * new_c)
    torch.testing.assert_close(state, expected, rtol=0, atol=1e-15)
    assert output is state[0]


def test_in_training_zoneout_keeps_the_share_it_is_told_and_averages_to_its_expectation():
    torch.manual_seed(0)
    wrapped = Zoneout(ElmanCell(3, 50), p=0.3)
    x, h = torch.randn(1, 3).expand(2000, 3), torch.randn(1, 50).expand(2000, 50)
    steps = {name: part[0] for name, part in wrapped.step_inputs(1, 2000).items()}
    output, new = wrapped(x, h, **steps)
    assert output is new
    kept, fresh = new == h, new == wrapped.cell(x, h)[0]
    assert bool((kept | fresh).all())
    # A share of n = 100000 draws is off by sqrt(0.3 * 0.7 / n) = 0.0014; four times that is rare.
    assert kept.float().mean().item() == pytest.approx(0.3, abs=0.006)
    expected = wrapped.eval()(x[:1], h[:1])[1][0]
    spread = (h[0] - wrapped.cell(x[:1], h[:1])[0][0]).abs() * math.sqrt(0.3 * 0.7 / 2000)
    assert bool(((new.mean(0) - expected).abs() < 5 * spread + 1e-5).all())


def test_zoneout_draws_anew_at_each_step_and_dropout_once():
    torch.manual_seed(0)
    (zone,) = Zoneout(ElmanCell(3, 50), p=0.5).step_inputs(6, 4).values()
    assert zone.shape == (6, 4, 50)
    assert not (zone[0] == zone[1]).all()
    (drop,) = RecurrentDropout(ElmanCell(3, 50), p=0.5).step_inputs(6, 4).values()
    assert drop.shape == (4, 50)
    assert drop.unique().tolist() == [0.0, 2.0]
    assert not (drop[0] == drop[1]).all()


def test_dropout_hides_the_same_units_at_all_steps():
    """With the identity as recurrent weight, a unit that is hidden forgets, and one that is not doubles."""

    class Sum(Cell):
        def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
            return state + input, state + input

    torch.manual_seed(0)
    output, _ = Recurrent(RecurrentDropout(Sum(20, 20), p=0.5))(torch.ones(4, 3, 20))
    forgets, doubles = torch.tensor([1.0, 1, 1, 1]), torch.tensor([1.0, 3, 7, 15])
    units = output.permute(1, 2, 0).reshape(-1, 4)
    is_hidden, is_seen = (units == forgets).all(1), (units == doubles).all(1)
    assert bool((is_hidden ^ is_seen).all())
    assert 15 < is_hidden.sum() < 45  # of 60; 30 give or take 4


def test_dropout_reaches_the_states_it_is_told():
    torch.manual_seed(0)
    cell = LSTMCell(3, 5)
    assert set(RecurrentDropout(cell, states=(1,)).step_inputs(6, 4)) == {"dropout.1"}
    state = (torch.ones(4, 5), torch.ones(4, 5))
    x = torch.zeros(4, 3)
    for place in (0, 1):
        wrapped = RecurrentDropout(cell, p=0.5, states=(place,))
        mask = wrapped.step_inputs(6, 4)[f"dropout.{place}"]
        hidden = tuple(mask if place == number else part for number, part in enumerate(state))
        found = wrapped(x, state, **{f"dropout.{place}": mask})
        torch.testing.assert_close(found, cell(x, hidden), rtol=0, atol=0)


def test_weight_drop_is_the_cell_with_some_weights_left_out():
    torch.manual_seed(0)
    cell = LSTMCell(3, 40)
    wrapped = WeightDrop(cell, p=0.25)
    x = torch.randn(6, 4, 3)
    found = Recurrent(wrapped)(x)
    mask = mask_of(wrapped)
    assert mask.unique().tolist() == [0.0, pytest.approx(4 / 3)]
    # Of n = 6400 weights the share is off by sqrt(0.25 * 0.75 / n) = 0.0054.
    assert (mask == 0).float().mean().item() == pytest.approx(0.25, abs=0.022)
    peer = copy.deepcopy(cell)
    peer.weight_hh = nn.Parameter(cell.weight_hh.detach() * mask)
    torch.testing.assert_close(found, Recurrent(peer)(x), rtol=0, atol=1e-6)
    Recurrent(wrapped)(x)
    assert not torch.equal(mask, mask_of(wrapped))


@pytest.mark.parametrize("backend", ["eager", "llvm"])
def test_a_mask_outlives_the_next_call_for_both_derivatives(backend: str):
    """Gradients of one call, taken after another has drawn its masks, are those taken at once."""
    torch.manual_seed(0)
    cell = ElmanCell(3, 5).double()
    wrapped = WeightDrop(cell, p=0.5)
    layer = Seeded(wrapped, backend=backend)
    x = torch.randn(4, 2, 3, dtype=F64, requires_grad=True)

    def derivatives(between: Callable[[], object]) -> list[Tensor]:
        output = layer(x)[0].sin().sum()
        between()
        (first,) = torch.autograd.grad(output, x, create_graph=True)
        between()
        return [first, *torch.autograd.grad(first.square().sum(), [x, cell.weight_hh])]

    expected = derivatives(lambda: None)
    mask = mask_of(wrapped)
    found = derivatives(lambda: Recurrent(wrapped, backend=backend)(x))
    assert not torch.equal(mask, mask_of(wrapped))
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["weight_drop of GRUCell", "zoneout of norm", "dropout of both states"])
def test_inside_torch_compile_the_same_numbers_are_drawn(name: str):
    torch.compiler.reset()
    layer = Recurrent(CASES[name]())
    run = torch.compile(layer, fullgraph=True, backend="aot_eager")
    x = torch.randn(6, 4, 3)
    for seed in range(2):
        torch.manual_seed(seed)
        found = run(x)
        torch.manual_seed(seed)
        torch.testing.assert_close(found, layer(x), rtol=0, atol=1e-6)


def test_asking_for_shapes_and_recording_leave_the_masks_alone():
    x = torch.randn(4, 4, 3)
    wrapped = Zoneout(WeightDrop(ElmanCell(3, 5)))
    torch.manual_seed(7)
    wrapped.step_inputs(4, 4)
    mask = mask_of(wrapped.cell)
    Seeded(wrapped, backend="llvm")(x)
    torch.testing.assert_close(mask_of(wrapped.cell), mask, rtol=0, atol=0)


def test_weight_drop_finds_weights_inside_and_those_it_is_told():
    inside = WeightDrop(LayerNormInput(GRUCell(3, 5)))
    assert inside.weights == ("cell.weight_hh",)
    told = WeightDrop(MinGRUCell(3, 5), weights=["weight_ih"])
    torch.manual_seed(0)
    Recurrent(told)(torch.ones(2, 2, 3))
    assert (told.mask_weight_ih == 0).any()  # pyright: ignore[reportAttributeAccessIssue]


def test_the_layer_norm_of_the_input_is_torchs():
    cell = GRUCell(3, 5)
    wrapped = LayerNormInput(cell)
    nn.init.normal_(wrapped.norm.weight)
    x = torch.randn(6, 4, 3)
    weight, bias = wrapped.norm.weight, wrapped.norm.bias
    expected = Recurrent(cell)(nn.functional.layer_norm(x, (3,), weight, bias))
    torch.testing.assert_close(Recurrent(wrapped)(x), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("input_size", [3, 5])
def test_a_residual_cell_adds_its_input(input_size: int):
    cell = LSTMCell(input_size, 5)
    wrapped = Residual(cell)
    x = torch.randn(6, 4, input_size)
    output, final = Recurrent(wrapped)(x)
    plain, plain_final = Recurrent(cell)(x)
    added = x if wrapped.projection is None else x @ wrapped.projection.weight.T
    torch.testing.assert_close(output, plain + added, rtol=0, atol=1e-6)
    torch.testing.assert_close(final, plain_final, rtol=0, atol=1e-6)
    assert (wrapped.projection is None) == (input_size == 5)


def test_parameters_keep_their_names_and_no_mask_is_saved():
    plain = GRUCell(3, 5).state_dict()
    for wrap in (Zoneout, RecurrentDropout, WeightDrop):
        wrapped = wrap(GRUCell(3, 5))
        assert list(wrapped.state_dict()) == [f"cell.{name}" for name in plain]
        wrapped.cell.load_state_dict(plain)
    nested = Zoneout(Zoneout(GRUCell(3, 5))).step_inputs(2, 3)
    assert sorted(nested) == ["cell.zoneout.0", "zoneout.0"]


def test_a_wrapper_has_the_sizes_of_its_cell_and_resets_it():
    class Narrow(ElmanCell):
        pass

    cell = Narrow(3, 5)
    wrapped = Zoneout(cell)
    assert (wrapped.input_size, wrapped.hidden_size, wrapped.output_size) == (3, 5, 5)
    before = cell.weight_ih.clone()
    wrapped.reset_parameters()
    assert not torch.equal(before, cell.weight_ih)
    assert all(issubclass(wrap, Wrapper) for wrap in ALL_WRAPPERS.values())


@pytest.mark.parametrize("wrap", [Zoneout, RecurrentDropout, WeightDrop])
@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5])
def test_a_p_that_is_no_probability_below_1_is_refused(wrap: Callable[..., Cell], p: float):
    with pytest.raises(OptionError, match=f"^`p` must be 0 or more and below 1, but it is {p}.$"):
        wrap(GRUCell(3, 5), p=p)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Zoneout(GRUCell(3, 5), p="half"), "`p` must be a finite number, but it is 'half'."),  # pyright: ignore[reportArgumentType]
        (
            lambda: Zoneout(LSTMCell(3, 5), p=(0.1,)),
            "`p` must have a number for each of the 2 tensors of the state, but it is (0.1,).",
        ),
        (
            lambda: RecurrentDropout(LSTMCell(3, 5), states=(2,)),
            "`states` must be numbers of tensors of the state, 0 to 1, but one is 2.",
        ),
        (
            lambda: WeightDrop(MinGRUCell(3, 5)),
            "`weights` must name parameters of the cell, because none is called weight_hh.\n"
            "    It has weight_ih, bias.",
        ),
        (
            lambda: WeightDrop(GRUCell(3, 5), weights=["weight"]),
            "`weights` must be names of parameters of the cell, but one is 'weight'.\n"
            "    It has weight_ih, weight_hh, bias.",
        ),
        (
            lambda: LayerNormInput(GRUCell(1, 5)),
            "`cell` must have an input_size of 2 or more: the layer norm of one feature is always 0.",
        ),
        (lambda: LayerNormInput(GRUCell(3, 5), eps=0), "`eps` must be positive, but it is 0."),
    ],
)
def test_a_wrong_option_is_refused(make: Callable[[], object], message: str):
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value) == message


def test_what_is_no_cell_is_refused():
    with pytest.raises(DtypeError, match=r"^`cell` must be an elman.Cell, but it is a torch.nn.GRU.$"):
        Zoneout(nn.GRU(3, 5))  # pyright: ignore[reportArgumentType]
