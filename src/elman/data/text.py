"""Text from a file: decoded, with one kind of line ending, or refused in a sentence."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from elman.data.findings import Finding
from elman.errors import DataError, OptionError

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # begins as the mark of UTF-16 does, so it comes first
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
_OTHER_LINE_ENDINGS = re.compile("\r\n|\r")


def read_bytes(path: str | Path) -> bytes:
    """Return what is in a file.

    Args:
        path: the file.

    Raises:
        DataError: it is absent, a folder, empty, or cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path} is a folder; give one text file.")
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path}.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not content:
        raise DataError(f"{path} is empty.")
    return content


def read_text(path: str | Path, encoding: str = "utf-8") -> tuple[str, tuple[Finding, ...]]:
    r"""Return the text of a file, lines ended by "\n" alone, and what was odd in it.

    A byte order mark decides over the encoding, and is left out.

    Args:
        path: the file.
        encoding: a name that Python knows.

    Raises:
        DataError: the file cannot be read, or its bytes are no text of that encoding.
        OptionError: there is no such encoding.
    """
    return decode_text(read_bytes(path), encoding, str(path))


def marked_encoding(content: bytes) -> str | None:
    """Return the encoding that the byte order mark of a text says; None without one.

    Example:
        >>> marked_encoding("no".encode("utf-16")), marked_encoding(b"no")
        ('utf-16', None)
    """
    return next((encoding for mark, encoding in _MARKS.items() if content.startswith(mark)), None)


def decode_text(content: bytes, encoding: str, where: str) -> tuple[str, tuple[Finding, ...]]:
    """Return a text, as `read_text` does, and what was odd in it.

    Args:
        content: its bytes.
        encoding: a name that Python knows.
        where: what the messages call it.

    Raises:
        DataError: the bytes are no text of that encoding.
        OptionError: there is no such encoding.
    """
    encoding = marked_encoding(content) or encoding
    try:
        text = content.decode(encoding)
    except LookupError as error:
        raise OptionError(f"`encoding` must be one that Python knows, but it is {encoding!r}.") from error
    except UnicodeError as error:
        raise DataError(f"{where} is no text in {encoding}{_place(content, error)}; {_WAYS_OUT}.") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{where} holds a zero byte in line {line}, so it is no text; {_WAYS_OUT}.")
    if not text:
        raise DataError(f"{where} is empty.")
    return unify_lines(text)


_WAYS_OUT = "name its encoding, as in --encoding latin-1, or read bytes: --unit byte"


def unify_lines(text: str) -> tuple[str, tuple[Finding, ...]]:
    r"""Return a text with "\n" for every kind of line ending, and a note if there was another.

    Args:
        text: any text.

    Example:
        >>> unify_lines("a\r\nb\rc\n")[0]
        'a\nb\nc\n'
    """
    unified, number = _OTHER_LINE_ENDINGS.subn("\n", text)
    if not number:
        return text, ()
    message = f"{number:,} line endings of other systems (CR LF or CR) were read as line feeds."
    return unified, (Finding("line_endings", message),)


def _place(content: bytes, error: UnicodeError) -> str:
    if not isinstance(error, UnicodeDecodeError):
        return ""
    line = content.count(b"\n", 0, error.start) + 1
    return f" (byte 0x{content[error.start]:02x} in line {line})"
