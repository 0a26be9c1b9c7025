"""Which line of the user's code is running."""

import sys
import traceback
from pathlib import Path

import torch

from elman.cells import marks
from elman.ir import Source

SKIPPED = (str(Path(torch.__file__).parent), str(Path(__file__).parent), marks.__file__)


def current_source() -> Source:
    """Return the innermost line that is neither torch's nor the tracer's."""
    frame = sys._getframe()
    while frame.f_back and frame.f_code.co_filename.startswith(SKIPPED):
        frame = frame.f_back
    return Source(frame.f_code.co_filename, frame.f_lineno)


def source_of_error(error: BaseException) -> Source | None:
    """Return the innermost line of the user's that an error came through, if there is one.

    Args:
        error: What was raised.
    """
    lines = [
        Source(frame.filename, frame.lineno or 0)
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(SKIPPED)
    ]
    return lines[-1] if lines else None
