"""LLVM text, written as one writes C: integers with operators, loops and conditions as `with` blocks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from elman.backends.llvm.target import Target
from elman.backends.llvm.tiles.integer import Int

REALS = {"float32": "float", "float64": "double"}


class Module:
    """The text of a module, function by function.

    Args:
        real: "float32" or "float64".
        target: The processor it is for.
    """

    def __init__(self, real: str, target: Target):
        self.real = REALS[real]
        self.num_lanes = target.num_lanes(real)
        self.num_registers = target.num_registers
        self.num_bytes = target.vector_bytes // self.num_lanes
        self.declarations: set[str] = set()
        self.parts: list[str] = []

    def vector(self, num_lanes: int | None = None) -> str:
        """Return the type of so many numbers; of one register full without `num_lanes`."""
        return f"<{num_lanes or self.num_lanes} x {self.real}>"

    @contextmanager
    def function(
        self, name: str, *parameters: str, result: str = "void", local: bool = False
    ) -> Iterator[Function]:
        """Write a function of these typed parameters, `"ptr rows"`; it returns nothing unless told.

        Args:
            name: What it is called.
            parameters: Type and name of each.
            result: Type of what it returns.
            local: Whether it is seen in this module alone.
        """
        function = Function(self)
        yield function
        if result == "void":
            function.line("ret void")
        typed = ", ".join("{} %{}".format(*parameter.split()) for parameter in parameters)
        body = "\n".join([*function.slots, *function.lines])
        linkage = "internal " if local else ""
        self.parts.append(f"define {linkage}{result} @{name}({typed}) nounwind {{\n{body}\n}}\n")

    def text(self) -> str:
        """Return the whole module."""
        return "\n".join([*self.parts, *sorted(self.declarations)]) + "\n"


class Function:
    """The body of a function, line by line. Values are names; an address is that of a number.

    Args:
        module: Where it stands.
    """

    def __init__(self, module: Module):
        self.module = module
        self.slots: list[str] = []
        self.lines: list[str] = []
        self._num_names = 0

    def line(self, text: str) -> None:
        """Write one instruction without a value."""
        self.lines.append(text)

    def value(self, text: str) -> str:
        """Write one instruction and return the name of its value."""
        name = self._name("%v")
        self.line(f"{name} = {text}")
        return name

    def argument(self, *names: str) -> list[Int]:
        """Return integer parameters by their names."""
        return [Int(self, f"%{name}") for name in names]

    def constant(self, number: int) -> Int:
        """Return a number as an integer of this function."""
        return Int(self, str(number))

    def call(self, name: str, result: str, *typed: str) -> str:
        """Call a function of this module or of LLVM's own and return the name of its value."""
        if name.startswith("llvm."):
            types = ", ".join(argument.rsplit(" ", 1)[0] for argument in typed)
            self.module.declarations.add(f"declare {result} @{name}({types})")
        text = f"call {result} @{name}({', '.join(typed)})"
        if result == "void":
            self.line(text)
            return ""
        return self.value(text)

    def slot(self, kind: str) -> str:
        """Return the address of a variable; it becomes a register."""
        name = self._name("%slot")
        self.slots.append(f"{name} = alloca {kind}")
        return name

    def address(self, base: str, index: Int | int, kind: str | None = None) -> str:
        """Return the address of an element, of a number unless `kind` says otherwise."""
        return self.value(f"getelementptr {kind or self.module.real}, ptr {base}, i64 {index}")

    def load(self, address: str, kind: str | None = None, align: int | None = None) -> str:
        """Load a vector that may lie anywhere, or something of another type."""
        kind = kind or self.module.vector()
        return self.value(f"load {kind}, ptr {address}, align {align or self._alignment(kind)}")

    def store(self, value: str, address: str, kind: str | None = None, align: int | None = None) -> None:
        """Store what `load` would load."""
        kind = kind or self.module.vector()
        self.line(f"store {kind} {value}, ptr {address}, align {align or self._alignment(kind)}")

    def select(self, condition: str, value: Int | int, otherwise: Int | int) -> Int:
        """Return one of two integers."""
        return Int(self, self.value(f"select i1 {condition}, i64 {value}, i64 {otherwise}"))

    def select_pointer(self, condition: str, value: str, otherwise: str) -> str:
        """Return one of two addresses."""
        return self.value(f"select i1 {condition}, ptr {value}, ptr {otherwise}")

    @contextmanager
    def loop(self, start: Int | int, stop: Int | int, step: int = 1) -> Iterator[Int]:
        """Write a loop over start, start + step, ... below stop."""
        slot, head, body, end = self.slot("i64"), self._name("head"), self._name("body"), self._name("end")
        self.store(str(start), slot, "i64")
        self._jump(head)
        counter = Int(self, self.load(slot, "i64"))
        self.line(f"br i1 {counter < stop}, label %{body}, label %{end}")
        self._label(body)
        yield counter
        self.store(str(counter + step), slot, "i64")
        self.line(f"br label %{head}")
        self._label(end)

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """Write what is done under a condition."""
        body, end = self._name("then"), self._name("end")
        self.line(f"br i1 {condition}, label %{body}, label %{end}")
        self._label(body)
        yield
        self._jump(end)

    def leave(self) -> None:
        """Return from the function; what follows in this block is never reached."""
        self.line("ret void")
        self._label(self._name("after"))

    def _jump(self, label: str) -> None:
        self.line(f"br label %{label}")
        self._label(label)

    def _label(self, label: str) -> None:
        self.line(f"{label}:")

    def _name(self, stem: str) -> str:
        self._num_names += 1
        return f"{stem}{self._num_names}"

    def _alignment(self, kind: str) -> int:
        return 8 if kind in {"ptr", "i64"} else self.module.num_bytes
