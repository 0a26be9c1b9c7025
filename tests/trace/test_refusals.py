"""What cannot be recorded is refused, with the user's line and the way out."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from elman.cells import Cell
from elman.cells.marks import observe
from elman.errors import ElmanError, TraceError
from elman.trace import record

CONSTANT = torch.tensor([1.0, 2.0, 3.0])
EVERY_INPUT = "one time step must be the same computation for every input."
ALONE = "each row of a batch must be computed alone."
STAYS = "a time step is made of values that stay as they are."


class StepCell(Cell):
    """A cell whose step is a function of the cell, the input (N, 3) and the state (N, 3)."""

    def __init__(self, step: Callable[..., Any]):
        super().__init__(3, 3)
        self.step = step
        self.weight = nn.Parameter(torch.randn(3, 3))
        self.register_buffer("mean", torch.zeros(3))
        self.norm = nn.BatchNorm1d(3)
        self.dropout = nn.Dropout(0.5)
        self.count = 0
        self.history: list[torch.Tensor] = []

    def forward(self, input, state):
        return self.step(self, input, state)


def branch(cell, x, h):
    if h.norm() > 1.0:  # here
        h = x
    return h, h


def loop_until(cell, x, h):
    while not (h.sum() > 1):  # here
        h = h + 1
    return h, h


def item(cell, x, h):
    h = h * x[0, 0].item()  # here
    return h, h


def to_float(cell, x, h):
    h = h * float(cell.weight[0, 0])  # here
    return h, h


def to_list(cell, x, h):
    h = h + sum(x.tolist()[0])  # here
    return h, h


def to_numpy(cell, x, h):
    h = h + torch.from_numpy(x.numpy())  # here
    return h, h


def printed(cell, x, h):
    print(h)  # here
    return h, h


def noise(cell, x, h):
    h = h + torch.randn_like(h)  # here
    return h, h


def noise_alone(cell, x, h):
    h = h + torch.randn(3)  # here
    return h, h


def dropout(cell, x, h):
    h = cell.dropout(h + x)  # here
    return h, h


def drop_weights(cell, x, h):
    h = F.linear(h, F.dropout(cell.weight, 0.1))  # here
    return h, h


def add_in_place(cell, x, h):
    h = h * 1.0
    h.add_(x)  # here
    return h, h


def augmented(cell, x, h):
    h = h * 1.0
    h += x  # here
    return h, h


def assign(cell, x, h):
    h = h.clone()
    h[:, 0] = 1.0  # here
    return h, h


def into_out(cell, x, h):
    y = torch.empty_like(h)
    torch.add(h, x, out=y)  # here
    return y, y


def in_place_option(cell, x, h):
    h = F.relu(h + x, inplace=True)  # here
    return h, h


def buffer_in_place(cell, x, h):
    cell.mean += 1  # here
    return h, h


def sum_rows(cell, x, h):
    h = h - h.sum(0)  # here
    return h, h


def sum_rows_kept(cell, x, h):
    h = h - h.mean(0, keepdim=True)  # here
    return h, h


def sum_all(cell, x, h):
    h = h / h.abs().sum()  # here
    return h, h


def gram(cell, x, h):
    h = x @ (h.T @ h)  # here
    return h, h


def first_row(cell, x, h):
    h = h + x[0]  # here
    return h, h


def rolled_rows(cell, x, h):
    h = torch.cat([h[1:], h[:1]])  # here
    return h, h


def flipped(cell, x, h):
    h = h.flip(0)  # here
    return h, h


def row_softmax(cell, x, h):
    h = h.softmax(0)  # here
    return h, h


def batch_norm(cell, x, h):
    h = cell.norm(h + x)  # here
    return h, h


def merged(cell, x, h):
    h = (2 * h.reshape(-1)).view(-1, 3)  # here
    return h, h


def by_count(cell, x, h):
    h = h / len(h)  # here
    return h, h


def by_half_count(cell, x, h):
    h = h * (0.5 * x.shape[0])  # here
    return h, h


def branch_on_count(cell, x, h):
    h = h + x if len(h) > 2 else h * x  # here
    return h, h


def scalar_beside_row(cell, x, h):
    h = h[:, :2] * h.sum(-1)  # here
    return h, h


def outer_constant(cell, x, h):
    h = h * CONSTANT  # here
    return h, h


def cumulated(cell, x, h):
    h = torch.cumsum(h, -1)  # here
    return h, h


def integers(cell, x, h):
    h = h * x.argmax(-1, keepdim=True)  # here
    return h, h


def other_precision(cell, x, h):
    h = h.double()  # here
    return h, h


def without_gradient(cell, x, h):
    with torch.no_grad():
        h = h * 2  # here
    return h, h


def observed_twice(cell, x, h):
    a = observe("gate", h * 2)
    h = observe("gate", a + x)  # here
    return h, h


def wrong_sizes(cell, x, h):
    h = torch.cat([h, x[:, :2]], 0)  # here
    return h, h


COUNTED = f"mixes the rows of a batch in `{{}}`; {ALONE}"
BY_LINE: dict[Callable[..., Any], tuple[str, str]] = {
    branch: (f"branches on the value of a tensor; {EVERY_INPUT}", "Write torch.where(...)"),
    loop_until: (f"branches on the value of a tensor; {EVERY_INPUT}", "Write torch.where(...)"),
    item: (f"reads the value of a tensor with `item`; {EVERY_INPUT}", "Compute with tensors throughout"),
    to_float: (f"reads the value of a tensor with `__float__`; {EVERY_INPUT}", "Compute with tensors"),
    to_list: (f"reads the value of a tensor with `tolist`; {EVERY_INPUT}", "Compute with tensors"),
    to_numpy: (f"reads the value of a tensor with `numpy`; {EVERY_INPUT}", "Compute with tensors"),
    printed: (f"reads the value of a tensor with `__repr__`; {EVERY_INPUT}", "Compute with tensors"),
    noise: (f"draws random numbers with `randn_like`; {EVERY_INPUT}", "Return them from `step_inputs("),
    noise_alone: (f"draws random numbers with `randn`; {EVERY_INPUT}", "Return them from `step_inputs("),
    dropout: (f"draws random numbers with `dropout`; {EVERY_INPUT}", "Return them from `step_inputs("),
    drop_weights: (f"draws random numbers with `dropout`; {EVERY_INPUT}", "Return them from `step_inputs("),
    add_in_place: (f"writes into a tensor with `add_`; {STAYS}", "Write a new value"),
    augmented: (f"writes into a tensor with `add_`; {STAYS}", "Write a new value, such as h = h + x"),
    assign: (f"writes into a tensor with `__setitem__`; {STAYS}", "Write a new value"),
    into_out: (f"writes into a tensor with `add`; {STAYS}", "Write a new value"),
    in_place_option: (f"writes into a tensor with `relu`; {STAYS}", "Write a new value"),
    buffer_in_place: (f"writes into a tensor with `add_`; {STAYS}", "Write a new value"),
    sum_rows: (COUNTED.format("sum"), "Work along the feature axes alone"),
    sum_rows_kept: (COUNTED.format("mean"), "Work along the feature axes alone"),
    sum_all: (COUNTED.format("sum"), "Work along the feature axes alone"),
    gram: (COUNTED.format("matmul"), "Work along the feature axes alone"),
    first_row: (COUNTED.format("__getitem__"), "Work along the feature axes alone"),
    rolled_rows: (COUNTED.format("__getitem__"), "Work along the feature axes alone"),
    flipped: ("calls `flip`, which the compiler does not know in this form.", "Write it with linear maps"),
    row_softmax: (COUNTED.format("softmax"), "Work along the feature axes alone"),
    batch_norm: (f"writes into a tensor with `add_`; {STAYS}", "Write a new value"),
    merged: (COUNTED.format("reshape"), "Work along the feature axes alone"),
    by_count: (f"gives `div` a number that depends on the number of rows; {ALONE}", "Compute it from sizes"),
    by_half_count: (f"gives `mul` a number that depends on the number of rows; {ALONE}", "Compute it from"),
    branch_on_count: (f"takes another course for another number of rows; {ALONE}", "Branch on sizes"),
    scalar_beside_row: (
        "raised RuntimeError on 3 rows: The size of tensor a (2)",
        "It must run on any number",
    ),
    outer_constant: (
        "gives `mul` a tensor that is neither an argument nor a parameter or buffer of the cell.",
        "Keep it with self.register_buffer(...), or return it from `step_inputs`",
    ),
    cumulated: ("calls `cumsum`, which the compiler does not know in this form.", "Write it with"),
    integers: ("calls `argmax`, which the compiler does not know in this form.", "Write it with"),
    other_precision: ("uses a tensor of torch.float64 in `double`; numbers have the dtype", "Convert it"),
    without_gradient: ("calls `mul` where gradients are off, as under torch.no_grad.", "Use .detach()"),
    observed_twice: ("observes two values under the name 'gate';", "Give each a name of its own"),
    wrong_sizes: ("raised RuntimeError on 2 rows: Sizes of tensors must match", "It must run on any number"),
}


def refusal(cell: Cell) -> str:
    with pytest.raises(TraceError) as caught:
        record(cell)
    assert isinstance(caught.value, ElmanError | RuntimeError)
    return str(caught.value)


@pytest.mark.parametrize("step", BY_LINE, ids=lambda step: step.__name__)
@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
def test_a_refusal_shows_the_line_and_the_way_out(step: Callable[..., Any]):
    claim, remedy = BY_LINE[step]
    lines, start = inspect.getsourcelines(step)
    number = next(number for number, line in enumerate(lines, start) if line.endswith("# here\n"))
    text = lines[number - start].strip()
    first, *middle, last = refusal(StepCell(step)).splitlines()
    assert first.startswith(f"StepCell.forward {claim}")
    assert re.fullmatch(rf"    .*test_refusals\.py:{number}:    {re.escape(text)}", middle[-1])
    assert last.startswith(f"    {remedy}")
    assert last.endswith(', or run this cell uncompiled: Recurrent(cell, backend="eager").')


def test_the_whole_message():
    message = refusal(StepCell(branch))
    line = inspect.getsourcelines(branch)[1] + 1
    assert message == (
        "StepCell.forward branches on the value of a tensor; one time step must be the same computation for "
        "every input.\n"
        f"    {message.splitlines()[1].split(':')[0].strip()}:{line}:    if h.norm() > 1.0:  # here\n"
        '    Write torch.where(...), or run this cell uncompiled: Recurrent(cell, backend="eager").'
    )


def count_calls(cell, x, h):
    cell.count += 1
    return h, h


def keep_history(cell, x, h):
    cell.history.append(h)
    return h, h


def replace_buffer(cell, x, h):
    cell.mean = cell.mean + 1
    return h, h


@pytest.mark.parametrize(
    ("step", "attribute"), [(count_calls, "count"), (keep_history, "history"), (replace_buffer, "mean")]
)
def test_a_cell_that_changes_itself_is_refused(step: Callable[..., Any], attribute: str):
    assert refusal(StepCell(step)).startswith(f"StepCell.forward changes its own attribute `{attribute}`;")


@pytest.mark.parametrize(
    ("step", "claim"),
    [
        (lambda cell, x, h: h, "does not return a pair of an output tensor and a new state."),
        (lambda cell, x, h: (h, (h, h)), "returns a state of another structure than initial_state."),
        (lambda cell, x, h: (h, [h]), "returns a state of another structure than initial_state."),
        (lambda cell, x, h: (h[:, :2], h), "returns an output of shape (N, 2), but (N, 3) is declared."),
        (lambda cell, x, h: (h, h[:, :1]), "returns a state of shape (N, 1), but (N, 3) is declared."),
        (lambda cell, x, h: (cell.mean, h), "returns an output of shape (3), but (N, 3) is declared."),
        (lambda cell, x, h: (CONSTANT, h), "gives `return` a tensor that is neither an argument nor"),
    ],
)
def test_a_result_that_is_not_as_declared_is_refused(step: Callable[..., Any], claim: str):
    assert refusal(StepCell(step)).startswith(f"StepCell.forward {claim}")


@pytest.mark.parametrize("name", ["", "dropout"])
def test_a_hook_is_refused(name: str):
    cell = StepCell(lambda cell, x, h: (h, h))
    cell.get_submodule(name).register_forward_hook(lambda *_: None)
    place = name or "the cell itself"
    assert refusal(cell).startswith(f"StepCell.forward has a hook on {place}, which a recorded step")


def test_batch_norm_at_rest_is_refused_too():
    assert "mixes the rows of a batch in `batch_norm`" in refusal(StepCell(batch_norm).eval())
