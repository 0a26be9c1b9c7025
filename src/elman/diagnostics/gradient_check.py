"""What a check of gradients has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class CheckedGradient:
    """The gradient of one tensor.

    Args:
        name: A parameter; "input"; or "state.0", "state.1", ... before the first step.
        shape: Its shape.
        num_checked: How many of its numbers were moved, and had a derivative.
        error: The largest |a - b| / (|a| + |b|), where a is what backward gives, b the difference.
        place: Where that is.
        backward: The gradient there, as backward gives it.
        difference: (L(x + step) - L(x - step)) / (2 step) there.
    """

    name: str
    shape: tuple[int, ...]
    num_checked: int
    error: float
    place: tuple[int, ...]
    backward: float
    difference: float


@dataclass(frozen=True)
class GradientCheck:
    """What `check_gradients` has found.

    Args:
        tensors: One entry for each parameter, for the input, and for each tensor of the state.
        tolerance: The largest error that passes.
        cuts: Where the cell cuts or clips its gradient by intent: backward is not the derivative there.
    """

    tensors: tuple[CheckedGradient, ...]
    tolerance: float
    cuts: tuple[str, ...] = field(default=())

    @property
    def failed(self) -> tuple[CheckedGradient, ...]:
        """Those whose error is too large, or no number."""
        return tuple(one for one in self.tensors if not one.error <= self.tolerance)

    @property
    def has_passed(self) -> bool:
        """Whether all gradients are right."""
        return not self.failed

    def __str__(self) -> str:
        """Return a line for each tensor, and what is wrong."""
        rows = [(one.name, f"{one.error:.1e}", str(one.num_checked)) for one in self.tensors]
        heads = ("gradient of", "largest error", "of numbers")
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        lines = [_line(heads, widths)]
        for row, one in zip(rows, self.tensors, strict=True):
            lines.append(f"{_line(row, widths)}  {'ok' if one.error <= self.tolerance else 'WRONG'}")
        lines += [
            f"{one.name}{list(one.place)}: backward gives {one.backward:.9g}, "
            f"the loss changes by {one.difference:.9g}."
            for one in self.failed
        ]
        if self.failed and self.cuts:
            lines.append(f"The cell cuts its gradient by intent, at {', '.join(self.cuts)}.")
        return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, *others = cells
    return "  ".join([name.ljust(widths[0]), *map(str.rjust, others, widths[1:])])
