"""The continuous-time recurrent network, by Euler's method."""

import torch
from torch import Tensor, nn

from elman.cells.base import Cell
from elman.cells.elman import ACTIVATIONS
from elman.cells.options import brief, check_choice, check_flag, check_number
from elman.cells.spread import Spread, check_spread, draw_spread, lowest
from elman.cells.weights import GateWeights
from elman.errors import OptionError


class ContinuousTimeCell(GateWeights, Cell):
    """The continuous-time cell: each unit follows a differential equation with a time constant of its own.

    Use it to model a dynamical system, or a controller whose step size changes: the equation stays, a smaller
    `step_size` follows it more closely. One step is one step of Euler's method.

    Equations:
        [W] = weight_ih
        [U] = weight_hh
        [q] = threshold
        [c] = taus
        [l] = log_tau
        c = exp(l)    if learn_tau=True
        (1) y_t = y_{t-1} + step_size / c * (W x_t + U activation(y_{t-1} - q) - y_{t-1})
        returns y_t, y_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        tau: The time constant, in units of time: one number for all units, or a range (low, high) from which
            each unit draws its own.
        learn_tau: Whether training changes the time constants, each from its first value on; they stay
            positive.
        step_size: Time between two steps, in the unit of `tau`; at most the smallest `tau`.
        activation: What a unit sends for its state: "sigmoid", "tanh" or "relu".

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        R. D. Beer (1995), "On the dynamics of small continuous-time recurrent neural networks", Adaptive
        Behavior 3(4).

    Differs from the paper:
        The output is the state y, and the input has weights of its own. The thresholds have the sign that
        subtracts them.

    Example:
        >>> cell = ContinuousTimeCell(input_size=3, hidden_size=5, tau=(1.0, 10.0), step_size=0.1)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    taus: Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        tau: Spread = 1.0,
        learn_tau: bool = False,
        step_size: float = 0.1,
        activation: str = "sigmoid",
    ):
        super().__init__(input_size, hidden_size)
        check_spread("tau", tau, above=0)
        check_flag("learn_tau", learn_tau)
        check_choice("activation", activation, ACTIVATIONS)
        _check_step_size(step_size, lowest(tau))
        self.tau = tau
        self.learn_tau = learn_tau
        self.step_size = step_size
        self.activation = activation
        self.threshold = nn.Parameter(torch.empty(hidden_size))
        if learn_tau:
            self.log_tau = nn.Parameter(torch.empty(hidden_size))
        else:
            self.register_buffer("taus", torch.empty(hidden_size))
        self.add_weights(input_size, hidden_size, num_gates=1, bias=False, double_bias=False)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        share = self.step_size / (torch.exp(self.log_tau) if self.learn_tau else self.taus)
        sent = ACTIVATIONS[self.activation](state - self.threshold)
        state = state + share * (self.from_input(input) + self.from_hidden(sent) - state)
        return state, state

    def reset_parameters(self) -> None:
        """Draw the parameters anew, the time constants among them; the thresholds start at zero."""
        super().reset_parameters()
        nn.init.zeros_(self.threshold)
        taus = draw_spread(self.tau, self.hidden_size)
        with torch.no_grad():
            if self.learn_tau:
                self.log_tau.copy_(torch.log(taus))
            else:
                self.taus.copy_(taus)

    def extra_repr(self) -> str:
        """Name the sizes and options; there is no option `bias` here."""
        return Cell.extra_repr(self)


def _check_step_size(value: float, smallest_tau: float) -> None:
    check_number("step_size", value)
    if not 0 < value <= smallest_tau:
        raise OptionError(
            f"`step_size` must be positive and at most the smallest `tau`, {smallest_tau:g}, or a step "
            f"overshoots what it moves towards; but it is {brief(value)}."
        )
