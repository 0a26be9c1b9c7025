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
    grows with its logarithm where sums are cut into parts, as all fast ones are. Where the peer's own error
    is larger than that, the cell makes errors grow from step to step, and two sides that are equally right
    can lie further apart: then 8 times the peer's error is allowed.

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
    num_steps, batch_size, input_size = input.shape
    terms = num_steps * max(batch_size, input_size + gradient.shape[-1])
    relative = 8 * torch.finfo(input.dtype).eps * math.ceil(math.log2(terms))
    came = compute(ours, mode, input, gradient)
    _check_names(came, exact, ours, peer)
    for name, value in came.items():
        may_jump = has_kinks and name.startswith("gradient")
        fault = _fault(value, theirs[name], exact[name], relative, may_jump)
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


def _fault(came: Tensor, theirs: Tensor, exact: Tensor, relative: float, may_jump: bool) -> str:
    """Say by how much a tensor is wrong; nothing if it is right. NaN is wrong."""
    exact = exact.double()
    scale = float(exact.abs().max())
    error, their_error = (float((one.double() - exact).abs().max()) for one in (came, theirs))
    rounding = relative * scale
    allowed = max(rounding, (2 if their_error <= rounding else 8) * their_error)
    if error <= allowed:
        return ""
    if may_jump and float((came.double() - exact).norm()) <= _KINKED_SHARE * float(exact.norm()):
        return ""
    return (
        f"the largest error is {error:.3g} where {allowed:.3g} is allowed and the largest value {scale:.3g}"
    )
