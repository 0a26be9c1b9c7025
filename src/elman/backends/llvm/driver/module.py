"""The driver's module, built once for a real type and a processor."""

from dataclasses import dataclass
from functools import cache

from elman.backends.llvm.build import Library, build
from elman.backends.llvm.driver.packing import write_pack
from elman.backends.llvm.driver.reducing import write_add_pieces, write_reduce
from elman.backends.llvm.driver.running import (
    write_backward,
    write_finish,
    write_forward,
    write_run_step,
    write_take_resets,
)
from elman.backends.llvm.driver.tables import write_fill, write_num_live, write_sequence, write_time
from elman.backends.llvm.target import target
from elman.backends.llvm.tiles.writer import Module

PARTS = (
    *(write_num_live, write_time, write_sequence, write_fill, write_finish, write_take_resets),
    *(write_run_step, write_pack, write_reduce, write_add_pieces, write_forward, write_backward),
)


@dataclass(frozen=True)
class Driver:
    """The entries of the driver; each takes the address of a call.

    Args:
        library: Its machine code.
        forward: Runs a recurrence from the first step to the last.
        backward: Runs its gradient from the last step to the first.
    """

    library: Library
    forward: int
    backward: int


@cache
def load_driver(real: str, cpu: str | None = None) -> Driver:
    """Build the driver, or return what was built before.

    Args:
        real: "float32" or "float64".
        cpu: LLVM's name of an older processor; the one at hand without it.
    """
    module = Module(real, target(cpu))
    for write in PARTS:
        write(module)
    library = build(module.text(), cpu)
    return Driver(library, library.address("forward"), library.address("backward"))
