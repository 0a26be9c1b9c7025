"""Which tiles to call for the products of a stage, and how their weights are packed."""

from collections.abc import Sequence
from typing import NamedTuple

from elman.backends.llvm.lower.layout import Layout, Panel, PanelPart
from elman.ir import Accumulator, StagedGraph, View

MAX_VECTORS = 4  # the widest tile


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
    accumulators: Sequence[Accumulator], size: int, staged: StagedGraph, layout: Layout, num_lanes: int
) -> Plan:
    """Deal the products of a stage to calls of tiles.

    Accumulators that read the same vectors lie side by side, and one call serves as many of them as a tile
    is wide. Each accumulator adds its terms in its own order.

    Args:
        accumulators: The sums of products.
        size: Features of each, M.
        staged: The graph they belong to.
        layout: Collects the panels.
        num_lanes: Numbers in a vector.
    """
    order = sorted(accumulators, key=lambda a: [product.vector for product in a.products])
    groups = list(_groups(order))
    most = max(stop - first for first, stop, _ in groups)
    blocks = -(-size // num_lanes)
    width = max(MAX_VECTORS // most, 1)
    width = -(-blocks // -(-blocks // width))  # as even as possible
    calls = []
    for first, stop, term in groups:
        products = [accumulator.products[term] for accumulator in order[first:stop]]
        parts = tuple(_part(product.weight, layout) for product in products)
        panel = layout.panel(Panel(parts, size, products[0].num_columns, width))
        calls.append(Call(products[0].vector, products[0].num_columns, first, stop - first, panel, term > 0))
    layout.num_sums = max(layout.num_sums, len(order) * width)
    return Plan(tuple(order), tuple(calls), width, size)


def _part(weight: View, layout: Layout) -> PanelPart:
    stride_m, stride_k = weight.strides
    return PanelPart(layout.parameter(weight.buffer), weight.offset, stride_m, stride_k)


def _groups(order: Sequence[Accumulator]):
    """Yield runs of neighbours that read the same vector next: (first, stop, number of the term)."""
    done = [0] * len(order)
    while any(place < len(a.products) for place, a in zip(done, order, strict=True)):
        first = next(n for n, a in enumerate(order) if done[n] < len(a.products))
        term = done[first]
        stop = first + 1
        vector = order[first].products[term].vector
        while stop < len(order) and _reads_next(order[stop], done[stop], term, vector):
            stop += 1
        # Equal shares: three and three, not four and two.
        shares = -(-(stop - first) // MAX_VECTORS)
        share = -(-(stop - first) // shares)
        for begin in range(first, stop, share):
            yield begin, min(begin + share, stop), term
        for number in range(first, stop):
            done[number] += 1


def _reads_next(accumulator: Accumulator, done: int, term: int, vector: View) -> bool:
    products = accumulator.products
    return done == term and done < len(products) and products[done].vector == vector
