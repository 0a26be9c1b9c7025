"""Products of many shapes -> one form: one vector, some rows and some columns of a weight."""

from typing import Any

from elman.ir import OPS, Node, StepGraph
from elman.passes import views
from elman.passes.rewriting import Rewriter, Rule, results, rewrite

VIEWS = ("slice", "reshape")


def split_products(graph: StepGraph) -> StepGraph:
    """A slice of a product -> a product with those rows; a product of a concat -> a sum over its columns.

    One Linear of four gates, four Linears, and a Linear of input and state side by side become one form:

        slice(linear(x, W, b))       ->  linear(x, slice(W), slice(b))
        linear(concat(x, h), W, b)   ->  linear(x, slice(W), b) + linear(h, slice(W))

    Slices without gaps move through pointwise ops to reach products. A value that is also read whole is
    computed whole: only its readers' slices remain. The range is a `slice` of the parameter argument, no
    attribute of the product: slices of slices fold by the rule they have anyway, and every op keeps its one
    meaning. A weight is cut first by rows, then by columns.

    Cost: one walk; overlapping slices compute the rows they share more than once.

    Args:
        graph: The graph. Numbers change by rounding where a sum is split, and by no bit elsewhere, as far as
            the product of some rows has the bits of the product of all.
    """
    return rewrite(graph, RULES, _read_whole(graph))


def _read_whole(graph: StepGraph) -> set[int]:
    """List the values of which all numbers are needed in one place."""
    whole = set(results(graph))
    for number in reversed(range(len(graph.arguments), graph.num_values)):
        node = graph.nodes[number - len(graph.arguments)]
        passes_views = node.op in VIEWS or (OPS[node.op].category == "pointwise" and number not in whole)
        if not passes_views:
            whole |= set(node.operands)
    return whole


def _slice(rewriter: Rewriter, node: Node) -> int | None:
    simpler = views.simplify_slice(rewriter, node)
    if simpler is not None or node.attributes["step"] != 1:
        return simpler
    inner = rewriter.node(node.operands[0])
    if inner and inner.op == "linear" and node.operands[0] not in rewriter.read_whole:
        return _slice_of_linear(rewriter, inner, **node.attributes)
    return _view_of_pointwise(rewriter, node)


def _slice_of_linear(rewriter: Rewriter, product: Node, **cut: Any) -> int:
    vector, *weights = product.operands
    if cut["axis"] < len(product.type.shape) - 1:
        return rewriter.emit("linear", rewriter.emit("slice", vector, **cut), *weights)
    rows = [rewriter.emit("slice", weight, **{**cut, "axis": 0}) for weight in weights]
    return rewriter.emit("linear", vector, *rows)


def _reshape(rewriter: Rewriter, node: Node) -> int | None:
    simpler = views.simplify_reshape(rewriter, node)
    return _view_of_pointwise(rewriter, node) if simpler is None else simpler


def _view_of_pointwise(rewriter: Rewriter, view: Node) -> int | None:
    (operand,) = view.operands
    inner = rewriter.node(operand)
    is_open = inner and OPS[inner.op].category == "pointwise" and operand not in rewriter.read_whole
    if not inner or not is_open or inner.type.shape == ():
        return None
    # A scalar stands for any shape.
    parts = [
        rewriter.emit(view.op, each, **view.attributes) if rewriter.type_of(each).shape else each
        for each in inner.operands
    ]
    return rewriter.emit(inner.op, *parts, **inner.attributes)


def _linear(rewriter: Rewriter, node: Node) -> int | None:
    vector, weight, *bias = node.operands
    inner = rewriter.node(vector)
    last = len(rewriter.type_of(vector).shape) - 1
    if not inner or inner.op != "concat" or inner.attributes["axis"] != last:
        return None
    begin, total = 0, None
    for part in inner.operands:
        end = begin + rewriter.type_of(part).shape[-1]
        columns = rewriter.emit("slice", weight, axis=1, start=begin, stop=end, step=1)
        product = rewriter.emit("linear", part, columns, *(bias if total is None else []))
        total = product if total is None else rewriter.emit("add", total, product)
        begin = end
    return total


RULES: dict[str, Rule] = {**views.RULES, "slice": _slice, "reshape": _reshape, "linear": _linear}
