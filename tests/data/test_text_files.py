"""Text of any encoding and line ending is read, or refused in one sentence."""

from pathlib import Path

import pytest

from elman.data.text import read_text
from elman.errors import DataError, OptionError


@pytest.mark.parametrize(
    ("content", "encoding", "text"),
    [
        (b"a\r\nb\rc\n", "utf-8", "a\nb\nc\n"),
        (b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe", "utf-8", "Grüße"),
        ("Grüße\n".encode("utf-16"), "utf-8", "Grüße\n"),
        ("Grüße\n".encode("utf-32"), "utf-8", "Grüße\n"),
        (b"\0\0\xfe\xff\0\0\0a", "utf-8", "a"),
        (b"\xfe\xff\0a", "latin-1", "a"),
        (b"Gr\xfc\xdfe", "latin-1", "Grüße"),
        ("日本語のテキスト".encode(), "utf-8", "日本語のテキスト"),
    ],
)
def test_text_is_decoded(tmp_path: Path, content: bytes, encoding: str, text: str):
    (tmp_path / "text").write_bytes(content)
    assert read_text(tmp_path / "text", encoding)[0] == text


def test_other_line_endings_are_told(tmp_path: Path):
    (tmp_path / "text").write_bytes(b"a\r\nb\r\n")
    assert [finding.message for finding in read_text(tmp_path / "text")[1]] == [
        "2 line endings of other systems (CR LF or CR) were read as line feeds."
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "text is empty."),
        (b"\xef\xbb\xbf", "text is empty."),
        (b"ab\ncd\xff", r"text is no text in utf-8 \(byte 0xff in line 2\); name its encoding, as in"),
        (b"ab\n\0", "text holds a zero byte in line 2, so it is no text; .* or read bytes: --unit byte"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, message: str):
    (tmp_path / "text").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_text(tmp_path / "text")


def test_absent_file_folder_and_encoding_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"There is no file .*text\."):
        read_text(tmp_path / "text")
    with pytest.raises(DataError, match="is a folder; give one text file"):
        read_text(tmp_path)
    (tmp_path / "text").write_bytes(b"a")
    with pytest.raises(OptionError, match="`encoding` must be one that Python knows, but it is 'klingon'"):
        read_text(tmp_path / "text", "klingon")
