"""Numbers too large to compute with, refused before anything is learned from them."""

from __future__ import annotations

import numpy as np

from elman.errors import DataError

LARGEST = 1e150
"""Sums of squares of numbers up to this one do not overflow."""


def check_magnitude(values: np.ndarray, what: str) -> None:
    """Refuse numbers whose squares overflow; what is NaN or infinite is not looked at.

    Args:
        values: float64, any shape.
        what: holds them, to begin the message with.

    Raises:
        DataError: there is such a number.

    Example:
        >>> check_magnitude(np.array([1.0, np.nan, -1e150]), "The column 'x'")
    """
    sizes = np.abs(values, where=np.isfinite(values), out=np.zeros_like(values))
    if not (sizes > LARGEST).any():
        return
    raise DataError(
        f"{what} holds {values.flat[sizes.argmax()]:.3g}, too large to compute with: numbers may be up to "
        f"{LARGEST:g}. Divide it by a constant, or leave empty what stands for a missing value."
    )
