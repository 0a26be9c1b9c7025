"""Which tiles to call for the products of a stage, and how their weights are packed."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

from elman.backends.llvm.lower.layout import Layout, Panel, PanelPart
from elman.ir import Accumulator, Product, View

MAX_VECTORS = 4  # the widest tile
Locate = Callable[
    [View], tuple[Hashable, int]
]  # where a vector lies: what it is part of, and its place there


class Term(NamedTuple):
    """A vector times weights that lie side by side in columns.

    Attributes:
        vector: The vector; what belongs to the weights follows in memory.
        weights: Each with its number of columns.
    """

    vector: View
    weights: tuple[tuple[View, int], ...]

    @property
    def columns(self) -> tuple[int, ...]:
        """How many columns each weight has."""
        return tuple(count for _, count in self.weights)


class Call(NamedTuple):
    """One call of a tile: one vector of each row times the weights of some neighbouring accumulators.

    Attributes:
        vector: The vector.
        num_columns: Its length.
        first: The first accumulator.
        num_sums: How many there are.
        panel: Number of the packed weights.
        adds: Whether the sums have begun.
    """

    vector: View
    num_columns: int
    first: int
    num_sums: int
    panel: int
    adds: bool


class Plan(NamedTuple):
    """The calls of a stage.

    Attributes:
        order: The accumulators, in the order in which they lie side by side.
        calls: What fills them.
        num_vectors: How many vectors of features of each one pass fills.
        num_rows: M, the features of an accumulator.
    """

    order: tuple[Accumulator, ...]
    calls: tuple[Call, ...]
    num_vectors: int
    num_rows: int


def plan_products(
    accumulators: Sequence[Accumulator], size: int, locate: Locate, layout: Layout, num_lanes: int
) -> Plan:
    """Deal the products of a stage to calls of tiles.

    Accumulators that read the same vectors lie side by side, and one call serves as many of them as a tile
    is wide. Each accumulator adds its terms in its own order; vectors that follow one another in memory are
    one longer vector.

    Args:
        accumulators: The sums of products.
        size: Features of each, M.
        locate: Says where a vector lies.
        layout: Collects the panels.
        num_lanes: Numbers in a vector.
    """
    terms = {accumulator.value: _terms(accumulator.products, locate) for accumulator in accumulators}
    order = sorted(accumulators, key=lambda a: [term.vector for term in terms[a.value]])
    ordered = [terms[accumulator.value] for accumulator in order]
    groups = list(_groups(ordered))
    most = max(stop - first for first, stop, _ in groups)
    blocks = -(-size // num_lanes)
    width = max(MAX_VECTORS // most, 1)
    width = -(-blocks // -(-blocks // width))  # as even as possible
    calls = []
    for first, stop, number in groups:
        own = [each[number] for each in ordered[first:stop]]
        parts = tuple(part for place, term in enumerate(own) for part in _parts(term, place, layout))
        num_columns = sum(own[0].columns)
        panel = layout.panel(Panel(parts, len(own), size, num_columns, width))
        calls.append(Call(own[0].vector, num_columns, first, stop - first, panel, number > 0))
    layout.num_sums = max(layout.num_sums, len(order) * width)
    return Plan(tuple(order), tuple(calls), width, size)


def _terms(products: Sequence[Product], locate: Locate) -> list[Term]:
    """Join neighbours: products whose vectors follow one another in memory."""
    terms: list[Term] = []
    for product in products:
        weight = product.weight, product.num_columns
        if terms:
            whole, place = locate(terms[-1].vector)
            if locate(product.vector) == (whole, place + sum(terms[-1].columns)):
                terms[-1] = terms[-1]._replace(weights=(*terms[-1].weights, weight))
                continue
        terms.append(Term(product.vector, (weight,)))
    return terms


def _parts(term: Term, place: int, layout: Layout) -> Iterator[PanelPart]:
    first_column = 0
    for weight, num_columns in term.weights:
        stride_m, stride_k = weight.strides
        parameter = layout.parameter(weight.buffer)
        yield PanelPart(parameter, weight.offset, stride_m, stride_k, place, first_column, num_columns)
        first_column += num_columns


def _groups(ordered: Sequence[Sequence[Term]]) -> Iterator[tuple[int, int, int]]:
    """Yield runs of neighbours that read the same vector next: (first, stop, number of the term)."""
    done = [0] * len(ordered)
    while any(place < len(terms) for place, terms in zip(done, ordered, strict=True)):
        first = next(n for n, terms in enumerate(ordered) if done[n] < len(terms))
        number = done[first]
        stop = first + 1
        wanted = ordered[first][number]
        while stop < len(ordered) and _reads_next(ordered[stop], done[stop], number, wanted):
            stop += 1
        # Equal shares: three and three, not four and two.
        shares = -(-(stop - first) // MAX_VECTORS)
        share = -(-(stop - first) // shares)
        for begin in range(first, stop, share):
            yield begin, min(begin + share, stop), number
        for place in range(first, stop):
            done[place] += 1


def _reads_next(terms: Sequence[Term], done: int, number: int, wanted: Term) -> bool:
    if done != number or done >= len(terms):
        return False
    return (terms[done].vector, terms[done].columns) == (wanted.vector, wanted.columns)
