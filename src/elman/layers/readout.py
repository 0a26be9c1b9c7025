"""A linear read-out of states, learned in closed form."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.options import brief, check_flag, check_number, check_size
from elman.errors import DtypeError, OptionError, ShapeError
from elman.layers.lengths import as_lengths


class RidgeReadout(nn.Module):
    """Maps states to targets by the linear map of least squares, with a penalty on large weights.

    Use it to train an `EchoStateCell`, or on the states of any layer, in one step: no gradient, no epochs,
    one optimum.

    Equations:
        (1) W, b = argmin sum |W h + b - y|^2 + penalty * |W|^2
        (2) y = W h + b

    Args:
        input_size: Number of features of a state, F.
        output_size: Number of features of a target, O.
        penalty: Weighs the squares of W, beside the sum over all time steps. Larger ones forgive noise in
            the targets, and keep W small where states are nearly multiples of one another. With 0, the
            smallest of the best W is taken.
        bias: Whether b is there; it is not penalised.

    Shape:
        states: (..., F). Returns: (..., O).

    Raises:
        OptionError: A size is not a positive integer, or the penalty is negative.

    Reference:
        A. E. Hoerl, R. W. Kennard (1970), "Ridge regression: biased estimation for nonorthogonal problems",
        Technometrics 12(1).

    Example:
        >>> states = torch.randn(20, 4, 3)
        >>> readout = RidgeReadout(input_size=3, output_size=1, penalty=0.0)
        >>> readout = readout.fit(states, states.sum(dim=-1, keepdim=True) + 5)
        >>> bool((readout.weight - 1).abs().max() < 1e-5)
        True
    """

    weight: Tensor
    bias: Tensor | None
    is_fitted: Tensor

    def __init__(self, input_size: int, output_size: int, *, penalty: float = 1e-6, bias: bool = True):
        super().__init__()
        check_size("input_size", input_size)
        check_size("output_size", output_size)
        check_number("penalty", penalty)
        if penalty < 0:
            raise OptionError(f"`penalty` must be 0 or more, but it is {brief(penalty)}.")
        check_flag("bias", bias)
        self.input_size = input_size
        self.output_size = output_size
        self.penalty = penalty
        self.register_buffer("weight", torch.zeros(output_size, input_size))
        self.register_buffer("bias", torch.zeros(output_size) if bias else None)
        self.register_buffer("is_fitted", torch.tensor(False))

    @torch.no_grad()
    def fit(
        self,
        states: Tensor,
        targets: Tensor,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        washout: int = 0,
    ) -> "RidgeReadout":
        """Learn W and b in float64, and return the read-out itself.

        Args:
            states: The states at all time steps.
            targets: What is to be read from them.
            lengths: Number of time steps of each sequence; all T without it. Nothing behind them counts.
            washout: Number of steps at the start of each sequence that do not count, while the states still
                depend on where they started.

        Shape:
            states: (T, N, F). targets: (T, N, O). lengths: (N,).

        Raises:
            ShapeError: A tensor has the wrong shape.
            LengthError: A length is not within 1..T.
            OptionError: The washout is negative, or leaves nothing.
            DtypeError: A number that counts is NaN or infinite.
        """
        self._check_shapes(states, targets)
        rows = _rows_that_count(states, lengths, washout)
        weight, bias = _solve(
            states[rows].double(), targets[rows].double(), self.penalty, self.bias is not None
        )
        self.weight.copy_(weight)
        if self.bias is not None:
            self.bias.copy_(bias)
        self.is_fitted.fill_(True)
        return self

    def forward(self, states: Tensor) -> Tensor:
        """Return W h + b.

        Raises:
            OptionError: `fit` has not been called.
        """
        if not self.is_fitted:
            raise OptionError("a RidgeReadout must be fitted first: readout.fit(states, targets).")
        return linear(states, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Name the sizes and the options."""
        bias = "" if self.bias is not None else ", bias=False"
        return f"{self.input_size}, {self.output_size}, penalty={self.penalty}{bias}"

    def _check_shapes(self, states: Tensor, targets: Tensor) -> None:
        if states.dim() != 3 or states.shape[2] != self.input_size:
            raise ShapeError(
                f"`states` must have shape (T, N, F) = (T, N, {self.input_size}) because "
                f"input_size={self.input_size}, but it has shape {tuple(states.shape)}."
            )
        expected = (*states.shape[:2], self.output_size)
        if targets.shape != expected:
            raise ShapeError(
                f"`targets` must have shape (T, N, O) = {expected}, one target for each state, "
                f"but it has shape {tuple(targets.shape)}."
            )


def _rows_that_count(states: Tensor, lengths: Tensor | Sequence[int] | None, washout: int) -> Tensor:
    """Return which time steps of which sequences are learned from, (T, N)."""
    if not isinstance(washout, int) or isinstance(washout, bool) or washout < 0:
        raise OptionError(f"`washout` must be a number of time steps, 0 or more, but it is {brief(washout)}.")
    num_steps, batch_size = states.shape[:2]
    steps = torch.arange(num_steps)[:, None].expand(num_steps, batch_size)
    counts = steps >= washout
    if lengths is not None:
        counts = counts & (steps < as_lengths(lengths, num_steps, batch_size))
    if not counts.any():
        raise OptionError(f"`washout` must leave time steps to learn from, but {washout} of them leave none.")
    return counts.to(states.device)


def _solve(states: Tensor, targets: Tensor, penalty: float, has_bias: bool) -> tuple[Tensor, Tensor]:
    """Return W and b for states (R, F) and targets (R, O); where several W are best, the smallest."""
    for name, tensor in {"states": states, "targets": targets}.items():
        if not tensor.isfinite().all():
            raise DtypeError(f"`{name}` must be finite numbers, but there are NaN or infinite ones.")
    # The best b makes the errors average zero, whatever W is: so W is that of what is left without averages.
    means = [part.mean(dim=0) if has_bias else part.new_zeros(part.shape[1]) for part in (states, targets)]
    states, targets = states - means[0], targets - means[1]
    # The normal equations would square the condition number, which in a reservoir is large: states are nearly
    # multiples of others. [states, targets] = Q R has the same products, without the rows.
    rows = torch.linalg.qr(torch.cat([states, targets], dim=1), mode="r").R
    left, values, right = torch.linalg.svd(rows[:, : states.shape[1]], full_matrices=False)
    smallest = values.max() * max(states.shape) * torch.finfo(values.dtype).eps
    inverse = torch.where(values > smallest, values / (values**2 + penalty), 0.0)
    weight = right.T @ (inverse[:, None] * (left.T @ rows[:, states.shape[1] :]))
    return weight.T, means[1] - means[0] @ weight
