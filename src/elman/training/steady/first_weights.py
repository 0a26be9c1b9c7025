"""First values of recurrent weights and of forget gates, set in place after a layer is made."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from elman.cells import Cell, ClockworkCell, ConvCell, LSTMCell
from elman.cells.options import check_choice, check_number
from elman.cells.weights import GateWeights
from elman.errors import OptionError, ShapeError

_RECURRENT = re.compile(r"weight_hh(_l\d+(_reverse)?)?")
_FORGET = re.compile(r"bias_(ih|hh)(_l\d+(_reverse)?)?|bias")
_NUM_DRAWS = 100


def init_recurrent_(
    module: nn.Module,
    method: str,
    *,
    scale: float = 1.0,
    density: float = 1.0,
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Draw the recurrent weights of a cell, a layer or a model anew, gate by gate, in place.

    Use it to choose how long a fresh network remembers: the largest |eigenvalue| of U says by what factor a
    linear network's state, and its gradient, changes in a step.

    Equations:
        U is the recurrent weight of one gate, H its number of units
        (1) U^T U = scale^2 I    if method="orthogonal"
        (2) U = scale I    if method="identity"
        (3) U_ij ~ uniform(-scale / sqrt(H), scale / sqrt(H))    if method="uniform"
        (4) max |eigenvalue of U| = scale    if method="spectral_radius"

    Args:
        module: Whatever holds parameters named as in torch.nn: `weight_hh`, `weight_hh_l0`, ...
        method: "orthogonal", "identity", "uniform" or "spectral_radius".
        scale: What stands in the equations.
        density: Share of the numbers of U that are not zero, for "spectral_radius".
        generator: Where the random numbers come from; torch's own without it.

    Returns:
        The module.

    Raises:
        OptionError: There is no such method, a number is out of its range, there are no recurrent weights,
            or what multiplies the state is no such matrix: a kernel of a convolution, one with a mask.
        ShapeError: U is not square, as with `proj_size` or gates that cells share, and the method needs it.

    Reference:
        (1) A. M. Saxe, J. L. McClelland, S. Ganguli (2014), "Exact solutions to the nonlinear dynamics of
        learning in deep linear neural networks", ICLR. (2) Q. V. Le, N. Jaitly, G. E. Hinton (2015), "A
        simple way to initialize recurrent networks of rectified linear units", arXiv:1504.00941. (3) torch.
        (4) H. Jaeger (2001), "The echo state approach to analysing and training recurrent neural networks",
        GMD Report 148; as first weights of training: I. Sutskever et al. (2013), "On the importance of
        initialization and momentum in deep learning", ICML.

    Example:
        >>> layer = init_recurrent_(torch.nn.RNN(3, 8), "spectral_radius", scale=1.2, density=0.5)
        >>> round(float(torch.linalg.eigvals(layer.weight_hh_l0.detach()).abs().max()), 4)
        1.2
    """
    check_choice("method", method, ("orthogonal", "identity", "uniform", "spectral_radius"))
    check_number("scale", scale)
    if scale < 0:
        raise OptionError(f"`scale` must be 0 or more, but it is {scale}.")
    check_number("density", density)
    if not 0 < density <= 1:
        raise OptionError(f"`density` must be above 0 and at most 1, but it is {density}.")
    gates = list(_gates(module, method))
    if not gates:
        raise OptionError(
            f"`module` must hold recurrent weights, matrices named `weight_hh`, but {_name(module)} has none."
        )
    for name, gate in gates:
        if method in ("identity", "spectral_radius") and gate.shape[0] != gate.shape[1]:
            raise ShapeError(
                f'method="{method}" needs square gates, but in `{name}` one is {tuple(gate.shape)}.'
            )
    for _, gate in gates:
        _draw(gate, method, scale, density, generator)
    return module


def _gates(module: nn.Module, method: str) -> Iterator[tuple[str, Tensor]]:
    """Yield the recurrent weights of each gate; writing to them writes to the parameter."""
    for path, owner in module.named_modules():
        for name, weight in owner._parameters.items():
            if weight is None or not _RECURRENT.fullmatch(name) or weight.dim() < 2:
                continue
            label = ".".join(filter(None, [path, name]))
            _check_matrix(owner, label, weight, method)
            sizes = _rows_of_gates(owner, weight)
            # Of several layers of a step, or of several heads, each has its own matrix.
            for matrix in weight.detach().view(-1, *weight.shape[-2:]):
                for gate in matrix.split(sizes):
                    yield label, gate


