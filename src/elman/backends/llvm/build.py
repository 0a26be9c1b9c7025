"""LLVM text -> machine code in this process. Equal text is built once."""

import os
import threading
from collections.abc import Callable, Mapping
from functools import cache

import llvmlite.binding as llvm

from elman.backends.llvm.symbols import Symbols, read_symbols
from elman.backends.llvm.target import Target, create_machine, target
from elman.errors import GraphError

ALLOWED = frozenset({"memset", "memcpy", "memmove"})


class BuildError(GraphError):
    """LLVM text is no valid module, or asks for a function that nobody gives, or a name is not in it."""


class Library:
    """Machine code that was built from one text. It stays in memory as long as the process.

    Args:
        addresses: The names in it, and where what they mean begins.
        assemble: Writes the same code as assembly.
    """

    def __init__(self, addresses: Mapping[str, int], assemble: Callable[[], str]):
        self._addresses = addresses
        self._assemble = assemble

    def address(self, name: str) -> int:
        """Return where the function or table called `name` begins.

        Raises:
            BuildError: There is none of that name.
        """
        if name not in self._addresses:
            names = ", ".join(sorted(self._addresses))
            raise BuildError(f"`name` must be one of {names}, but it is {name!r}.")
        return self._addresses[name]

    @property
    def assembly(self) -> str:
        """The machine code to read, written anew at each call."""
        return self._assemble()


_libraries: dict[tuple[str, Target], Library] = {}
_lock = threading.Lock()
if hasattr(os, "register_at_fork"):  # a child forked while another thread builds must find the lock open
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


def build(text: str, cpu: str | Target | None = None, *, quick: bool = False) -> Library:
    """Compile LLVM text, or return what the same text gave before.

    Args:
        text: A module in LLVM's assembly language, without target lines.
        cpu: An older processor of this architecture, or LLVM's name of it; the one at hand without it.
        quick: Whether a few passes will do, a tenth of the time: for text that is written as it should run.

    Raises:
        BuildError: The text is no valid module, or something beyond memset, memcpy and memmove is undefined.
    """
    key = text, cpu if isinstance(cpu, Target) else target(cpu)
    with _lock:
        if key not in _libraries:
            _libraries[key] = _build(*key, quick)
        return _libraries[key]


def assemble(text: str, target: Target, *, quick: bool = False) -> str:
    """Return the optimised assembly of LLVM text, for a processor that need not be this one.

    Args:
        text: As for `build`.
        target: The processor.
        quick: As for `build`.

    Raises:
        BuildError: The text is no valid module.
    """
    machine = create_machine(target)
    return machine.emit_assembly(_optimise(text, machine, quick))


def _build(text: str, target: Target, quick: bool) -> Library:
    machine = create_machine(target)
    code = machine.emit_object(_optimise(text, machine, quick))
    symbols = read_symbols(code)
    # The linker would find any function of the process, such as an exponential of unknown accuracy.
    if unresolved := symbols.undefined - ALLOWED:
        calls = ", ".join(sorted(unresolved))
        raise BuildError(f"the module may call {', '.join(sorted(ALLOWED))}, but it calls {calls}.")
    return Library(_link(code, symbols), lambda: assemble(text, target, quick=quick))


def _link(code: bytes, symbols: Symbols) -> dict[str, int]:
    """Load an object and return where its names begin."""
    library = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
    for name in symbols.defined:
        library.export_symbol(name)
    tracker = library.link(_linker(), f"library {len(_libraries)}")
    tracker.detach()  # else the code is unloaded with the object
    return {name: tracker[name] for name in symbols.defined}


@cache
def _linker() -> llvm.LLJIT:
    """Return the linker of the process; it puts code and constants of an object in one stretch of memory."""
    return llvm.create_lljit_compiler(use_jit_link=True, suppress_errors=True)


def _optimise(text: str, machine: llvm.TargetMachine, quick: bool) -> llvm.ModuleRef:
    try:
        module = llvm.parse_assembly(text, llvm.create_context())
    except RuntimeError as error:
        raise BuildError(f"LLVM cannot read the module: {error}") from error
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    # Vectors and unrolling are written out in our texts already.
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = options.slp_vectorization = False
    options.loop_interleaving = options.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, options)
    passes = _few_passes() if quick else builder.getModulePassManager()
    passes.run(module, builder)
    return module


def _few_passes() -> llvm.ModulePassManager:
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_simplify_cfg_pass()
    passes.add_instruction_combine_pass()
    passes.add_loop_rotate_pass()
    return passes
