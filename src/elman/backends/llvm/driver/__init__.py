"""Runs lowered steps over time, rows and threads. It knows nothing of cells, and is built once a process."""

from elman.backends.llvm.driver.module import Driver, load_driver
from elman.backends.llvm.driver.words import (
    CALL_WORDS,
    COLUMNS_OF_UNIT,
    FINAL_WORDS,
    JOB_WORDS,
    MAX_PIECES,
    PACK_WORDS,
    PROGRAM_WORDS,
    RESET_WORDS,
    TABLE_WORDS,
    Call,
    Role,
)

__all__ = [
    "CALL_WORDS",
    "COLUMNS_OF_UNIT",
    "FINAL_WORDS",
    "JOB_WORDS",
    "MAX_PIECES",
    "PACK_WORDS",
    "PROGRAM_WORDS",
    "RESET_WORDS",
    "TABLE_WORDS",
    "Call",
    "Driver",
    "Role",
    "load_driver",
]
