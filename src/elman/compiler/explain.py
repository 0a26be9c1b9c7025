"""What the compiler makes of a cell, for people."""

import torch

from elman.backends.llvm.target import target
from elman.cells import Cell
from elman.compiler.call import REALS
from elman.compiler.kernels import kernel
from elman.compiler.options import chosen_cpu
from elman.compiler.recordings import Recorded, recorded
from elman.errors import GraphError, OptionError, TraceError
from elman.ir import print_graph, print_plan
from elman.passes import canonical, differentiate, plan, save

STAGES = ("graph", "canonical", "gradient", "plan", "llvm", "assembly")


def explain(cell: Cell, backend: str = "auto") -> str:
    """Say which backend runs a cell, and why not a faster one.

    Args:
        cell: The cell.
        backend: What the layer asks for.
    """
    plain = f"{type(cell).__name__}.forward runs once for each time step"
    if backend == "eager":
        return f"eager: {plain}, as asked."
    try:
        known = recorded(cell)
        reason = _why_not(cell, known)
        if reason is None:
            kernel(known, _all_parameters(known), REALS[known.recording.dtype], chosen_cpu())
            return f"llvm: {_describe(cell, known)}"
    except (TraceError, GraphError) as error:
        reason = str(error)
    return f"eager: {plain}, because {reason}"


def show(cell: Cell, stage: str) -> str:
    """Return one stage of a cell's way to machine code, as text.

        graph       the step, as it was recorded
        canonical   the same with one form of products
        gradient    the step back
        plan        what is computed before, in and after the loop over time
        llvm        the code as LLVM text
        assembly    the code as the processor runs it

    Args:
        cell: The cell.
        stage: Its name.

    Raises:
        OptionError: There is no such stage.
        TraceError: The cell cannot be recorded.
        GraphError: No machine code can be made of it.
    """
    if stage not in STAGES:
        raise OptionError(f"`stage` must be one of {', '.join(map(repr, STAGES))}, but it is {stage!r}.")
    known = recorded(cell)
    wanted = _all_parameters(known) | {"input"}
    graph = canonical(known.graph)
    if stage == "graph":
        return print_graph(known.graph)
    if stage == "canonical":
        return print_graph(graph)
    if stage == "gradient":
        return print_graph(save(graph, differentiate(graph, wanted)).graph)
    if stage == "plan":
        return print_plan(plan(known.graph, wanted))
    if reason := _why_not(cell, known):
        raise GraphError(reason)
    made = kernel(known, wanted, REALS[known.recording.dtype], chosen_cpu()).kernel
    return made.text if stage == "llvm" else made.library.assembly


def _all_parameters(known: Recorded) -> frozenset[str]:
    return frozenset(known.names["parameter"])


def _why_not(cell: Cell, known: Recorded) -> str | None:
    devices = {tensor.device.type for tensor in known.parameters(cell)}
    if devices - {"cpu"}:
        return f"there are no kernels for {', '.join(sorted(devices))}."
    if known.recording.dtype not in REALS:
        return f"there are no kernels for {known.recording.dtype}."
    if not target(chosen_cpu()).is_supported:
        return "the processor has no fused multiply-add of vectors."
    return None


def _describe(cell: Cell, known: Recorded) -> str:
    processor = target(chosen_cpu())
    real = REALS[known.recording.dtype]
    planned = plan(known.graph, _all_parameters(known))
    back = planned.gradient.loop.stages if planned.gradient else ()
    before = "what depends on the input alone before it, " if planned.before else ""
    return (
        f"{type(cell).__name__} runs as one kernel through time, {before}"
        f"{_count(len(planned.loop.stages))} over the features at each step and {_count(len(back))} on the "
        f"way back ({real}, {processor.num_lanes(real)} numbers in a vector, {_threads()})."
    )


def _count(number: int) -> str:
    return "1 loop" if number == 1 else f"{number} loops"


def _threads() -> str:
    number = torch.get_num_threads()
    return "1 thread" if number == 1 else f"up to {number} threads"
