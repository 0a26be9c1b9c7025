"""The lengths of context, horizon and held-out parts, and how many steps they need together."""

from __future__ import annotations

from dataclasses import dataclass

from elman.data.frequency import Frequency
from elman.data.wording import count
from elman.errors import OptionError


@dataclass(frozen=True)
class WindowLengths:
    """Lengths in steps.

    Args:
        context: what a forecast looks back on.
        horizon: what it forecasts.
        validation: the validation part; 0 for none.
        test: the test part; 0 for none.
    """

    context: int
    horizon: int
    validation: int
    test: int

    @classmethod
    def of(
        cls, context: int, horizon: int, validation: int | str, test: int | str, frequency: Frequency
    ) -> WindowLengths:
        """Check the lengths, and turn durations into steps of `frequency`.

        Raises:
            OptionError: a length is not legal, or a held-out part is shorter than the horizon.
        """
        context, horizon = _at_least_one("context", context), _at_least_one("horizon", horizon)
        parts = {"validation": validation, "test": test}
        steps = {part: _num_steps(part, length, frequency) for part, length in parts.items()}
        for part, length in steps.items():
            if 0 < length < horizon:
                raise OptionError(
                    f"The {part} part has {count(length, 'step')}, too few for a forecast of "
                    f"horizon={horizon}: make it {horizon} steps or longer, or use horizon <= {length}."
                )
        return cls(context, horizon, **steps)

    @property
    def needed(self) -> int:
        """The fewest observed steps with which a series can be split: one training window, and the rest."""
        return self.context + self.horizon + self.validation + self.test

    def __str__(self) -> str:
        """Return the sum in words."""
        held_out = f"validation {self.validation} + test {self.test}"
        return f"context {self.context} + horizon {self.horizon} + {held_out}"

    def shortage(self, name: str | None, num_observed: int) -> str:
        """Say in one sentence that a series is too short, and which lengths are legal."""
        who = "The series" if name is None else f"Series {name!r}"
        room = num_observed - self.validation - self.test
        need = f"{self} need {self.needed:,}"
        return f"{who} has {num_observed:,} observed steps, but {need}: {self._remedy(room)}."

    def _remedy(self, room: int) -> str:
        if room < 2:
            return "shorten the validation and test parts, which leave nothing to train on"
        remedies = []
        if room > self.horizon:
            remedies.append(f"context <= {room - self.horizon}")
        if room > self.context:
            remedies.append(f"horizon <= {room - self.context}")
        return "use " + " or ".join(remedies or [f"a context and a horizon of {room} steps together"])


def _at_least_one(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise OptionError(f"{name} must be a whole number of steps, 1 or more, but it is {value!r}.")
    return value


def _num_steps(part: str, length: int | str, frequency: Frequency) -> int:
    if isinstance(length, str):
        return frequency.steps_in(length)
    if isinstance(length, bool) or not isinstance(length, int) or length < 0:
        raise OptionError(
            f"{part} must be a number of steps or a duration such as '56d', 0 for none, but it is {length!r}."
        )
    return length
