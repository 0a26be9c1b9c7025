"""Wrong derivatives and wrong code, planted one by one: comparing with the plain loop shows each of them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from user_cells import USER_CELLS  # pyright: ignore[reportMissingImports]

from elman.backends.llvm import frame, kernel
from elman.backends.llvm.driver import module as driver
from elman.backends.llvm.driver import running
from elman.backends.llvm.frame.layout import Layout
from elman.backends.llvm.lanes import POINTWISE
from elman.backends.llvm.lower import program
from elman.backends.llvm.lower.reductions import Reductions
from elman.cells import Cell, Gate
from elman.cells.state import state_tensors
from elman.compiler import kernels
from elman.compiler import running as calls
from elman.layers import Recurrent
from elman.passes.derivatives import DERIVATIVES, structural

NUM_STEPS, BATCH_SIZE, INPUT_SIZE, HIDDEN_SIZE = 5, 4, 3, 5
TOLERANCE = 1e-10  # of sums of a few terms in float64; a planted bug moves a number by much more


class Bounded(Cell):
    """Clamps, subtracts, joins two halves, and has a mean over an odd number of features."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.left, self.right = Gate(input_size, hidden_size), Gate(input_size, hidden_size)
        self.mix = nn.Linear(2 * hidden_size, hidden_size)

    def forward(self, input, state):
        left, right = torch.tanh(self.left(input, state)), torch.sigmoid(self.right(input, state))
        joined = torch.cat([left.clamp(-0.2, 0.2), right - left], dim=1) * state.mean(1, keepdim=True).exp()
        state = torch.tanh(self.mix(joined.cos())) - right * state
        return state, state


CELLS: list[Callable[[int, int], Cell]] = [
    *(USER_CELLS[name] for name in ("LSTMCat", "GRUBeforeGates", "LayerNormGRULinear")),
    Bounded,
]


def numbers(layer: Recurrent, input: Tensor, state: Any, **options: Any) -> list[Tensor]:
    leaves = [input, *state_tensors(state), *layer.parameters()]
    output, final = layer(input, state, **options)
    results = [output, *state_tensors(final)]
    loss = torch.stack([(part * part.detach().cos()).sum() for part in results]).sum()
    return [*results, *torch.autograd.grad(loss, leaves)]


def differences() -> Iterator[str]:
    """Run cells by the compiler and by the plain loop; yield what differs."""
    torch.manual_seed(0)
    for make in CELLS:
        cell = make(INPUT_SIZE, HIDDEN_SIZE).double()
        input = torch.randn(NUM_STEPS, BATCH_SIZE, INPUT_SIZE, dtype=torch.float64, requires_grad=True)
        state = cell.initial_state(BATCH_SIZE)
        parts = [torch.randn_like(part.double(), requires_grad=True) for part in state_tensors(state)]
        state = tuple(parts) if isinstance(state, tuple) else parts[0]
        options = {
            "lengths": torch.tensor([3, 5, 2, 5]),
            "resets": torch.rand(NUM_STEPS, BATCH_SIZE) < 0.25,
        }
        for which in ({}, options):
            ours, truth = (
                numbers(Recurrent(cell, backend=backend), input, state, **which)
                for backend in ("llvm", "eager")
            )
            for place, (left, right) in enumerate(zip(ours, truth, strict=True)):
                if not torch.allclose(left, right, rtol=TOLERANCE, atol=TOLERANCE):
                    yield f"{type(cell).__name__}: number {place} with {[*which]}"


