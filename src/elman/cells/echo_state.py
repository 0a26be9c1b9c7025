"""The echo state network's reservoir: a random recurrence that is not trained."""

import torch
from torch import Tensor
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.options import brief, check_number
from elman.errors import OptionError

NUM_CONNECTIONS = 10


class EchoStateCell(Cell):
    """A reservoir: fixed random weights, scaled so that the state echoes the inputs and forgets them.

    Use it where data or time is short: `elman.layers.RidgeReadout` learns the outputs from the states in one
    closed-form step, without a gradient through time. Try several scales and leaks: they matter, the drawn
    numbers hardly do.

    Equations:
        [W] = weight_ih
        [U] = weight_hh
        [b] = bias
        (1) h_t = (1 - leak) * h_{t-1} + leak * tanh(W x_t + U h_{t-1} + b)
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        spectral_radius: Absolute value of the largest eigenvalue of U. Below 1, two states that start apart
            come together in practice; memory grows with it.
        connectivity: Share of the units that each unit reads; None for ten of them.
        leak: Share of a state that is renewed at a step, above 0 and at most 1.
        input_scaling: W is uniform in ±this.
        bias_scaling: b is uniform in ±this. At 0, a negated input negates all states.
        seed: Draws the same reservoir each time; None takes torch's own random numbers.

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        H. Jaeger (2001), "The 'echo state' approach to analysing and training recurrent neural networks",
        GMD report 148; the leak: H. Jaeger, M. Lukosevicius, D. Popovici, U. Siewert (2007), "Optimization
        and applications of echo state networks with leaky-integrator neurons", Neural Networks 20(3).

    Differs from the paper:
        No output is fed back; give the last target as part of the input. Weights are buffers: they are saved
        and moved with the cell, and no optimiser sees them. Every unit reads the same number of others, one
        at least, uniform in ±1 before U is scaled.

    Example:
        >>> cell = EchoStateCell(input_size=1, hidden_size=50, spectral_radius=0.8, seed=0)
        >>> bool((torch.linalg.eigvals(cell.weight_hh).abs().max() - 0.8).abs() < 1e-5)
        True
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        spectral_radius: float = 0.9,
        connectivity: float | None = None,
        leak: float = 1.0,
        input_scaling: float = 1.0,
        bias_scaling: float = 1.0,
        seed: int | None = None,
    ):
        super().__init__(input_size, hidden_size)
        _check_positive("spectral_radius", spectral_radius)
        _check_positive("input_scaling", input_scaling)
        if connectivity is not None:
            _check_share("connectivity", connectivity)
        _check_share("leak", leak)
        check_number("bias_scaling", bias_scaling)
        _check_seed(seed)
        self.spectral_radius = spectral_radius
        self.connectivity = connectivity
        self.leak = leak
        self.input_scaling = input_scaling
        self.bias_scaling = bias_scaling
        self.seed = seed
        self.register_buffer("weight_ih", torch.empty(hidden_size, input_size))
        self.register_buffer("weight_hh", torch.empty(hidden_size, hidden_size))
        self.register_buffer("bias", torch.empty(hidden_size))
        self.reset_parameters()

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        drive = linear(input, self.weight_ih, self.bias) + linear(state, self.weight_hh)
        state = (1 - self.leak) * state + self.leak * torch.tanh(drive)
        return state, state

    def initial_state(self, batch_size: int) -> Tensor:
        """Return the fresh state of `batch_size` sequences: zeros of shape (N, H)."""
        return self.weight_hh.new_zeros(batch_size, self.hidden_size)

    def reset_parameters(self) -> None:
        """Draw the reservoir anew; with a seed, the same one."""
        generator = None if self.seed is None else torch.Generator().manual_seed(self.seed)
        size = self.hidden_size
        recurrent = _uniform(generator, size, size)
        share = NUM_CONNECTIONS / size if self.connectivity is None else self.connectivity
        count = min(max(round(share * size), 1), size)
        recurrent[_uniform(generator, size, size).argsort(dim=1) >= count] = 0.0
        # Each unit reads one at least, so there is a circle of units and the radius is not zero.
        recurrent *= self.spectral_radius / torch.linalg.eigvals(recurrent).abs().max()
        self.weight_hh.copy_(recurrent)
        self.weight_ih.copy_(self.input_scaling * _uniform(generator, size, self.input_size))
        self.bias.copy_(self.bias_scaling * _uniform(generator, size))


def _uniform(generator: torch.Generator | None, *shape: int) -> Tensor:
    return 2 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1


def _check_positive(name: str, value: float) -> None:
    check_number(name, value)
    if value <= 0:
        raise OptionError(f"`{name}` must be positive, but it is {brief(value)}.")


def _check_share(name: str, value: float) -> None:
    check_number(name, value)
    if not 0 < value <= 1:
        raise OptionError(f"`{name}` must be above 0 and at most 1, but it is {brief(value)}.")


def _check_seed(seed: object) -> None:
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
        raise OptionError(f"`seed` must be an integer or None, but it is {brief(seed)}.")
