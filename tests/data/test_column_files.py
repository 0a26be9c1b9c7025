"""Column files in all their dialects, and the messages of those that are none."""

from pathlib import Path

import pytest

from elman.data.column_files import read_column_file
from elman.errors import DataError


def read(folder: Path, content: str | bytes, **options: str) -> list[tuple[object, ...]]:
    path = folder / "steps.conll"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_column_file(path, **options).frame.rows()


TWO = [(1, "Anna", "B-PER"), (1, "sings", "O"), (2, "Oslo", "B-LOC")]


@pytest.mark.parametrize(
    "content",
    [
        "Anna B-PER\nsings O\n\nOslo B-LOC\n",
        "Anna B-PER\nsings O\n\nOslo B-LOC",
        "\n\nAnna B-PER\r\nsings   O\r\n \r\n\r\nOslo\tB-LOC\r\n",
        "\ufeffAnna\tB-PER\nsings\tO\n\nOslo\tB-LOC\n\n\n",
        "-DOCSTART- O\n\nAnna B-PER\nsings O\n\n-DOCSTART- O\n\nOslo B-LOC\n",
        "# a comment of five words\nAnna B-PER\nsings O\n\n# one\nOslo B-LOC\n",
    ],
)
def test_dialects_give_the_same_steps(tmp_path: Path, content: str):
    assert read(tmp_path, content) == TWO


def test_tabs_keep_blanks_inside_a_field(tmp_path: Path):
    assert read(tmp_path, "New York\tB-LOC\nis\tO\n") == [(1, "New York", "B-LOC"), (1, "is", "O")]


def test_any_delimiter_can_be_named(tmp_path: Path):
    assert read(tmp_path, "a b|X\n\nc|Y\n", delimiter="|") == [(1, "a b", "X"), (2, "c", "Y")]


def test_a_hash_sign_may_be_a_word(tmp_path: Path):
    rows = read(tmp_path, "# sentence\nwe O\n# O\n1 O\n")
    assert [word for _, word, _ in rows] == ["we", "#", "1"]


def test_quotes_are_words(tmp_path: Path):
    assert read(tmp_path, '" O\nyes O\n') == [(1, '"', "O"), (1, "yes", "O")]


def test_lines_that_are_left_out_are_told(tmp_path: Path):
    (tmp_path / "a").write_text("# text = a b c\na X\n")
    (finding,) = read_column_file(tmp_path / "a").findings
    assert finding.message == "1 line with a comment or a document's mark were left out."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty: it holds no line with a step"),
        ("\n \n# only a comment\n", "is empty: it holds no line with a step"),
        ("a X\nb\nc Y\nd\n", r"line 2: expected 2 fields as in line 1, got 1 \(2 such lines in all\)"),
        (b"a X\nb\xff Y\n", "is not UTF-8: byte 0xff in line 2"),
        (b"PK\x00\x01", "is no text: it holds zero bytes"),
    ],
)
def test_what_is_no_column_file_is_refused(tmp_path: Path, content: str | bytes, message: str):
    with pytest.raises(DataError, match=message):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8-sig", None), ("utf-16", None), ("utf-32", None), ("latin-1", "latin-1"), ("cp1252", "cp1252")],
)
def test_encodings(tmp_path: Path, encoding: str, said: str | None):
    (tmp_path / "a").write_bytes("Müller B-PER\nruft O\n".encode(encoding))
    frame = read_column_file(tmp_path / "a", encoding=said).frame
    assert frame["column_1"].to_list() == ["Müller", "ruft"]


def test_a_folder_and_no_file_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="is a directory; name one file in it"):
        read_column_file(tmp_path)
    with pytest.raises(DataError, match="There is no file"):
        read_column_file(tmp_path / "none.conll")
