"""How much of a push to the state is left a number of steps later."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.cells.options import check_size
from elman.cells.state import state_tensors
from elman.compiler import run
from elman.diagnostics.alignment import by_lag, mean_of_present
from elman.diagnostics.probe import Probe, make_probes, with_probes
from elman.diagnostics.rows import longest_rows, take_rows
from elman.diagnostics.runs import LayerRun, check_module, collect_runs

LARGEST_EXACT = 256  # numbers in a state; beyond, a Jacobian costs more than it tells
NUM_DIRECTIONS = 64  # the estimate of a norm is then good to about an eighth


@dataclass(frozen=True)
class LagGradient:
    """The Jacobian of a layer's last state by its state some steps before.

    Args:
        layer: The path to the layer.
        frobenius: Frobenius norm of ds_T/ds_{T-lag} for each lag from 0 and each sequence that was looked at,
            (T, N); NaN from a sequence's length on. At lag 0 the Jacobian is the identity.
        spectral: Its largest singular value; None where it was not asked for.
        is_exact: Whether the norms are of the whole Jacobian, not estimates from random directions.
    """

    layer: str
    frobenius: np.ndarray
    spectral: np.ndarray | None
    is_exact: bool

    @property
    def gain(self) -> np.ndarray:
        """What is left of a push in a random direction at each lag: root mean square, 1 at lag 0, (T,)."""
        return mean_of_present(self.frobenius / self.frobenius[0], axis=1)

    def horizon(self, share: float = 0.01) -> float:
        """Return the memory horizon: the first lag with a gain below `share` of that at lag 1.

        Args:
            share: Of the gain at lag 1.

        Returns:
            A number of steps; infinity if no sequence is long enough to tell.
        """
        gain = self.gain
        below = np.flatnonzero(gain[1:] < share * gain[1]) + 1 if len(gain) > 1 else []
        return float(below[0]) if len(below) else math.inf


def gradient_by_lag(
    layer: nn.Module,
    input: Any,
    *,
    initial_state: Any = None,
    lengths: Tensor | Sequence[int] | None = None,
    num_sequences: int = 4,
    spectral: bool = False,
) -> tuple[LagGradient, ...]:
    """Measure how the last state depends on the states before it, layer by layer.

    Unlike `gradient_flow` it asks for no loss and looks at each layer by itself, with the input that it
    has in the network.

    Equations:
        (1) J(lag) = ds_T/ds_{T-lag} = prod_k ds_k/ds_{k-1}

    All rows of a Jacobian come from one backward pass over as many copies of the sequence as the state has
    numbers. For states of more than 256 numbers the Frobenius norm is estimated from 64 random directions.

    Args:
        layer: A layer, or a network that holds some.
        input: What it is called with.
        initial_state: The second argument of the call, if there is one.
        lengths: Number of time steps of each sequence, (N,); all T without it.
        num_sequences: How many sequences of the batch are looked at: the longest of the batch.
        spectral: Whether to compute the spectral norm, too; it takes a singular value decomposition a step.

    Raises:
        DtypeError: `layer` is no module.
        OptionError: It holds no recurrent layer, or a number is not positive.

    Reference:
        R. Pascanu, T. Mikolov, Y. Bengio (2013), "On the difficulty of training recurrent neural networks",
        ICML.

    Example:
        >>> from elman import GRU
        >>> (found,) = gradient_by_lag(GRU(3, 8), torch.randn(50, 4, 3))
        >>> found.gain.shape, float(found.gain[0]), found.horizon() < 30
        ((50,), 1.0, True)
    """
    check_module(layer)
    check_size("num_sequences", num_sequences)
    return tuple(
        lags_of_run(one, num_sequences, spectral)
        for one in collect_runs(layer, input, initial_state, lengths)
    )


def lags_of_run(run: LayerRun, num_sequences: int, spectral: bool = False) -> LagGradient:
    """Measure one layer; the arguments are those of `gradient_by_lag`."""
    cell = Probe(run.cell)
    size = sum(part[0].numel() for part in state_tensors(run.batch.state))
    is_exact = size <= LARGEST_EXACT
    directions = torch.eye(size) if is_exact else _random_directions(size)
    rows = longest_rows(num_sequences, run.lengths)
    columns = [_of_sequence(run, cell, row, directions, spectral and is_exact) for row in rows]
    lengths = run.lengths[rows.numpy()]
    frobenius, largest = (np.concatenate(parts, axis=1) for parts in zip(*columns, strict=True))
    frobenius = by_lag(frobenius, lengths, run.batch.reverse)
    largest = by_lag(largest, lengths, run.batch.reverse) if spectral and is_exact else None
    return LagGradient(run.layer, frobenius, largest, is_exact)


def _random_directions(size: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(NUM_DIRECTIONS, size, generator=generator) * math.sqrt(1 / NUM_DIRECTIONS)


def _of_sequence(
    one: LayerRun, cell: Probe, row: Tensor, directions: Tensor, spectral: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the norms of directions^T ds_T/ds_t of one sequence, each (T, 1)."""
    batch = take_rows(one.batch, row.repeat(len(directions)))
    probes = make_probes(batch.state, len(batch.input))
    batch = batch._replace(step_inputs=with_probes(batch.step_inputs, probes))
    with torch.enable_grad():
        _, final_state = run(cell, batch, one.backend)
        finals = torch.cat([part.flatten(1) for part in state_tensors(final_state)], dim=1)
        value = (finals * directions.to(finals)).sum()
    found = torch.autograd.grad(value, list(probes.values()), allow_unused=True)
    parts = [
        torch.zeros_like(probe) if gradient is None else gradient
        for gradient, probe in zip(found, probes.values(), strict=True)
    ]
    jacobians = torch.cat([part.flatten(2) for part in parts], dim=2).double().cpu().numpy()
    frobenius = np.sqrt(np.square(jacobians).sum(axis=(1, 2)))
    largest = _largest_singular_values(jacobians) if spectral else np.full(len(jacobians), np.nan)
    return frobenius[:, None], largest[:, None]


def _largest_singular_values(matrices: np.ndarray) -> np.ndarray:
    finite = np.isfinite(np.abs(matrices).max(axis=(1, 2)))
    values = np.linalg.svd(np.where(finite[:, None, None], matrices, 0.0), compute_uv=False)[:, 0]
    return np.where(finite, values, np.nan)
