"""The one table of machine code in a process. No module holds any, so copying and pickling one is plain."""

import os
import threading

from elman.backends.llvm.kernel import compile_plan
from elman.backends.llvm.launch import Launcher
from elman.compiler.recordings import Step
from elman.errors import GraphError
from elman.passes import plan

Wanted = frozenset[str] | None
_kernels: dict[tuple[str, Wanted, str, str | None], Launcher | GraphError] = {}
_lock = threading.Lock()
if hasattr(os, "register_at_fork"):  # a child forked while another thread compiles must find the lock open
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


def kernel(recorded: Step, wanted: Wanted, real: str, cpu: str | None) -> Launcher:
    """Return the machine code of a recurrence; equal steps share it.

    Args:
        recorded: One step.
        wanted: Names of the arguments whose gradients are wanted; None for a forward pass alone.
        real: "float32" or "float64".
        cpu: LLVM's name of the processor; None for the one at hand.

    Raises:
        GraphError: No machine code can be made of it.
    """
    key = recorded.text, wanted, real, cpu
    known = _kernels.get(key)
    if known is None:
        with _lock:
            known = _kernels.get(key) or _make(recorded, wanted, real, cpu)
            _kernels[key] = known
    if isinstance(known, GraphError):
        raise known
    return known


def _make(recorded: Step, wanted: Wanted, real: str, cpu: str | None) -> Launcher | GraphError:
    try:
        return Launcher(compile_plan(plan(recorded.graph, wanted), real, cpu))
    except GraphError as error:
        return error
