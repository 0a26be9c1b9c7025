"""A step graph run over sequences, without a gradient."""

from torch import Tensor

from elman.compiler.call import REALS, Arguments, Call
from elman.compiler.function import run_plain
from elman.compiler.options import chosen_cpu
from elman.compiler.recordings import Step
from elman.compiler.recurrence import why_not
from elman.compiler.running import run_forward
from elman.errors import GraphError


def run_graph(
    step: Step,
    arguments: Arguments,
    *,
    lengths: Tensor | None = None,
    resets: Tensor | None = None,
    backend: str = "auto",
) -> tuple[Tensor, list[Tensor]]:
    """Return the outputs of a step and its final states: by a kernel if one takes it, else op by op.

    Args:
        step: Any step, a cell's own or one that a pass has made.
        arguments: Its tensors, of one dtype on one device; a value that a sequence has at a step is flat.
        lengths: Of the sequences, (N,) on the CPU; all have T steps without it.
        resets: Where states start anew, (T, N) of bool; nowhere without it.
        backend: "auto", or "eager" for no kernel.

    Shape:
        output: (T, N, F). states: (N, F) each.
    """
    order = ends = None
    if lengths is not None:
        ends, order = lengths.sort(descending=True, stable=True)
    call = Call(step, None, False, order, ends, resets, chosen_cpu())
    if backend != "eager" and arguments.input.dtype in REALS and why_not(arguments.input) is None:
        try:
            output, states, _ = run_forward(call, arguments)
        except GraphError:  # no kernel takes this step
            pass
        else:
            return output, states
    output, *states = run_plain(call, arguments)
    return output, states
