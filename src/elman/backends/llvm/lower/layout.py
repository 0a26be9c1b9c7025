"""What a lowered step expects of its caller, besides rows."""

from dataclasses import dataclass
from typing import NamedTuple

from elman.ir import View


class Table(NamedTuple):
    """An array of pointers, one to each row: where its numbers of a buffer begin.

    Attributes:
        buffer: The buffer, in the order of the staged graph.
        offset: Of the first number, within the buffer's row.
    """

    buffer: int
    offset: int


class PanelPart(NamedTuple):
    """One weight in a panel.

    Attributes:
        parameter: Number of the parameter, in the order of `Program.parameters`.
        offset: Of the weight's first number.
        stride_m: Between its rows.
        stride_k: Between its columns.
        place: Which of the weights side by side it is, or is a part of.
        first_column: Its first column in the panel.
        num_columns: How many it has.
    """

    parameter: int
    offset: int
    stride_m: int
    stride_k: int
    place: int
    first_column: int
    num_columns: int


class Panel(NamedTuple):
    """Weights side by side, as the tiles read them: [block of rows][k][weight][vector of rows][lane].

    Attributes:
        parts: The weights, or parts of their columns.
        num_weights: How many weights lie side by side.
        num_rows: M.
        num_columns: K.
        num_vectors: How many vectors of rows of each weight one block has.
    """

    parts: tuple[PanelPart, ...]
    num_weights: int
    num_rows: int
    num_columns: int
    num_vectors: int

    def num_blocks(self, num_lanes: int) -> int:
        """Return how many blocks of rows there are."""
        return -(-self.num_rows // (self.num_vectors * num_lanes))

    def size(self, num_lanes: int) -> int:
        """Return how many numbers the panel holds."""
        width = self.num_vectors * num_lanes * self.num_weights
        return self.num_blocks(num_lanes) * self.num_columns * width


@dataclass(frozen=True)
class Program:
    """A function `void name(ptr context, ptr tables, i64 num_rows, ptr sums)`.

    `context` points to: the table of products, sizes, addresses of the parameters, addresses of the panels,
    and how many pointers lie between two tables. `sums` is space for the accumulators.

    Args:
        name: Of the function.
        tables: The tables of rows it reads, in order.
        parameters: The buffers that all rows share, in order.
        panels: Its packed weights.
        sizes: The numbers it was written without.
        num_sums: How many vectors of each row its accumulators take.
    """

    name: str
    tables: tuple[Table, ...]
    parameters: tuple[int, ...]
    panels: tuple[Panel, ...]
    sizes: tuple[int, ...]
    num_sums: int


class Layout:
    """Collects what a program expects while it is written."""

    def __init__(self) -> None:
        self.tables: list[Table] = []
        self.parameters: list[int] = []
        self.panels: list[Panel] = []
        self.sizes: list[int] = []
        self.num_sums = 0

    def table(self, view: View) -> int:
        """Return the number of the table of rows where a view of side-by-side numbers begins."""
        return _place(self.tables, Table(view.buffer, view.offset))

    def parameter(self, buffer: int) -> int:
        """Return the number of a parameter."""
        return _place(self.parameters, buffer)

    def size(self, number: int) -> int:
        """Return where a size stands; equal sizes share a place."""
        return _place(self.sizes, number)

    def panel(self, panel: Panel) -> int:
        """Return the number of a new panel."""
        self.panels.append(panel)
        return len(self.panels) - 1

    def finish(self, name: str) -> Program:
        """Return what was collected."""
        return Program(
            name,
            tuple(self.tables),
            tuple(self.parameters),
            tuple(self.panels),
            tuple(self.sizes),
            self.num_sums,
        )


def _place(known: list, item: object) -> int:
    if item not in known:
        known.append(item)
    return known.index(item)
