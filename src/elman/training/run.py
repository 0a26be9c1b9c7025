"""A run's folder: everything a training writes goes there, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from elman.errors import RunError
from elman.training.files import is_draft
from elman.training.locks import locked

Mode = Literal["new", "resume", "overwrite"]

CONFIG, REPORT = "config.toml", "report.html"
_MARK = b'task = "'


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
        """True if a run has begun here; another program's config.toml makes no run."""
        config = self / CONFIG
        return config.is_file() and _MARK in config.read_bytes()

    def require_run(self) -> None:
        """Make sure that a run is here.

        Raises:
            RunError: there is none.
        """
        if not self.path.exists():
            raise RunError(f"There is no folder {self.path}.")
        if not self.holds_run:
            raise RunError(f"{self.path} holds no run of elman (no {CONFIG} with a task).")

    def check(self, mode: Mode) -> None:
        """Make sure that the folder is what a mode wants.

        Args:
            mode: "new" wants an absent or empty folder, "resume" one that holds a run, "overwrite" either.

        Raises:
            RunError: it is not.
        """
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"{self.path} is a file; a run needs a folder.")
        if mode == "resume" and not self.holds_run:
            raise RunError(f"{self.path} holds no run to continue; leave --resume out to begin one.")
        occupied = self.path.is_dir() and any(not is_draft(entry.name) for entry in self.path.iterdir())
        if occupied and not self.holds_run:
            raise RunError(f"{self.path} holds files that no run of elman wrote; choose another folder.")
        if occupied and mode == "new":
            raise RunError(
                f"{self.path} already holds a run: continue it with --resume or replace it with --overwrite."
            )

    @contextmanager
    def opened(self, mode: Mode, files: Collection[str]) -> Iterator[None]:
        """Make the folder, let no other process write to it, and clear away an old run.

        Args:
            mode: as for `check`; "overwrite" removes the results of the run that is there.
            files: the names of a run's results; nothing else is ever removed.

        Raises:
            RunError: the folder is not what the mode wants, is in use, or cannot be written to.
        """
        self.check(mode)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{self.path} cannot be made: {error.strerror or error}.") from error
        with locked(self.path):
            self.check(mode)  # again, since now nobody else can change it
            self._remove(files if mode == "overwrite" else ())
            yield

    def _remove(self, files: Collection[str]) -> None:
        try:
            for entry in list(self.path.iterdir()):
                if entry.name in files or is_draft(entry.name):
                    entry.unlink()
        except OSError as error:
            raise RunError(f"{self.path} cannot be cleared: {error.strerror or error}.") from error
