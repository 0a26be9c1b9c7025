"""How often a network in training reads the truth, and how often its own output."""

import math

from elman.cells.options import check_choice, check_number, check_size
from elman.errors import OptionError

_KINDS = ("linear", "exponential", "inverse sigmoid")
_SHARPNESS = 10.0
"""How many times e goes into the odds, or the ratio, between the first step and the last."""


def forcing_ratio(
    step: int, num_steps: int, *, kind: str = "inverse sigmoid", start: float = 1.0, end: float = 0.0
) -> float:
    """Return the share of steps at which to feed the truth, falling from `start` to `end` over the training.

    Scheduled sampling: a network that has only ever read the truth does not know what to do after a mistake
    of its own; one that reads its own output from the beginning learns nothing.

    Equations:
        (1) linear: r = 1 - p
        (2) exponential: r = (exp(-10 p) - exp(-10)) / (1 - exp(-10))
        (3) inverse sigmoid: r = (g(p) - g(1)) / (g(0) - g(1)), g(p) = 1 / (1 + exp(10 (p - 1/2)))
        (4) ratio = end + (start - end) r, p = step / num_steps, at most 1

    Args:
        step: Steps of training done so far.
        num_steps: Steps until the ratio is `end`.
        kind: "linear", "exponential" or "inverse sigmoid".
        start: The ratio at the beginning, in [0, 1].
        end: The ratio at the end, in [0, 1].

    Raises:
        OptionError: An option is not legal.

    Reference:
        S. Bengio, O. Vinyals, N. Jaitly, N. Shazeer (2015), "Scheduled sampling for sequence prediction with
        recurrent neural networks", NeurIPS.

    Differs from the paper:
        The curves are shifted and scaled so that they begin at `start` and reach `end`.

    Example:
        >>> [forcing_ratio(step, 100, kind="linear", end=0.5) for step in (0, 50, 100, 500)]
        [1.0, 0.75, 0.5, 0.5]
    """
    check_choice("kind", kind, _KINDS)
    check_size("num_steps", num_steps)
    check_ratio("start", start)
    check_ratio("end", end)
    part = min(max(step, 0) / num_steps, 1.0)
    return end + (start - end) * _fall(kind, part)


def check_ratio(name: str, ratio: float) -> None:
    """Refuse what is not a share.

    Raises:
        OptionError: It is not in [0, 1].
    """
    check_number(name, ratio)
    if not 0 <= ratio <= 1:
        raise OptionError(f"`{name}` must be in [0, 1], but it is {ratio!r}.")


def _fall(kind: str, part: float) -> float:
    """Return a curve from 1 at 0 to 0 at 1."""
    if kind == "linear":
        return 1 - part
    if kind == "exponential":
        return (math.exp(-_SHARPNESS * part) - math.exp(-_SHARPNESS)) / (1 - math.exp(-_SHARPNESS))
    first, last = _sigmoid(_SHARPNESS / 2), _sigmoid(-_SHARPNESS / 2)
    return (_sigmoid(_SHARPNESS * (0.5 - part)) - last) / (first - last)


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))
