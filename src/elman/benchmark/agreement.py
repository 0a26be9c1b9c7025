"""The check before a measurement: whoever computes other numbers is not timed."""

import inspect
import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from elman.benchmark.work import Work, compute
from elman.errors import MismatchError

_KINKS = re.compile(r"relu|hard|clamp|maximum|minimum|\babs\b|\bsign\b")

# Where a cell has a kink, a number within rounding of it may fall on either side. It then moves the gradient
# of one unit in one row of one step wholly, and the rest by less; of all T x N x H of them few do.
_KINKED_SHARE = 5e-3
_FEW = 8  # steps
_GRADIENT = "gradient of "


def check_agreement(
    ours: Work,
    peer: Work,
    reference: Work | None,
    mode: str,
    input: Tensor,
    gradient: Tensor,
    *,
    has_kinks: bool = False,
) -> None:
    """Compare all outputs, final states and gradients with those of a peer.

    The largest error against the reference in float64 is at most twice the peer's own, or
    8 eps ceil(log2(K)) of the largest value, with K the number of terms that can meet in one sum: rounding
    grows with its logarithm where sums are cut into parts, as all fast ones are. Where the peer's outputs err
    by more than that, the cell makes errors grow from step to step, and how far is luck: then 32 times the
    peer's largest error, relative to the largest value, is allowed in every tensor, and a few steps are
    compared besides, after which errors have not grown yet.

    Args:
        ours: The work to check.
        peer: The work it is compared with.
        reference: The peer in float64; without one, the peer's own numbers count as exact.
        mode: What is computed, one of `work.MODES`.
        input: The sequences.
        gradient: The gradient of the output.
        has_kinks: Whether the cell has a derivative that jumps: then a gradient may also differ by a small
            share of its norm.

    Shape:
        input: (T, N, I). gradient: as the output.

    Raises:
        MismatchError: A number differs; the message names the first tensor where one does.
    """
    theirs = compute(peer, mode, input, gradient)
    exact = compute(reference, mode, input.double(), gradient.double()) if reference else theirs
    came = compute(ours, mode, input, gradient)
    _check_names(came, exact, ours, peer)
    rounding = _rounding(input, gradient)
    errors = {name: _error(theirs[name], exact[name]) for name in exact}
    grown = max(error for name, error in errors.items() if not name.startswith(_GRADIENT))
    if grown > rounding and len(input) > _FEW:
        few = (input[:_FEW], gradient[:_FEW])
        check_agreement(ours, peer, reference, mode, *few, has_kinks=has_kinks)
    allowed = _allowed(errors, rounding, grown)
    for name, value in came.items():
        may_jump = has_kinks and name.startswith(_GRADIENT)
        fault = _fault(value, exact[name], allowed[name], may_jump)
        if fault:
            raise MismatchError(f"{ours.name} and {peer.name} disagree: {name}: {fault}.")


def has_kinks(cell: nn.Module) -> bool:
    """Tell from the source of a cell's step, and from its options, whether its derivative jumps.

    Args:
        cell: One time step.
    """
    options = " ".join(value for value in vars(cell).values() if isinstance(value, str))
    return bool(_KINKS.search(inspect.getsource(type(cell).forward) + options))


def _check_names(came: Mapping[str, Tensor], exact: Mapping[str, Tensor], ours: Work, peer: Work) -> None:
    shapes, expected = ({name: tuple(one.shape) for name, one in of.items()} for of in (came, exact))
    if shapes != expected:
        raise MismatchError(f"{ours.name} computes {shapes}, but {peer.name} computes {expected}.")


def _error(came: Tensor, exact: Tensor) -> float:
    """Return the largest error by the largest value; of zeros, the error itself."""
    exact = exact.double()
    return float((came.double() - exact).abs().max()) / (float(exact.abs().max()) or 1.0)


def _rounding(input: Tensor, gradient: Tensor) -> float:
    num_steps, batch_size, input_size = input.shape
    terms = num_steps * max(batch_size, input_size + gradient.shape[-1])
    return 8 * torch.finfo(input.dtype).eps * math.ceil(math.log2(terms))


def _allowed(errors: Mapping[str, float], rounding: float, grown: float) -> dict[str, float]:
    """Return the error that is allowed in each tensor, from the peer's own."""
    if grown <= rounding:
        return {name: max(rounding, 2 * error) for name, error in errors.items()}
    worst = max(errors.values())
    return {name: 32 * (worst if name.startswith(_GRADIENT) else grown) for name in errors}


def _fault(came: Tensor, exact: Tensor, allowed: float, may_jump: bool) -> str:
    """Say by how much a tensor is wrong; nothing if it is right. NaN is wrong."""
    error = _error(came, exact)
    if error <= allowed:
        return ""
    apart, whole = (float(one.double().norm()) for one in (came.double() - exact.double(), exact))
    if may_jump and apart <= _KINKED_SHARE * whole:
        return ""
    return f"the largest error is {error:.3g} of the largest value where {allowed:.3g} is allowed"
