"""Which names an ELF object defines and which it wants from elsewhere."""

import struct
from typing import NamedTuple

import llvmlite.binding as llvm

SYMBOL = struct.Struct("<IBBHQQ")  # name, info, other, section, value, size
LOCAL = 0  # binding of a name that is seen in the object alone


class Symbols(NamedTuple):
    """The names of an object.

    Attributes:
        defined: Global names it holds.
        undefined: Names that something else must hold.
    """

    defined: frozenset[str]
    undefined: frozenset[str]


def read_symbols(code: bytes) -> Symbols:
    """Read the symbol table of a 64-bit little-endian ELF object."""
    parsed = llvm.ObjectFileRef.from_data(code)
    sections = {section.name(): section.data() for section in parsed.sections()}
    strings = sections[b".strtab"]
    defined, undefined = set(), set()
    for name, info, _, section, _, _ in SYMBOL.iter_unpack(sections[b".symtab"]):
        if name and info >> 4 != LOCAL:
            text = strings[name : strings.index(b"\0", name)].decode()
            (defined if section else undefined).add(text)
    return Symbols(frozenset(defined), frozenset(undefined))
