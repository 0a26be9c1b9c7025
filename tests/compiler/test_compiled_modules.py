"""Weights that change behind autograd's back, copies, transforms, and modes around a compiled layer."""

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.utils import parametrizations

from elman.cells import Cell, GRUCell, LSTMCell
from elman.compiler import recurrence
from elman.errors import EagerWarning, GraphError
from elman.layers import Recurrent


@pytest.fixture(autouse=True)
def _has_not_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recurrence, "_warned", set())


def twins(cell: Cell, **options: Any) -> tuple[Recurrent, Recurrent]:
    """Return one cell in a compiled layer and in a plain one."""
    return Recurrent(cell, backend="llvm", **options), Recurrent(cell, backend="eager", **options)


def assert_agree(compiled: Recurrent, plain: Recurrent, input: Tensor) -> None:
    results = [layer(input)[0] for layer in (compiled, plain)]
    torch.testing.assert_close(*results)
    weights = [weight for weight in compiled.parameters() if weight.requires_grad]
    if weights and torch.is_grad_enabled():
        gradients = [torch.autograd.grad(result.sin().sum(), weights) for result in results]
        torch.testing.assert_close(*gradients)


def by_adam(layer: Recurrent) -> None:
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1, fused=True)
    layer(torch.ones(4, 2, 3))[0].sum().backward()
    optimizer.step()


def by_sgd(layer: Recurrent) -> None:
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.5, momentum=0.9, fused=True)
    layer(torch.ones(4, 2, 3))[0].sum().backward()
    optimizer.step()


def by_data(layer: Recurrent) -> None:
    for weight in layer.parameters():
        weight.data.add_(0.3)


def by_new_data(layer: Recurrent) -> None:
    for weight in layer.parameters():
        weight.data = torch.randn_like(weight)


def by_numpy(layer: Recurrent) -> None:
    for weight in layer.parameters():
        weight.detach().numpy()[...] *= -1.5


def by_state_dict(layer: Recurrent) -> None:
    layer.load_state_dict({name: value + 0.2 for name, value in layer.state_dict().items()})


CHANGES = [by_adam, by_sgd, by_data, by_new_data, by_numpy, by_state_dict]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("rows", [2, 100])
def test_the_next_call_sees_changed_weights(change: Callable[[Recurrent], None], rows: int):
    compiled, plain = twins(GRUCell(3, 8))
    x = torch.randn(5, rows, 3)
    before = compiled(x)[0]
    with torch.no_grad():
        compiled(x)
    change(compiled)
    assert not torch.equal(compiled(x)[0], before)
    with torch.no_grad():
        torch.testing.assert_close(compiled(x), plain(x))
    assert_agree(compiled, plain, x)


def test_other_dtypes_follow_the_module():
    compiled, plain = twins(LSTMCell(3, 4))
    for dtype in (torch.float32, torch.float64, torch.float32):
        compiled.to(dtype)
        output, _ = compiled(torch.randn(5, 2, 3, dtype=dtype))
        assert output.dtype == dtype
        assert_agree(compiled, plain, torch.randn(5, 2, 3, dtype=dtype))


def test_copies_and_pickles_run():
    layer = Recurrent(LSTMCell(3, 4), backend="llvm", reverse=True)
    x = torch.randn(5, 2, 3)
    expected = layer(x)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), copy.copy(layer)):
        torch.testing.assert_close(twin(x), expected, rtol=0, atol=0)
        twin(x)[0].sum().backward()
    assert all(weight.grad is not None for weight in twin.parameters())
    twin = copy.deepcopy(layer)
    by_data(twin)
    assert not torch.equal(twin(x)[0], expected[0])
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=0)


def test_saved_modules_run(tmp_path: Path):
    layer = Recurrent(GRUCell(3, 4), backend="llvm")
    x = torch.randn(5, 2, 3)
    layer(x)
    torch.save(layer, tmp_path / "layer.pt")
    loaded = torch.load(tmp_path / "layer.pt", weights_only=False)
    torch.testing.assert_close(loaded(x), layer(x), rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["orthogonal", "weight_norm", "spectral_norm"])
def test_parametrized_weights(kind: str):
    cell = GRUCell(3, 4)
    name = next(
        name for name, weight in cell.named_parameters() if weight.shape[-1] == 4 and weight.dim() == 2
    )
    getattr(parametrizations, kind)(cell, name)
    cell.eval()
    compiled, plain = twins(cell)
    for _ in range(2):
        assert_agree(compiled, plain, torch.randn(5, 2, 3))
        by_data(compiled)


