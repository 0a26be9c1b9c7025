"""Files and frames as tables."""

import re
from pathlib import Path

import polars as pl
import pytest

from elman.data.tables import read_table
from elman.errors import DataError

BYTES = b"t,y\n1,2.5\n2,\n"
FRAME = pl.DataFrame({"t": [1, 2], "y": [2.5, None]})


def written(tmp_path: Path, content: bytes, name: str = "table.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("as_type", [str, Path])
def test_csv(tmp_path: Path, as_type: type):
    assert read_table(as_type(written(tmp_path, BYTES))).equals(FRAME)


@pytest.mark.parametrize("name", ["table.parquet", "table.pq", "table", "table.csv"])
def test_parquet_is_known_by_its_content(tmp_path: Path, name: str):
    FRAME.write_parquet(tmp_path / name)
    assert read_table(tmp_path / name).equals(FRAME)


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path, BYTES)
    assert read_table("~/table.csv").equals(FRAME)


def test_categories_and_decimals_become_text_and_floats():
    frame = pl.DataFrame(
        {
            "a": pl.Series(["x", "y"], dtype=pl.Categorical),
            "b": pl.Series(["1.5", "2"]).cast(pl.Decimal(10, 2)),
        }
    )
    frame = frame.with_columns(pl.col("a").cast(pl.String).cast(pl.Enum(["x", "y"])).alias("c"))
    read = read_table(frame)
    assert read.schema == {"a": pl.String, "b": pl.Float64, "c": pl.String}
    assert read.rows() == [("x", 1.5, "x"), ("y", 2.0, "y")]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "t.csv", "is empty."),
        (b" \n\n", "t.csv", "is empty."),
        (b"\xef\xbb\xbf\n", "t.csv", "is empty."),
        (b"t,y\n", "t.csv", "has a header but no rows: columns 't', 'y'."),
        (BYTES, "t.parquet", "is named as a Parquet file but does not start as one (PAR1)."),
        (b"PAR1 and nothing else", "t.parquet", "starts as a Parquet file but is damaged"),
    ],
)
def test_bad_file(tmp_path: Path, content: bytes, name: str, message: str):
    with pytest.raises(DataError, match=re.escape(f"{tmp_path / name} {message}")):
        read_table(written(tmp_path, content, name))


def test_no_file(tmp_path: Path):
    with pytest.raises(DataError, match=r"^There is no file .*gone\.csv\.$"):
        read_table(tmp_path / "gone.csv")


def test_directory(tmp_path: Path):
    with pytest.raises(DataError, match="is a directory; name one CSV or Parquet file in it"):
        read_table(tmp_path)


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"cannot be read: Permission denied\."):
        read_table(written(tmp_path, BYTES))


def test_frame_without_rows():
    with pytest.raises(DataError, match="The table has a header but no rows: columns 't', 'y'"):
        read_table(FRAME.clear())