@pytest.fixture(autouse=True)
def _own_kernels(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No kernel of other tests is used, and none of a planted bug is left behind."""
    monkeypatch.setattr(kernels, "_kernels", {})
    driver.load_driver.cache_clear()
    yield
    driver.load_driver.cache_clear()


Plant = Callable[[pytest.MonkeyPatch], None]


def row(op: str, *rows: Any) -> Plant:
    """Plant a wrong row of the table of derivatives."""
    return lambda patch: patch.setitem(DERIVATIVES, op, rows)


def lanes(op: str, wrong: str) -> Plant:
    """Plant the code of another function."""
    return lambda patch: patch.setitem(POINTWISE, op, POINTWISE[wrong])


def _outside(g: Any, _: Any, x: Any, **bounds: Any) -> Any:
    return ((x >= bounds["min"]) & (x <= bounds["max"])).where(0.0, g)


def concat_is_cut_one_too_early(patch: pytest.MonkeyPatch) -> None:
    total = structural._total
    patch.setattr(structural, "_total", lambda parts, axis: max(total(parts, axis) - 1, 0))


def reduction_skips_the_tail(patch: pytest.MonkeyPatch) -> None:
    def mask(self: Reductions, index: dict[int, Any]) -> Any:
        size = self.values.size(self.shape[self.last])
        one_less = self.code.builder.sub(size, size.type(1))
        return self.values.mask(index[self.last], one_less)

    patch.setattr(Reductions, "_mask", mask)


def second_product_overwrites_the_first(patch: pytest.MonkeyPatch) -> None:
    right = program.plan_products

    def plan(*arguments: Any) -> Any:
        planned = right(*arguments)
        return planned._replace(calls=tuple(each._replace(adds=False) for each in planned.calls))

    patch.setattr(program, "plan_products", plan)


def jobs(change: Callable[[list[Any]], list[Any]]) -> Plant:
    """Plant a wrong list of the sums that gradients of parameters are."""
    right = kernel.list_jobs
    return lambda patch: patch.setattr(kernel, "list_jobs", lambda *arguments: change(right(*arguments)))


def _kind(job: Any) -> tuple[Any, ...]:
    return job.parameter, job.num_left, job.num_right


def _swap_rows(listed: list[Any]) -> list[Any]:
    """Give each gradient the place of another of its parameter, of the same size."""
    turned = []
    for job in listed:
        like = [other.offset for other in listed if _kind(other) == _kind(job) and other is not job]
        turned.append(job._replace(offset=like[0]) if like else job)
    return turned


def final_state_is_a_step_too_early(patch: pytest.MonkeyPatch) -> None:
    right = running._copy_states
    patch.setattr(running, "_copy_states", lambda f, time, sequence: right(f, time - 1, sequence))


def gradients_of_resets_are_not_taken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(frame, "add_reset_gradients", lambda layout: None)


def resets_are_not_seen_by_the_state(patch: pytest.MonkeyPatch) -> None:
    right = Layout._add_edge
    patch.setattr(
        Layout,
        "_add_edge",
        lambda self, name, offset: right(self, "" if name.startswith("fresh") else name, offset),
    )


def gradient_of_the_final_state_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    right = calls.gradient_like
    patch.setattr(calls, "gradient_like", lambda found, like: right(found if like.dim() == 3 else None, like))


def saved_values_are_mixed_up(patch: pytest.MonkeyPatch) -> None:
    right = Layout.__init__

    def make(self: Any, *arguments: Any, is_backward: bool) -> None:
        right(self, *arguments, is_backward=is_backward)
        places, arrays = self.space._places, self.space.arrays
        saved = [
            name for name, (home, _) in places.items() if home == "saved" and arrays[name].size == HIDDEN_SIZE
        ]
        if is_backward and len(saved) > 1:
            first, second = saved[:2]
            places[first], places[second] = places[second], places[first]

    patch.setattr(Layout, "__init__", make)


BUGS: dict[str, Plant] = {
    "tanh without the square": row("tanh", lambda g, y, x: g * (1 - y)),
    "sub without the second sign": row("sub", lambda g, y, a, b: g, lambda g, y, a, b: g),
    "mul with its operands swapped": row("mul", lambda g, y, a, b: g * a, lambda g, y, a, b: g * b),
    "clamp passes what is outside": row("clamp", _outside),
    "cos without its sign": row("cos", lambda g, y, x: g * x.apply("sin")),
    "mean without its count": row("mean", lambda g, y, x, axes: g.spread(x.shape, axes)),
    "bias gets no gradient": row("linear", structural._vector, structural._weight, lambda g, *_: g * 0.0),
    "sigmoid computed as tanh": lanes("sigmoid", "tanh"),
    "sub computed as add": lanes("sub", "add"),
    "concat cut one too early": concat_is_cut_one_too_early,
    "reduction without its tail": reduction_skips_the_tail,
    "second product overwrites the first": second_product_overwrites_the_first,
    "gradients of gates swapped": jobs(_swap_rows),
    "last row of a gradient missing": jobs(
        lambda listed: [job._replace(num_left=job.num_left - 1) for job in listed]
    ),
    "final state a step too early": final_state_is_a_step_too_early,
    "gradients of resets not taken": gradients_of_resets_are_not_taken,
    "resets not seen": resets_are_not_seen_by_the_state,
    "gradient of the final state forgotten": gradient_of_the_final_state_is_forgotten,
    "saved values mixed up": saved_values_are_mixed_up,
}


def test_without_a_bug_nothing_differs():
    assert [*differences()] == []


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_caught(name: str, monkeypatch: pytest.MonkeyPatch):
    BUGS[name](monkeypatch)
    assert next(differences(), None) is not None
