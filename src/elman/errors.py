"""Every exception class of elman.

Each one is an `ElmanError` and the builtin a caller would expect, so `except ValueError`
keeps working. A message says what was expected, what came, where, and what to do.
"""


class ElmanError(Exception):
    """Base of everything elman raises on purpose."""


class ShapeError(ElmanError, ValueError):
    """A tensor or array has the wrong number of axes or the wrong size along one."""


class DtypeError(ElmanError, TypeError):
    """A tensor or argument has the wrong dtype or Python type."""


class DeviceError(ElmanError, ValueError):
    """Tensors that must share a device do not."""


class LengthError(ElmanError, ValueError):
    """A sequence length is zero, negative or longer than the batch it belongs to."""


class OptionError(ElmanError, ValueError):
    """An option has a value that is not one of the legal ones."""


class KeywordError(OptionError, TypeError):
    """A keyword names no argument of what is called."""


class TraceError(ElmanError, RuntimeError):
    """A cell's time step cannot be recorded as a graph."""


class GraphError(ElmanError, ValueError):
    """A graph of the compiler breaks one of its rules, or its text cannot be read."""


class DataError(ElmanError, ValueError):
    """A table cannot be used as it stands."""


class ColumnError(DataError, KeyError):
    """A named column is absent, named twice, or has a type that cannot play its part."""

    def __str__(self) -> str:
        """Return the message as written; `KeyError` would print its repr."""
        return str(self.args[0]) if self.args else ""


class NonFiniteError(ElmanError, ArithmeticError):
    """A loss or gradient became NaN or infinite."""


class RunError(ElmanError, RuntimeError):
    """A run directory is absent, incomplete, in use or belongs to something else."""


class MismatchError(ElmanError, ArithmeticError):
    """Two ways to compute the same numbers do not agree."""


class EagerWarning(UserWarning):
    """A cell runs as a plain loop because it cannot be compiled."""


class ChangedCellWarning(UserWarning):
    """The file of a model's own cell is not what it was when the model was fitted."""