def _check_matrix(owner: nn.Module, label: str, weight: Tensor, method: str) -> None:
    """Refuse weights that are not what multiplies a state: what was asked of them would not hold."""
    if isinstance(owner, ConvCell):
        shape = tuple(weight.shape)
        raise OptionError(
            f"`module` must hold matrices, but `{label}` of shape {shape} are kernels of a convolution."
        )
    if method in ("orthogonal", "spectral_radius") and isinstance(owner, ClockworkCell):
        hidden = int((owner.mask == 0).sum())
        if hidden:
            raise OptionError(
                f'method="{method}" needs whole matrices, but the clocks of {_name(owner)} hide {hidden} of '
                f"the {weight.numel()} numbers of `{label}`."
            )


def _rows_of_gates(owner: nn.Module, weight: Tensor) -> int | tuple[int, ...]:
    """Return the rows of each gate; one number where all have as many."""
    if isinstance(owner, GateWeights):
        return owner.gate_sizes
    is_one = weight.dim() == 2 and isinstance(owner, nn.RNNBase | nn.RNNCellBase | Cell)
    return int(owner.hidden_size) if is_one else weight.shape[-1]  # pyright: ignore[reportArgumentType]


def _draw(gate: Tensor, method: str, scale: float, density: float, generator: torch.Generator | None) -> None:
    if method == "orthogonal":
        nn.init.orthogonal_(gate, gain=scale, generator=generator)
    elif method == "identity":
        nn.init.eye_(gate)
        gate.mul_(scale)
    elif method == "uniform":
        bound = scale / math.sqrt(gate.shape[0])
        nn.init.uniform_(gate, -bound, bound, generator=generator)
    else:
        gate.copy_(_draw_with_radius(gate, density, generator).mul_(scale))


def _draw_with_radius(like: Tensor, density: float, generator: torch.Generator | None) -> Tensor:
    """Return a matrix whose largest |eigenvalue| is 1; one that has none but zero is drawn anew."""
    device = None if generator is None else generator.device
    for _ in range(_NUM_DRAWS):
        drawn = torch.randn(like.shape, generator=generator, dtype=torch.float64, device=device)
        drawn *= torch.rand(like.shape, generator=generator, dtype=torch.float64, device=device) < density
        radius = float(torch.linalg.eigvals(drawn).abs().max())
        if radius > 1e-3:  # what rounding makes of the eigenvalue zero stays far below
            return drawn / radius
    raise OptionError(
        f"`density` must leave a matrix of {like.shape[0]} units an eigenvalue, but {density} left none in "
        f"{_NUM_DRAWS} draws."
    )


def set_forget_bias_(module: nn.Module, value: float = 1.0) -> nn.Module:
    """Set the bias of the forget gate of every LSTM inside of a module, in place.

    Use it on layers of torch.nn and those in their place, whose forget gates start half closed: at 1 a fresh
    LSTM keeps most of its memory, so that gradients reach far from the first update on.

    Equations:
        (1) b_f = bias_ih[H:2H] + bias_hh[H:2H] = value

    Args:
        module: A layer, cell or model with torch.nn.LSTM, torch.nn.LSTMCell, elman.LSTM or LSTMCell in it.
        value: The bias; where it is the sum of two parameters, the first holds it and the second is zero.

    Returns:
        The module.

    Raises:
        OptionError: There is no LSTM with a bias, or `value` is not a number.

    Reference:
        R. Jozefowicz, W. Zaremba, I. Sutskever (2015), "An empirical exploration of recurrent network
        architectures", ICML.

    Example:
        >>> layer = set_forget_bias_(torch.nn.LSTM(3, 2), 1.0)
        >>> (layer.bias_ih_l0 + layer.bias_hh_l0)[2:4].tolist()
        [1.0, 1.0]
    """
    check_number("value", value)
    is_set = False
    for owner in module.modules():
        if not _is_lstm(owner):
            continue
        for name, bias in owner._parameters.items():
            if bias is not None and _FORGET.fullmatch(name):
                size = int(owner.hidden_size)  # pyright: ignore[reportArgumentType]
                gate = slice(size, 2 * size)
                bias.detach()[gate] = 0.0 if name.startswith("bias_hh") else value
                is_set = True
    if not is_set:
        raise OptionError(f"`module` must hold an LSTM with a bias, but {_name(module)} has none.")
    return module


def _is_lstm(module: nn.Module) -> bool:
    if isinstance(module, nn.RNNBase):
        return module.mode == "LSTM"
    return isinstance(module, nn.LSTMCell | LSTMCell)


def _name(module: nn.Module) -> str:
    return type(module).__name__
