"""What a recorded step may not do, and what to write instead."""

import linecache
from pathlib import Path

from elman.errors import TraceError
from elman.ir import Source

SAME_FOR_EVERY_INPUT = "one time step must be the same computation for every input."
ROWS_ARE_ALONE = "each row of a batch must be computed alone."


class Refusal(Exception):  # noqa: N818  # it never leaves the package
    """The reason why a cell cannot be recorded, before it is known whose line it is.

    Args:
        claim: What the cell does; it follows the name of the cell.
        remedy: What to write instead.
        source: The user's line, where it is known.
    """

    def __init__(self, claim: str, remedy: str, source: Source | None = None):
        super().__init__(claim)
        self.claim = claim
        self.remedy = remedy
        self.source = source

    def as_error(self, cell_name: str) -> TraceError:
        """Return the error that the user sees.

        Args:
            cell_name: The class of the cell.
        """
        lines = [f"{cell_name}.forward {self.claim}"]
        if self.source:
            text = linecache.getline(*self.source).strip()
            lines.append(f"{_near(self.source.file)}:{self.source.line}:    {text}")
        lines.append(f'{self.remedy}, or run this cell uncompiled: Recurrent(cell, backend="eager").')
        return TraceError("\n    ".join(lines))


def _near(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def mixes_rows(name: str) -> Refusal:
    """`name` brings together what belongs to different sequences."""
    return Refusal(
        f"mixes the rows of a batch in `{name}`; {ROWS_ARE_ALONE}",
        "Work along the feature axes alone, as with dim=-1",
    )


def depends_on_row_count(name: str) -> Refusal:
    """`name` is given a number that follows the number of rows."""
    return Refusal(
        f"gives `{name}` a number that depends on the number of rows; {ROWS_ARE_ALONE}",
        "Compute it from sizes that belong to the cell",
    )


def reads_value(name: str) -> Refusal:
    """`name` brings the value of a tensor to Python."""
    if name == "__bool__":
        return Refusal(f"branches on the value of a tensor; {SAME_FOR_EVERY_INPUT}", "Write torch.where(...)")
    return Refusal(
        f"reads the value of a tensor with `{name}`; {SAME_FOR_EVERY_INPUT}",
        "Compute with tensors throughout",
    )


def draws_numbers(name: str) -> Refusal:
    """`name` is random."""
    return Refusal(
        f"draws random numbers with `{name}`; {SAME_FOR_EVERY_INPUT}",
        "Return them from `step_inputs(num_steps, batch_size)` and take them as arguments of `forward`",
    )


def writes_in_place(name: str) -> Refusal:
    """`name` changes a tensor that exists."""
    return Refusal(
        f"writes into a tensor with `{name}`; a time step is made of values that stay as they are.",
        "Write a new value, such as h = h + x for h += x, or torch.cat or torch.where for a part",
    )


def unknown_function(name: str) -> Refusal:
    """`name` is not in the table, or not in this form."""
    return Refusal(
        f"calls `{name}`, which the compiler does not know in this form.",
        "Write it with linear maps, common pointwise functions and reductions over features",
    )


def foreign_tensor(name: str) -> Refusal:
    """`name` is given a tensor from nowhere."""
    return Refusal(
        f"gives `{name}` a tensor that is neither an argument nor a parameter or buffer of the cell.",
        "Keep it with self.register_buffer(...), or return it from `step_inputs`",
    )


def other_dtype(name: str, dtype: object) -> Refusal:
    """`name` makes or takes a tensor of a dtype that is not that of the cell."""
    return Refusal(
        f"uses a tensor of {dtype} in `{name}`; numbers have the dtype of the input, conditions are bool.",
        "Convert it with .to(input.dtype) where it is made",
    )
