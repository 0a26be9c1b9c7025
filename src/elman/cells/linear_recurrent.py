"""The linear recurrent unit: a stable diagonal recurrence of complex numbers."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.options import brief, check_number, check_size
from elman.errors import OptionError


class LinearRecurrentCell(Cell):
    """The linear recurrent unit (LRU): each unit turns and shrinks a complex number and adds the input.

    Use it for dependencies over thousands of steps, in a stack with nonlinear layers between: it is linear in
    the state, and its eigenvalues stay inside the unit circle whatever training does.

    Equations:
        [n] = nu_log
        [p] = theta_log
        [g] = gamma_log
        [B_u; B_v] = weight_ih
        [C_u; C_v] = weight_ho
        [D] = weight_io
        (1) a = exp(-exp(n)) * cos(exp(p))
        (2) b = exp(-exp(n)) * sin(exp(p))
        (3) u_t = a * u_{t-1} - b * v_{t-1} + exp(g) * (B_u x_t)
        (4) v_t = a * v_{t-1} + b * u_{t-1} + exp(g) * (B_v x_t)
        (5) y_t = C_u u_t - C_v v_t + D x_t
        returns y_t, (u_t, v_t)

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of complex units, H.
        output_size: Number of features of the output, O; H if None.
        radius: The range (low, high) of the first absolute values of the eigenvalues a + b i. Closer to 1
            remembers longer: over about 1 / (1 - radius) steps.
        max_phase: The first phases are uniform between 0 and this, in radians. The smaller, the slower the
            waves that are remembered; the paper takes pi / 10 and less for very long sequences.

    Shape:
        input: (N, I). state: (u, v), the real and the imaginary parts, each (N, H). output: (N, O).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        A. Orvieto, S. L. Smith, A. Gu, A. Fernando, C. Gulcehre, R. Pascanu, S. De (2023), "Resurrecting
        recurrent neural networks for long sequences", ICML.

    Differs from the paper:
        Complex numbers are two real ones, and steps run one after the other. D is a matrix, as in the
        paper's equation, not the diagonal of its code. The default radii, 0.9 to 0.999, are one of the
        ranges of the paper's search. Initialisation is the paper's: eigenvalues uniform on the ring, B of
        variance 1/(2 I), C of 1/H, D of 1/I, and exp(gamma_log) = sqrt(1 - radius^2), which gives states
        the variance of the input.

    Example:
        >>> cell = LinearRecurrentCell(input_size=3, hidden_size=5, output_size=2)
        >>> output, (real, imaginary) = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape, real.shape
        (torch.Size([2, 2]), torch.Size([2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        output_size: int | None = None,
        radius: tuple[float, float] = (0.9, 0.999),
        max_phase: float = 2 * math.pi,
    ):
        super().__init__(input_size, hidden_size)
        self.output_size = hidden_size if output_size is None else output_size
        check_size("output_size", self.output_size)
        _check_ring(radius, max_phase)
        self.radius = tuple(radius)
        self.max_phase = max_phase
        self.nu_log = nn.Parameter(torch.empty(hidden_size))
        self.theta_log = nn.Parameter(torch.empty(hidden_size))
        self.gamma_log = nn.Parameter(torch.empty(hidden_size))
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))
        self.weight_ho = nn.Parameter(torch.empty(2 * self.output_size, hidden_size))
        self.weight_io = nn.Parameter(torch.empty(self.output_size, input_size))
        self.reset_parameters()

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute one time step."""
        real, imaginary = state
        radius, phase = torch.exp(-torch.exp(self.nu_log)), torch.exp(self.theta_log)
        along, across = radius * torch.cos(phase), radius * torch.sin(phase)
        scale = torch.exp(self.gamma_log)
        to_real, to_imaginary = linear(input, self.weight_ih).chunk(2, dim=-1)
        real, imaginary = (
            along * real - across * imaginary + scale * to_real,
            along * imaginary + across * real + scale * to_imaginary,
        )
        from_real, from_imaginary = self.weight_ho.chunk(2)
        output = linear(real, from_real) - linear(imaginary, from_imaginary) + linear(input, self.weight_io)
        return output, (real, imaginary)

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Return the fresh state (u, v) of `batch_size` sequences: zeros."""
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.hidden_size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew: eigenvalues uniform on the ring."""
        low, high = self.radius
        with torch.no_grad():
            # Uniform by area: the squares of the radii are uniform.
            squares = torch.empty_like(self.nu_log).uniform_(low**2, high**2)
            self.nu_log.copy_(torch.log(-0.5 * torch.log(squares)))
            phases = torch.rand_like(self.theta_log).clamp(min=torch.finfo(self.theta_log.dtype).tiny)
            self.theta_log.copy_(torch.log(self.max_phase * phases))
            self.gamma_log.copy_(0.5 * torch.log1p(-squares))
        nn.init.normal_(self.weight_ih, std=math.sqrt(1 / (2 * self.input_size)))
        nn.init.normal_(self.weight_ho, std=math.sqrt(1 / self.hidden_size))
        nn.init.normal_(self.weight_io, std=math.sqrt(1 / self.input_size))


def _check_ring(radius: object, max_phase: float) -> None:
    if not isinstance(radius, tuple | list) or len(radius) != 2:
        raise OptionError(f"`radius` must be a pair (low, high), but it is {brief(radius)}.")
    for number in radius:
        check_number("radius", number)
    if not 0 < radius[0] <= radius[1] < 1:
        raise OptionError(
            f"`radius` must be a pair (low, high) with 0 < low <= high < 1, but it is {brief(radius)}."
        )
    check_number("max_phase", max_phase)
    if not 0 < max_phase <= 2 * math.pi:
        raise OptionError(f"`max_phase` must be above 0 and at most 2 pi, but it is {brief(max_phase)}.")
