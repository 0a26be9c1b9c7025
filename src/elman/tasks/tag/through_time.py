"""How far back the gradient of a tagger reaches, and when its weights move."""

from __future__ import annotations

from elman.cells.options import brief
from elman.errors import OptionError
from elman.training import BPTT, RTRL, Schedule
from elman.training.through_time.names import find_schedule

_FORMS = "tbptt:STEPS, tbptt:STEPS:WINDOW or per-step"


def parse_schedule(text: object, *, stream: bool) -> Schedule:
    """Return the schedule of a tagger, by its name.

    Each step has its tag, so the weights can move on the way: after each segment, or each step, of a batch.
    The state is carried on, its gradient is cut.

    Args:
        text: "bptt", "tbptt:50" for segments of 50 steps, "tbptt:10:50" for a move every 10 steps that sees
            50 back, or "per-step".
        stream: whether sequences are read from their start only.

    Raises:
        OptionError: it is none of these, or the network reads from both ends.

    Example:
        >>> parse_schedule("bptt", stream=False), parse_schedule("tbptt:50", stream=True)
        (BPTT(), TBPTT(50))
    """
    try:
        schedule = find_schedule(text) if isinstance(text, str) else None
    except OptionError as error:
        raise OptionError(f"`through_time` is {brief(text)}: {error}") from None
    if isinstance(schedule, RTRL):
        raise OptionError(
            f"`through_time` is {brief(text)}, which follows the weights of one recurrent layer alone, but a "
            f"tagger learns what it reads, too: the vectors of symbols and their spelling. Take {_FORMS}."
        )
    if schedule is None:
        raise OptionError(
            f"`through_time` of a tagger must be bptt or, with stream=True (--stream), {_FORMS}; but it is "
            f"{brief(text)}."
        )
    if not stream and not isinstance(schedule, BPTT):
        raise OptionError(
            f"`through_time` is {brief(text)}, but the network reads from both ends: a step waits for "
            "the end of its sequence, so no state can be carried over a cut. Take bptt, or stream=True "
            "(--stream)."
        )
    return schedule
