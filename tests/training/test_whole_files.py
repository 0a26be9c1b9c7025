"""A file is the old one or the new one, whatever happens in between."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from folder_names import names

from elman.errors import RunError
from elman.training.files import is_draft, write_bytes, write_frame


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Let the system refuse to write on, as it does when a disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_half_written_file_leaves_the_old_one(tmp_path: Path):
    path = tmp_path / "file"
    write_bytes(path, b"old")
    with (
        no_file_larger_than(1000),
        pytest.raises(RunError, match=r"file could not be written: File too large"),
    ):
        write_bytes(path, b"n" * 2000)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_interrupted_write_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
):
    def interrupt(source: Path, target: Path) -> None:
        raise error

    write_bytes(tmp_path / "file", b"old")
    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(error):
        write_bytes(tmp_path / "file", b"new")
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


@pytest.mark.parametrize("folder", ["absent", "a file"])
def test_impossible_place_is_named(tmp_path: Path, folder: str):
    (tmp_path / "a file").touch()
    with pytest.raises(RunError, match=f"{folder}/file could not be written: "):
        write_bytes(tmp_path / folder / "file", b"")


def test_what_a_killed_write_leaves_is_recognized(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Path, "unlink", lambda path: None)
    monkeypatch.setattr(Path, "replace", lambda path, target: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_bytes(tmp_path / "state.safetensors", b"")
    (left,) = names(tmp_path)
    assert is_draft(left)
    assert not any(map(is_draft, ["state.safetensors", ".lock", "notes.7.tmp", ".notes.tmp"]))


def test_frames_are_written_by_the_name_of_the_file(tmp_path: Path):
    frame = pl.DataFrame({"time": ["a", "b"], "q0.5": [1.5, None]})
    write_frame(tmp_path / "one.csv", frame)
    write_frame(tmp_path / "two.CSV", frame)
    write_frame(tmp_path / "three.parquet", frame)
    assert (tmp_path / "one.csv").read_text() == "time,q0.5\na,1.5\nb,\n"
    assert (tmp_path / "two.CSV").read_text() == (tmp_path / "one.csv").read_text()
    assert pl.read_parquet(tmp_path / "three.parquet").equals(frame)


def test_time_stamps_of_a_csv_are_iso_with_their_offset(tmp_path: Path):
    stamps = pl.DataFrame({"time": [datetime(2024, 1, 1, 2, 30), datetime(2024, 7, 1, 2, 30, 0, 500_000)]})
    write_frame(tmp_path / "naive.csv", stamps)
    assert (tmp_path / "naive.csv").read_text() == "time\n2024-01-01T02:30:00\n2024-07-01T02:30:00.500\n"
    zoned = stamps.with_columns(pl.col("time").dt.replace_time_zone("Australia/Melbourne"))
    write_frame(tmp_path / "zoned.csv", zoned)
    expected = "time\n2024-01-01T02:30:00+11:00\n2024-07-01T02:30:00.500+10:00\n"
    assert (tmp_path / "zoned.csv").read_text() == expected
