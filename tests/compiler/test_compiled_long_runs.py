"""Long sequences, many calls, many shapes: the numbers stay right, and memory flat."""

import gc
from pathlib import Path

import pytest
import torch
from user_cells import USER_CELLS  # pyright: ignore[reportMissingImports]

from elman.backends.llvm.launch import MAX_FRAMES
from elman.cells import GRUCell, LSTMCell
from elman.layers import Recurrent

STATUS = Path("/proc/self/statm")


def resident_bytes() -> int:
    gc.collect()
    return int(STATUS.read_text().split()[1]) * 4096


def test_a_sequence_of_65536_steps():
    """A contracting cell: its last steps are those of a short run, its gradients those of pieces."""
    cell = USER_CELLS["ElmanCat-tanh"](2, 4).double()
    with torch.no_grad():
        for weight in cell.parameters():
            weight.mul_(0.5)
    num_steps, piece = 65536, 64
    x = torch.randn(num_steps, 2, 2, dtype=torch.float64, requires_grad=True)
    output, final = Recurrent(cell, backend="llvm")(x)
    assert output.isfinite().all()
    tail, tail_final = Recurrent(cell, backend="eager")(x[-piece:])
    torch.testing.assert_close((output[-1], final), (tail[-1], tail_final), rtol=1e-12, atol=1e-12)
    (gradient,) = torch.autograd.grad(output[-1].sum(), x, retain_graph=True)
    (expected,) = torch.autograd.grad(tail[-1].sum(), x)
    torch.testing.assert_close(gradient, expected, rtol=1e-12, atol=1e-12)
    # Every output counts: the gradient of the bias is the sum over 65,536 steps.
    bias = cell.w.bias
    assert isinstance(bias, torch.Tensor)
    (of_bias,) = torch.autograd.grad(output.sum(), bias)
    total = torch.zeros_like(bias)
    state = torch.zeros(2, 4, dtype=torch.float64)
    layer = Recurrent(cell, backend="llvm")
    for part in x.detach().split(8192):
        start = state.requires_grad_()
        out, state = layer(part, start)
        total += torch.autograd.grad(out.sum(), bias)[0]
        state = state.detach()
    # Pieces leave out what reaches over their seven cuts: a few steps of 65,536.
    torch.testing.assert_close(of_bias, total, rtol=1e-3, atol=0)


@pytest.mark.skipif(not STATUS.exists(), reason="there is no /proc")
@pytest.mark.parametrize("kind", ["other shapes", "without gradients", "graph kept"])
def test_memory_stays_flat(kind: str):
    layer = Recurrent(LSTMCell(3, 16), backend="llvm")

    def call(number: int) -> None:
        num_steps = 5 + number % 300 if kind == "other shapes" else 50
        x = torch.randn(num_steps, 8, 3)
        if kind == "without gradients":
            with torch.no_grad():
                layer(x, lengths=[num_steps] * 7 + [3])
            return
        output, final = layer(x, resets=torch.rand(num_steps, 8) < 0.1)
        loss = output.sum() + final[0].sum()
        if kind == "graph kept":
            loss.backward(retain_graph=True)
        loss.backward()
        layer.zero_grad()

    for number in range(MAX_FRAMES + 50):
        call(number)
    before = resident_bytes()
    for number in range(1000):
        call(number)
    assert resident_bytes() - before < 4_000_000  # a leak of one output a call would be 25 million bytes


def test_cells_that_are_gone_leave_the_table_of_recordings():
    from elman.compiler import recordings

    gc.collect()
    before = len(recordings._known)
    for _ in range(5):
        Recurrent(GRUCell(3, 4), backend="llvm")(torch.randn(4, 2, 3))
    gc.collect()
    assert len(recordings._known) == before
