"""A step as a list of stages: loops over features, each finished before the next begins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from elman.ir.graph import Kind, StepGraph


class View(NamedTuple):
    """Where the numbers of a value lie, within one row of a buffer.

    Attributes:
        buffer: Which buffer, in the order of `StagedGraph.buffers`.
        offset: Where the first number is.
        strides: How far apart numbers are along each feature axis, 0 where they are repeated.
    """

    buffer: int
    offset: int
    strides: tuple[int, ...]


class Buffer(NamedTuple):
    """Memory for some numbers of each row.

    Attributes:
        name: Of the argument; of other values an @ and their number in the graph.
        size: How many numbers a row has.
        kind: That of the argument; "value" for what the step computes.
        per_row: Whether each row has its own.
    """

    name: str
    size: int
    kind: Kind | str
    per_row: bool


class Product(NamedTuple):
    """A weight (M, K) times a vector (K,), the vector's numbers side by side."""

    vector: View
    weight: View
    num_columns: int


class Accumulator(NamedTuple):
    """A sum of products, kept in registers.

    Attributes:
        value: What it is in the graph.
        products: Its terms, in the order of the sum.
    """

    value: int
    products: tuple[Product, ...]


class Store(NamedTuple):
    """A value written to memory, for a later stage or as a result."""

    value: int
    view: View


@dataclass(frozen=True)
class Stage:
    """One loop over features: products, then pointwise functions, then stores; or sums over features.

    Args:
        shape: The features it runs over; every value in it has this shape, or is a scalar.
        accumulators: Sums of products; the loop is then over a single axis.
        nodes: Values computed on the way, in order.
        stores: What is written.
        reductions: Values that are reduced from others of this stage, all over the same axes.
        axes: Those axes.
    """

    shape: tuple[int, ...]
    accumulators: tuple[Accumulator, ...] = ()
    nodes: tuple[int, ...] = ()
    stores: tuple[Store, ...] = ()
    reductions: tuple[int, ...] = ()
    axes: tuple[int, ...] = ()


@dataclass(frozen=True)
class StagedGraph:
    """A step graph with an order of work and a place in memory for what needs one.

    Args:
        graph: The step.
        buffers: Memory.
        views: Where a value lies, of those that have a place.
        stages: The work, in order.
        results: By name: "output", "states.0" and so on, and the names of the observed values.
    """

    graph: StepGraph
    buffers: tuple[Buffer, ...]
    views: Mapping[int, View]
    stages: tuple[Stage, ...]
    results: Mapping[str, View] = field(default_factory=dict)
