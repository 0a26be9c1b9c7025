"""What one time step does to a small push of the state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.cells import map_state
from elman.cells.options import check_size
from elman.cells.state import State, state_tensors
from elman.compiler import Batch, run
from elman.diagnostics.observed import Observed
from elman.diagnostics.rows import longest_rows, take_rows, take_step_inputs
from elman.diagnostics.runs import LayerRun, check_module, collect_runs


@dataclass(frozen=True)
class StepJacobians:
    """The Jacobians ds_t/ds_{t-1} of one layer along its sequences; s is the whole state, side by side.

    Args:
        layer: The path to the layer.
        steps: The time steps looked at, (K,).
        singular_values: From the largest, (K, N, S) for a state of S numbers; NaN behind a sequence's end.
        spectral_radius: Largest absolute eigenvalue, (K, N).
    """

    layer: str
    steps: np.ndarray
    singular_values: np.ndarray
    spectral_radius: np.ndarray


def step_jacobians(
    layer: nn.Module,
    input: Any,
    *,
    initial_state: Any = None,
    lengths: Tensor | Sequence[int] | None = None,
    num_sequences: int = 1,
    every: int = 1,
) -> tuple[StepJacobians, ...]:
    """Compute the Jacobian of every time step by the state before it, layer by layer.

    A push shrinks in all directions where the largest singular value is below 1, and grows in some where the
    spectral radius stays above 1.

    Equations:
        (1) J_t = ds_t/ds_{t-1}
        (2) spectral_radius = max_i |lambda_i(J_t)|

    Args:
        layer: A layer, or a network that holds some.
        input: What it is called with.
        initial_state: The second argument of the call, if there is one.
        lengths: Number of time steps of each sequence, (N,); all T without it.
        num_sequences: How many sequences of the batch are looked at: the longest of the batch.
        every: One time step in so many is looked at.

    Raises:
        DtypeError: `layer` is no module.
        OptionError: It holds no recurrent layer, or a number is not positive.

    Example:
        >>> from elman import RNN
        >>> (found,) = step_jacobians(RNN(3, 8), torch.randn(20, 4, 3), every=5)
        >>> found.steps, found.singular_values.shape
        (array([ 0,  5, 10, 15]), (4, 1, 8))
    """
    check_module(layer)
    check_size("num_sequences", num_sequences)
    check_size("every", every)
    runs = collect_runs(layer, input, initial_state, lengths)
    return tuple(_of_run(one, num_sequences, every) for one in runs)


def _of_run(one: LayerRun, num_sequences: int, every: int) -> StepJacobians:
    rows = longest_rows(num_sequences, one.lengths)
    batch, lengths = take_rows(one.batch, rows), one.lengths[rows.numpy()]
    before = _states_before(one, batch, lengths)
    steps = np.arange(0, len(batch.input), every)
    values, radii = [], []
    for t in steps:
        jacobians = _jacobians(one, int(t), rows, map_state(lambda part, t=int(t): part[t], before))
        jacobians[t >= lengths] = np.nan
        values.append(_on_finite(jacobians, lambda m: np.linalg.svd(m, compute_uv=False)))
        radii.append(_on_finite(jacobians, np.linalg.eigvals)[:, :1])
    return StepJacobians(one.layer, steps, np.stack(values), np.stack(radii)[..., 0])


def _states_before(one: LayerRun, batch: Batch, lengths: np.ndarray) -> State:
    """Return the state before every step of some sequences, (T, N, ...) each tensor."""
    cell = Observed(one.cell, batch.input)
    with torch.no_grad():
        output, _ = run(cell, batch, one.backend)
    after, _ = cell.split(output)
    starts = torch.cat([part.flatten(1) for part in state_tensors(batch.state)], dim=1)
    before = torch.empty_like(after)
    if batch.reverse:
        before[:-1] = after[1:]
        ends = torch.as_tensor(lengths) - 1
        before[ends, torch.arange(len(starts))] = starts
    else:
        before[1:], before[0] = after[:-1], starts
    if batch.resets is not None:
        fresh = [part.flatten(1) for part in state_tensors(batch.resets.fresh_state)]
        before = torch.where(batch.resets.steps[..., None], torch.cat(fresh, dim=1), before)
    left = iter(before.split([part[0].numel() for part in state_tensors(batch.state)], dim=-1))
    return map_state(lambda part: next(left).unflatten(-1, part.shape[1:]), batch.state)


def _jacobians(one: LayerRun, t: int, rows: Tensor, state: State) -> np.ndarray:
    """Return ds_t/ds_{t-1} of each sequence, (N, S, S): each row from a copy of the sequence of its own."""
    size = sum(part[0].numel() for part in state_tensors(state))
    copies = torch.arange(len(rows)).repeat_interleave(size)
    moved = map_state(lambda part: part[copies].detach().requires_grad_(), state)
    drawn = take_step_inputs(one.batch.step_inputs, rows[copies])
    steps = {} if drawn is None else drawn.at(t, None)
    with torch.enable_grad():
        _, after = one.cell(one.batch.input[t][rows[copies]], moved, **steps)
        flat = torch.cat([part.flatten(1) for part in state_tensors(after)], dim=1)
        chosen = flat.view(len(rows), size, size).diagonal(dim1=1, dim2=2).sum()
    leaves = state_tensors(moved)
    found = torch.autograd.grad(chosen, leaves, allow_unused=True, materialize_grads=True)
    jacobians = torch.cat([part.flatten(1) for part in found], dim=1)
    return jacobians.view(len(rows), size, size).double().cpu().numpy()


def _on_finite(matrices: np.ndarray, function: Any) -> np.ndarray:
    """Return the absolute values that a function has of each finite matrix, from the largest."""
    found = np.full(matrices.shape[:2], np.nan)
    finite = np.isfinite(matrices).all(axis=(1, 2))
    found[finite] = -np.sort(-np.abs(function(matrices[finite])), axis=1)
    return found
