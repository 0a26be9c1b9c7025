"""What schedules are called where one is chosen by a text: on the command line and in settings."""

from __future__ import annotations

from elman.training.through_time.bptt import BPTT
from elman.training.through_time.per_step import PerStep
from elman.training.through_time.rtrl import RTRL
from elman.training.through_time.schedule import Schedule
from elman.training.through_time.tbptt import TBPTT


def find_schedule(text: str) -> Schedule | None:
    """Return a schedule by its name; None if there is none of that name.

    Args:
        text: bptt, tbptt:LENGTH, tbptt:LENGTH:WINDOW, per-step, rtrl or rtrl:EVERY.

    Raises:
        OptionError: the numbers are not legal.

    Example:
        >>> find_schedule("tbptt:10:50"), find_schedule("forward")
        (TBPTT(10, window=50), None)
    """
    name, *rest = text.lower().split(":")
    numbers = [int(one) for one in rest if one.isdecimal()]
    if len(numbers) < len(rest):
        return None
    match name, numbers:
        case "bptt", []:
            return BPTT()
        case "tbptt", [length]:
            return TBPTT(length)
        case "tbptt", [length, window]:
            return TBPTT(length, window=window)
        case "per-step", []:
            return PerStep()
        case "rtrl", [] | [_]:
            return RTRL(*numbers)
        case _:
            return None
