"""Passes that leave less to compute and change no bit."""

from collections.abc import Collection
from dataclasses import replace

from elman.ir import Node, StepGraph
from elman.passes import views
from elman.passes.rewriting import Rewriter, Rule, drop_unread, rewrite


def simplify(graph: StepGraph, observed: Collection[str] = ()) -> StepGraph:
    """Views of views, double negations, marks and values nobody reads -> gone; equal nodes -> one.

    Arithmetic is left alone but for the sign of a constant: x + 0 is not x where x is -0, and a sum folded in
    float64 is not the sum in float32.

    Cost: one walk; a few look-ups a node.

    Args:
        graph: The graph.
        observed: Names of the observed values that are kept.
    """
    kept = tuple((name, value) for name, value in graph.observed if name in observed)
    return rewrite(drop_unread(replace(graph, observed=kept)), RULES)


def share(graph: StepGraph) -> StepGraph:
    """Nodes of one op, operands and attributes -> the first of them, with its source.

    Cost: one walk; one look-up a node.

    Args:
        graph: The graph.
    """
    return rewrite(graph, {})


def _double(rewriter: Rewriter, node: Node) -> int | None:
    inner = rewriter.node(node.operands[0])
    return inner.operands[0] if inner and inner.op == node.op else None


def _negation(rewriter: Rewriter, node: Node) -> int | None:
    inner = rewriter.node(node.operands[0])
    if inner and inner.op == "constant":
        value = inner.attributes["value"]
        return rewriter.emit("constant", value=-value)  # pyright: ignore[reportOperatorIssue]
    return _double(rewriter, node)


def _mark(_: Rewriter, node: Node) -> int:
    # Which value has the name stands in the graph's own list.
    return node.operands[0]


RULES: dict[str, Rule] = {
    **views.RULES,
    "neg": _negation,
    "logical_not": _double,
    "observe": _mark,
}
