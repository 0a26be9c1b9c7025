"""A lock on a folder, held by one process and gone with it, however it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elman.errors import RunError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from writing to the same folder.

    Nothing is locked where the system or the file system has no such locks.

    Raises:
        RunError: another process holds it.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise RunError(f"{folder} is being written to by another process.") from error
    except OSError:
        pass  # a network file system without locks
    try:
        yield
    finally:
        os.close(handle)
