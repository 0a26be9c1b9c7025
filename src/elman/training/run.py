"""A run's folder: everything a training writes goes there, and nothing else is touched."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from elman.errors import RunError

Mode = Literal["new", "resume", "overwrite"]

_MARKER = "config.toml"


class RunDirectory:
    """Where one run keeps its files.

    Args:
        path: the folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __truediv__(self, name: str) -> Path:
        """Return the path of a file in the folder."""
        return self.path / name

    @property
    def holds_run(self) -> bool:
        """True if a run has begun here."""
        return (self / _MARKER).is_file()

    def prepare(self, mode: Mode) -> None:
        """Make the folder ready to be written to.

        Args:
            mode: "new" wants an absent or empty folder, "resume" one that holds a run, "overwrite" removes
                the run that is there; a folder that holds anything else is never removed.

        Raises:
            RunError: the folder is not what the mode wants, or cannot be made.
        """
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"{self.path} is a file; a run needs a folder.")
        if mode == "resume" and not self.holds_run:
            raise RunError(f"{self.path} holds no run to continue; leave --resume out to begin one.")
        occupied = self.path.is_dir() and any(self.path.iterdir())
        if occupied and mode != "resume" and not self.holds_run:
            raise RunError(f"{self.path} holds files that no run of elman wrote; choose another folder.")
        if occupied and mode == "new":
            raise RunError(
                f"{self.path} already holds a run: continue it with --resume or replace it with --overwrite."
            )
        try:
            if occupied and mode == "overwrite":
                shutil.rmtree(self.path)
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{self.path} cannot be used: {error.strerror or error}.") from error

    def require_run(self) -> None:
        """Make sure that a run is here.

        Raises:
            RunError: there is none.
        """
        if not self.holds_run:
            raise RunError(f"{self.path} holds no run of elman (it has no {_MARKER}).")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second process from writing to the same run.

        Raises:
            RunError: another process is at it.
        """
        with (self / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise RunError(f"{self.path} is being written to by another process.") from error
            yield
