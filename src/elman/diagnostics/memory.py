"""How many past inputs a linear read-out finds in the output."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from elman.cells.base import first_parameter
from elman.cells.options import brief, check_size
from elman.diagnostics.runs import check_module
from elman.diagnostics.twin import make_twin
from elman.errors import NonFiniteError, OptionError, ShapeError

PENALTIES = 10.0 ** np.arange(-12.0, 1.0, 2.0)  # times the mean square of a feature


@dataclass(frozen=True)
class MemoryCapacity:
    """What a linear read-out of the output at time t tells of the input at time t - lag.

    Args:
        r2: Share of the variance that is explained on sequences that the read-out was not fitted on, for each
            lag from 0 and each input, (L + 1, I); never below 0.
        num_features: Number of features of the output, the most that the capacity can be.
    """

    r2: np.ndarray
    num_features: int

    @property
    def recall(self) -> np.ndarray:
        """The delayed-recall curve: mean over the inputs at each lag, (L + 1,)."""
        return self.r2.mean(axis=1)

    @property
    def total(self) -> float:
        """The memory capacity: the sum over lags and inputs."""
        return float(self.r2.sum())

    def horizon(self, share: float = 0.5) -> int:
        """Return the largest lag with a recall of at least `share`; -1 if there is none.

        Args:
            share: Of the variance.
        """
        found = np.flatnonzero(self.recall >= share)
        return int(found[-1]) if len(found) else -1


def memory_capacity(
    layer: nn.Module,
    *,
    max_lag: int = 50,
    num_steps: int = 1000,
    num_sequences: int = 4,
    scale: float = 1.0,
    seed: int = 0,
) -> MemoryCapacity:
    """Measure how well past inputs can be read from a layer's output, lag by lag.

    The input is independent noise, so that nothing of the past can be guessed from the present. One ridge
    regression for each lag and input is fitted on half of the sequences; its penalty is chosen on a quarter,
    and the curve is measured on the last quarter.

    Equations:
        (1) x_t ~ Uniform(-scale, scale)
        (2) r2[k] = 1 - sum_t (w_k y_t - x_{t-k})^2 / sum_t (x_{t-k} - mean x)^2
        (3) total = sum_k r2[k]

    Args:
        layer: A layer with an `input_size`, such as `elman.Recurrent` or `elman.LSTM`.
        max_lag: The largest lag, L.
        num_steps: Number of time steps of each sequence that count; `max_lag` more run before them.
        num_sequences: Number of sequences, a multiple of 4.
        scale: Largest absolute value of the input.
        seed: For the input.

    Raises:
        DtypeError: `layer` is no module.
        OptionError: It has no `input_size`, or an option has a value that is not legal.
        ShapeError: It does not return an output for each step.
        NonFiniteError: An output is NaN or infinite.

    Reference:
        H. Jaeger (2001), "Short term memory in echo state networks", GMD report 152.

    Differs from the paper:
        1 minus the relative squared error on unseen sequences stands for the squared correlation.

    Example:
        >>> from elman import GRU
        >>> memory = memory_capacity(GRU(1, 8), max_lag=10, num_steps=200)
        >>> memory.recall.shape, 0 < memory.total <= memory.num_features
        ((11,), True)
    """
    check_module(layer)
    for name, number in {"max_lag": max_lag, "num_steps": num_steps, "num_sequences": num_sequences}.items():
        check_size(name, number)
    if num_sequences % 4:
        raise OptionError(f"`num_sequences` must be a multiple of 4, but it is {num_sequences}.")
    signal = np.random.default_rng(seed).uniform(
        -scale, scale, (max_lag + num_steps, num_sequences, _width_of(layer))
    )
    output = _run(layer, signal)[max_lag:]
    half, quarter = num_sequences // 2, num_sequences // 4
    parts = (slice(half), slice(half, half + quarter), slice(half + quarter, None))
    delayed = np.stack([signal[max_lag - lag : len(signal) - lag] for lag in range(max_lag + 1)], axis=2)
    r2 = _recall([_flat(output[:, part]) for part in parts], [_flat(delayed[:, part]) for part in parts])
    return MemoryCapacity(r2.reshape(max_lag + 1, -1), output.shape[-1])


def _width_of(layer: nn.Module) -> int:
    width = getattr(layer, "input_size", None)
    if not isinstance(width, int):
        raise OptionError(f"`layer` must have an `input_size`, but {type(layer).__name__} has none.")
    return width


def _run(layer: nn.Module, signal: np.ndarray) -> np.ndarray:
    """Return the outputs (T, N, O) of a copy of the layer that does not train, so that nothing is dropped."""
    twin = make_twin(layer, lambda cell: cell).module.eval()
    example = first_parameter(layer)
    input = torch.as_tensor(signal).to(torch.get_default_dtype() if example is None else example.dtype)
    input = input if example is None else input.to(example.device)
    is_batch_first = bool(getattr(layer, "batch_first", False))
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        output, _ = twin(input.transpose(0, 1) if is_batch_first else input)
        output = output.transpose(0, 1) if is_batch_first and isinstance(output, torch.Tensor) else output
    if not isinstance(output, torch.Tensor) or output.shape[:2] != input.shape[:2]:
        came = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
        raise ShapeError(
            f"`layer` must return one tensor with an output for each step, (T, N, ...), but "
            f"{type(layer).__name__} returns {brief(came)}."
        )
    if not bool(output.isfinite().all()):
        raise NonFiniteError(f"the output of {type(layer).__name__} is not finite; see `findings`.")
    return output.double().cpu().numpy()


def _flat(values: np.ndarray) -> np.ndarray:
    """Return (T, N, ...) as one row a step and sequence."""
    return values.reshape(values.shape[0] * values.shape[1], -1)


def _recall(features: Sequence[np.ndarray], targets: Sequence[np.ndarray]) -> np.ndarray:
    """Fit on the first part, choose the penalty of each target on the second, measure on the third."""
    mean, target_mean = features[0].mean(axis=0), targets[0].mean(axis=0)
    spread = features[0].std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    scaled = [(part - mean) / spread for part in features]
    values, vectors = np.linalg.eigh(scaled[0].T @ scaled[0] / len(scaled[0]))
    moment = vectors.T @ (scaled[0].T @ (targets[0] - target_mean)) / len(scaled[0])
    found = []
    for penalty in PENALTIES:
        weights = vectors @ (moment / (values + penalty)[:, None])
        found.append([_r2(part @ weights, t - target_mean) for part, t in zip(scaled, targets, strict=True)])
    r2 = np.array(found)
    best = r2[:, 1].argmax(axis=0)
    return np.maximum(r2[best, 2, np.arange(r2.shape[-1])], 0.0)


def _r2(predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
    return 1 - np.square(predicted - target).mean(axis=0) / np.square(target).mean(axis=0)
