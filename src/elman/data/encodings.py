"""Bytes of tables in any encoding -> UTF-8, or an error that says where they stop being text."""

from __future__ import annotations

from difflib import get_close_matches
from encodings.aliases import aliases

from elman.data.text import marked_encoding
from elman.errors import DataError, OptionError


def check_encoding(encoding: str | None) -> None:
    """Refuse the name of no encoding of text.

    Raises:
        OptionError: Python does not know it.
    """
    if encoding is None:
        return
    try:
        b"a".decode(encoding)
    except UnicodeError:
        return  # there is such a one, of which a single byte is no text
    except (LookupError, TypeError, ValueError) as error:
        known = [name.replace("_", "-") for name in {*aliases, *aliases.values()}]
        close = get_close_matches(str(encoding).casefold().replace("_", "-"), sorted(known), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise OptionError(
            f"`encoding` must be one that Python knows, such as 'windows-1252', but it is {encoding!r}.{hint}"
        ) from error


def as_utf8(data: bytes, where: str, encoding: str | None) -> bytes:
    """Return a text as UTF-8 without byte order mark.

    A byte order mark decides; bytes beyond ASCII that are UTF-8 are taken so; all else is of the `encoding`.

    Args:
        data: its bytes.
        where: the file's name, for messages.
        encoding: a name that Python knows; None refuses what is not UTF-8.

    Raises:
        DataError: the bytes are no such text.
        OptionError: there is no such encoding.
    """
    check_encoding(encoding)
    used = marked_encoding(data)
    if used is None:
        used = "utf-8" if encoding is None or _is_utf8_beyond_ascii(data) else encoding
    if used == "utf-8":
        _refuse_zeros(data, where)
    try:
        utf8 = data.decode(used).encode()
    except UnicodeError as error:
        raise DataError(_fault(where, used, error)) from error
    _refuse_zeros(utf8, where)
    return utf8


def _refuse_zeros(data: bytes, where: str) -> None:
    if b"\0" in data:
        raise DataError(
            f"{where} is no text: it holds zero bytes. Text in UTF-16 without its mark must be named: "
            "encoding='utf-16-le' (--encoding utf-16-le)."
        )


def _is_utf8_beyond_ascii(data: bytes) -> bool:
    try:
        return not data.decode("utf-8").isascii() and b"\0" not in data
    except UnicodeDecodeError:
        return False


def _fault(where: str, used: str, error: UnicodeError) -> str:
    name, place = "UTF-8" if used.startswith("utf-8") else used, ""
    if isinstance(error, UnicodeDecodeError):
        line = error.object.count(b"\n", 0, error.start) + 1
        place = f": byte 0x{error.object[error.start]:02x} in line {line:,}"
    if name != "UTF-8":
        return f"{where} is not {name}{place}; name another encoding= (--encoding)."
    return (
        f"{where} is not UTF-8{place}. Name its encoding, often that of Windows: encoding='windows-1252' "
        "(--encoding windows-1252)."
    )
