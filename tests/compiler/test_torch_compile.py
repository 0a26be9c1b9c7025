"""Inside torch.compile a recurrence is one operator: no graph break, and the numbers of the layer itself."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from odd_compiled_cells import Attributes, Masked, Rows, Tied
from torch import Tensor, nn
from user_cells import USER_CELLS  # pyright: ignore[reportMissingImports]

import elman
from elman.cells import ALL_CELLS, GRUCell, LSTMCell
from elman.cells.state import state_tensors
from elman.errors import EagerWarning, GraphError, LengthError, TraceError
from elman.layers import Recurrent

CELLS = {**USER_CELLS, **ALL_CELLS}
NAMES = ["gru", "LSTMGates", "LayerNormGRULinear"]
SHAPES = [(4, 2), (6, 3), (7, 5)]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def compiled(layer: Any, backend: str = "aot_eager") -> Callable[..., Any]:
    return torch.compile(layer, fullgraph=True, backend=backend)


def numbers(run: Callable[..., Any], layer: nn.Module, input: Tensor, **options: Any) -> list[Tensor]:
    """Outputs, final states, and all gradients."""
    input = input.clone().requires_grad_()
    output, final = run(input, **options)
    results = [output, *state_tensors(final)]
    loss = torch.stack([part.sin().sum() for part in results]).sum()
    return [*results, *torch.autograd.grad(loss, [input, *layer.parameters()], allow_unused=True)]


def check(layer: nn.Module, run: Callable[..., Any], *shape: int, **options: Any) -> None:
    input = torch.randn(*shape, 3)
    # The same kernels run; what stands around them may add a gradient's parts in another order.
    torch.testing.assert_close(numbers(run, layer, input, **options), numbers(layer, layer, input, **options))


@pytest.mark.parametrize("name", NAMES)
def test_training_and_inference_in_any_shape(name: str):
    layer = Recurrent(CELLS[name](3, 5), backend="llvm")
    run = compiled(layer)
    for shape in SHAPES:
        check(layer, run, *shape)
    check(layer, run, 7, 5, resets=torch.rand(7, 5) < 0.3)
    input = torch.randn(7, 5, 3)
    with torch.no_grad():
        assert torch.equal(run(input)[0], layer(input)[0])


def test_the_graph_is_one_operator():
    graphs = []

    def backend(graph: torch.fx.GraphModule, _: Any) -> Callable[..., Any]:
        graphs.append(graph.graph)
        return graph.forward

    layer = Recurrent(GRUCell(3, 5), backend="llvm")
    torch.compile(layer, backend=backend)(torch.randn(4, 2, 3))
    (graph,) = graphs
    assert sum("elman.recurrence" in str(node.target) for node in graph.nodes) == 1
    assert len(graph.nodes) < 20


def test_ragged_batches():
    layer = Recurrent(GRUCell(3, 5), backend="llvm", reverse=True)
    run = compiled(layer)
    for lengths in ([7, 3, 1, 2], torch.tensor([7, 7, 7, 7]), torch.tensor([3, 7, 1, 6])):
        check(layer, run, 7, 4, lengths=lengths)
    with pytest.raises(LengthError, match=r"within 1\.\.7, but they are \[9, 1, 1, 1\]"):
        run(torch.randn(7, 4, 3), lengths=torch.tensor([9, 1, 1, 1]))


def test_initial_states_and_batch_first():
    layer = Recurrent(LSTMCell(3, 5), backend="llvm", batch_first=True)
    run = compiled(layer)
    for batch_size in (4, 6):
        state = (torch.randn(batch_size, 5), torch.randn(batch_size, 5))
        check(layer, run, batch_size, 7, initial_state=state)


def test_a_changed_attribute_is_seen():
    layer = Recurrent(Attributes(3, 5), backend="llvm")
    run = compiled(layer)
    check(layer, run, 4, 2)
    for change in (
        lambda cell: cell.eval(),
        lambda cell: setattr(cell, "scale", 0.7),
        lambda cell: setattr(cell, "scale", 0.9),
        lambda cell: setattr(cell, "sizes", (3, 2)),
        lambda cell: setattr(cell, "activation", torch.relu),
        lambda cell: setattr(cell, "activation", lambda hidden: hidden * 2),
        lambda cell: setattr(cell, "gate", elman.cells.Gate(3, 5)),
    ):
        change(layer.cell)
        check(layer, run, 4, 2)


def test_step_inputs_are_drawn_in_the_graph():
    layer = Recurrent(Masked(3, 5), backend="llvm")
    run = compiled(layer)
    for shape in ((7, 4), (4, 4)):  # where T is N, it takes a second look to know which axis is which
        input = torch.randn(*shape, 3)
        torch.manual_seed(1)
        expected = layer(input)[0]
        torch.manual_seed(1)
        assert torch.equal(run(input)[0], expected)


def test_what_is_computed_from_parameters_alone():
    layer = Recurrent(Tied(3, 5), backend="llvm")
    check(layer, compiled(layer), 4, 2)


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_layers_of_torch(name: str):
    layer = getattr(elman, name)(3, 5, num_layers=2, bidirectional=True)
    run = compiled(layer)
    check(layer, run, 7, 4)
    check(layer, run, 7, 4, lengths=torch.tensor([3, 7, 1, 6]), resets=torch.rand(7, 4) < 0.3)


def test_a_cell_that_no_kernel_takes_is_unrolled_with_one_warning():
    layer = Recurrent(Rows(3, 5))
    with pytest.warns(EagerWarning, match="cumprod"):
        check(layer, compiled(layer), 3, 4)


def test_a_cell_that_no_kernel_takes_and_must():
    layer = Recurrent(Rows(3, 5), backend="llvm")
    with pytest.raises((GraphError, TraceError), match="cumprod"):
        torch.compile(layer, backend="eager")(torch.randn(3, 4, 3))


def test_double_backward_where_nothing_is_traced_ahead():
    layer = Recurrent(GRUCell(3, 5), backend="llvm").double()
    input = torch.randn(4, 2, 3, dtype=torch.float64, requires_grad=True)

    def second(run: Callable[..., Any]) -> tuple[Tensor, ...]:
        (first,) = torch.autograd.grad(run(input)[0].square().sum(), input, create_graph=True)
        return torch.autograd.grad(first.square().sum(), [input, *layer.parameters()])

    torch.testing.assert_close(second(compiled(layer, "eager")), second(layer))


def test_one_step():
    layer = Recurrent(GRUCell(3, 5), backend="llvm")
    input = torch.randn(2, 3)
    assert torch.equal(compiled(layer.step)(input)[0], layer.step(input)[0])


def test_the_operator_is_what_torch_expects():
    layer = Recurrent(GRUCell(3, 5), backend="llvm")
    captured = []

    def backend(graph: torch.fx.GraphModule, _: Any) -> Callable[..., Any]:
        (node,) = (node for node in graph.graph.nodes if "elman.recurrence" in str(node.target))
        captured.extend(node.args[3:])
        return graph.forward

    torch.compile(layer, backend=backend)(torch.randn(4, 2, 3))
    tensors = [torch.randn(4, 2, 3), torch.zeros(2, 5), *layer.parameters()]
    captured_step = [argument for argument in captured if isinstance(argument, str | bool)]
    with torch.no_grad():
        torch.library.opcheck(
            torch.ops.elman.recurrence.default,
            ([tensor.detach() for tensor in tensors], None, None, *captured_step),
            test_utils=("test_schema", "test_faketensor"),
        )


def test_exported_with_any_number_of_steps_and_sequences():
    layer = Recurrent(GRUCell(3, 5))
    sizes = {0: torch.export.Dim("T", min=2, max=99), 1: torch.export.Dim("N", min=2, max=99)}
    with torch.no_grad():
        program = torch.export.export(layer, (torch.randn(7, 4, 3),), dynamic_shapes=(sizes,), strict=True)
    input = torch.randn(9, 3, 3)
    assert torch.equal(program.module()(input)[0], layer(input)[0])


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # what torch imports for it warns of itself
@pytest.mark.skipif(shutil.which("g++") is None, reason="inductor needs a C++ compiler")
def test_inductor():
    layer = Recurrent(GRUCell(3, 5), backend="llvm")
    run = compiled(layer, "inductor")
    for shape in SHAPES:
        check(layer, run, *shape)


def test_an_uncompiled_call_loads_nothing_of_the_compiler_of_torch():
    code = """
import sys, torch, elman
from elman.cells import GRUCell
output, _ = elman.Recurrent(GRUCell(3, 5), backend="llvm")(torch.randn(4, 2, 3))
output.sum().backward()
assert "elman.compiler.operator" not in sys.modules
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