def test_functional_calls():
    layer = Recurrent(GRUCell(3, 4), backend="llvm")
    weights = {name: torch.randn_like(w, requires_grad=True) for name, w in layer.named_parameters()}
    x = torch.randn(5, 2, 3)
    own = layer(x)[0]
    found = torch.func.functional_call(layer, weights, (x,))[0]
    assert not torch.equal(own, found)
    plain = Recurrent(layer.cell, backend="eager")
    expected = torch.func.functional_call(plain, weights, (x,))[0]
    torch.testing.assert_close(found, expected)
    leaves = list(weights.values())
    gradients = (torch.autograd.grad(result.sum(), leaves) for result in (found, expected))
    torch.testing.assert_close(*gradients)


def test_modes_without_gradients():
    compiled, plain = twins(LSTMCell(3, 4))
    x = torch.randn(5, 2, 3, requires_grad=True)
    expected = compiled(x)[0].detach()
    with torch.no_grad():
        output, _ = compiled(x)
        assert not output.requires_grad
        assert torch.equal(output, expected)
    with torch.inference_mode():
        output, _ = compiled(x)
        assert output.is_inference()
        assert torch.equal(output, expected)
        inner = torch.randn(5, 2, 3)
        torch.testing.assert_close(compiled(inner), plain(inner))
    with torch.no_grad():
        torch.testing.assert_close(compiled(inner)[0], plain(inner)[0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_autocast_computes_in_the_dtype_of_the_weights(dtype: torch.dtype):
    compiled, plain = twins(GRUCell(3, 4))
    x = torch.randn(5, 2, 3).to(dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output, _ = compiled(x, lengths=[5, 3])
        output.float().sum().backward()
    assert output.dtype == torch.float32
    torch.testing.assert_close(output, plain(x.float(), lengths=[5, 3])[0])


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # by torch, in jvp
def test_vmap_and_forward_derivatives_are_those_of_the_plain_loop():
    cell = GRUCell(3, 4).double()
    layer, plain = Recurrent(cell), Recurrent(cell, backend="eager")
    x, tangent = torch.randn(2, 4, 5, 2, 3, dtype=torch.float64)
    layer(x[0])

    def run(recurrent: Recurrent) -> Callable[[Tensor], Tensor]:
        return lambda one: recurrent(one)[0]

    results = []
    for each in (layer, plain):
        mapped = torch.vmap(run(each))(x)
        forward = torch.func.jvp(run(each), (x[0],), (tangent[0],))
        jacobian = torch.func.jacrev(run(each))(x[0])
        gradient = torch.func.grad(lambda one, each=each: each(one)[0].sum())(x[0])
        with torch.autograd.forward_ad.dual_level():
            dual = torch.autograd.forward_ad.make_dual(x[0], tangent[0])
            unpacked = torch.autograd.forward_ad.unpack_dual(each(dual)[0])
        results.append((mapped, *forward, jacobian, gradient, *unpacked))
    torch.testing.assert_close(results[0], results[1])
    with pytest.raises(GraphError, match="a function transform such as vmap"):
        torch.vmap(run(Recurrent(cell, backend="llvm")))(x)


def test_two_threads_may_use_one_layer():
    layer = Recurrent(LSTMCell(3, 16), backend="llvm")
    xs = [torch.randn(20, n, 3) for n in (1, 4, 7, 30)]
    expected = [layer(x)[0] for x in xs]
    with ThreadPoolExecutor(4) as pool:
        results = [*pool.map(lambda x: layer(x)[0], xs * 25)]
    assert all(map(torch.equal, results, expected * 25))


class Branching(GRUCell):
    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        if input.sum() > 0:
            input = -input
        return super().forward(input, state)


def test_a_refused_cell_warns_once_and_says_where():
    x = torch.randn(5, 2, 3)
    with pytest.warns(
        EagerWarning, match=r"(?s)Branching.*branches on.*test_compiled_modules.py:\d+.*if input"
    ) as warned:
        results = [Recurrent(Branching(3, 4))(x) for _ in range(3)]
    assert len(warned) == 1
    assert len(results) == 3
    with pytest.raises(Exception, match="branches on"):
        Recurrent(Branching(3, 4), backend="llvm")(x)
