"""The gradient of one time step, as a time step that runs backward."""

from dataclasses import dataclass
from typing import NamedTuple

from elman.ir.graph import StepGraph


class Range(NamedTuple):
    """start, start + step, ... below stop, along one axis."""

    axis: int
    start: int
    stop: int
    step: int


class SumGradient(NamedTuple):
    """The gradient of a part of an argument, one value for each row.

    It is summed over the rows where the argument is the same for all of them, and over the steps too where
    the argument is a parameter.

    Attributes:
        argument: Number of the parameter or step input in the forward graph.
        ranges: Which part of it, cut one after the other; all of it without any.
        gradient: Name of the observed value of the backward graph.
    """

    argument: int
    ranges: tuple[Range, ...]
    gradient: str


class ProductGradient(NamedTuple):
    """The gradient of a part of a weight: one product over all rows and steps, outside the loop.

    gradient (..., M) and vector (..., K) give (M, K); (..., G, M) and (..., G, K) give (G, M, K). For a
    weight that is read transposed, they give (K, M) and (G, K, M).

    Attributes:
        argument: Number of the parameter in the forward graph.
        ranges: Which part of it, cut one after the other; all of it without any.
        gradient: Name of the observed value of the backward graph.
        vector: Number of the value in the forward graph that was multiplied.
        is_transposed: Whether the part was multiplied with its last two axes exchanged.
    """

    argument: int
    ranges: tuple[Range, ...]
    gradient: str
    vector: int
    is_transposed: bool = False


@dataclass(frozen=True)
class StepGradient:
    """What one time step adds to the gradient of a loss.

    The backward step is a step graph like any other, so whatever takes one takes it: its input is the
    gradient of the output, its states are the gradients of the states (those of the new states enter, those
    of the old ones leave), its output is the gradient of the input. Values of the forward step enter as step
    inputs, parameters as parameters; all other gradients leave as observed values. A gradient that is zero
    for every loss is a broadcast 0 where the graph must have a result, and nothing elsewhere.

    Args:
        graph: The backward step.
        reads: The value of the forward graph for each step input and parameter, in the order of arguments.
        sums: Gradients of step inputs, and of parameters that are no weights.
        products: Gradients of weights.
    """

    graph: StepGraph
    reads: tuple[int, ...]
    sums: tuple[SumGradient, ...]
    products: tuple[ProductGradient, ...]
