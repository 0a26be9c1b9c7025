"""Block-diagonal products -> one plain product a block."""

from elman.errors import GraphError
from elman.ir import Node, StepGraph
from elman.passes import views
from elman.passes.rewriting import Rewriter, Rule, rewrite

MAX_BLOCKS = 32


def split_blocks(graph: StepGraph) -> StepGraph:
    """block_linear(v, W) -> concat(linear(v[0], W[0]), linear(v[1], W[1]), ...), and a bias -> a sum.

    After it every product is a linear map of one vector, without a bias.

    Cost: one walk; as many products as there are blocks.

    Args:
        graph: The step, forward or backward.

    Raises:
        GraphError: There are more blocks than are worth a product each.
    """
    return rewrite(graph, RULES)


def _block_linear(rewriter: Rewriter, node: Node) -> int:
    vector, weight = node.operands
    blocks, rows, columns = rewriter.type_of(weight).shape
    leading = rewriter.type_of(vector).shape[:-2]
    if blocks > MAX_BLOCKS or leading:
        raise GraphError(f"{blocks} blocks of {rows} x {columns} are too many products.")
    products = []
    for block in range(blocks):
        cut = {"axis": 0, "start": block, "stop": block + 1, "step": 1}
        part = rewriter.emit("reshape", rewriter.emit("slice", vector, **cut), shape=(columns,))
        matrix = rewriter.emit("reshape", rewriter.emit("slice", weight, **cut), shape=(rows, columns))
        products.append(rewriter.emit("linear", part, matrix))
    return rewriter.emit("reshape", rewriter.emit("concat", *products, axis=0), shape=(blocks, rows))


def _linear(rewriter: Rewriter, node: Node) -> int | None:
    vector, weight, *bias = node.operands
    return rewriter.emit("add", rewriter.emit("linear", vector, weight), *bias) if bias else None


RULES: dict[str, Rule] = {**views.RULES, "block_linear": _block_linear, "linear": _linear}
