"""The processor that machine code is written for: its registers, and whether the kernels suit it."""

import platform
import re
from dataclasses import dataclass
from functools import cache

import llvmlite.binding as llvm

# Asked of the code generator, so that no table of processors has to be kept.
PROBE = """
define <16 x float> @probe(<16 x float> %a, <16 x float> %b, <16 x float> %c) {
  %d = call <16 x float> @llvm.fma.v16f32(<16 x float> %a, <16 x float> %b, <16 x float> %c)
  ret <16 x float> %d
}
declare <16 x float> @llvm.fma.v16f32(<16 x float>, <16 x float>, <16 x float>)
"""
# What a fused multiply-add looks like, with the bytes and the number of its vector registers.
REGISTERS = {r"vfmadd\w+\s+%zmm": (64, 32), r"vfmadd\w+\s+%ymm": (32, 16), r"fmla\s+v": (16, 32)}


@dataclass(frozen=True)
class Target:
    """A processor, as the code generator sees it.

    Args:
        triple: The architecture and system, as LLVM writes them.
        cpu: LLVM's name of the processor.
        features: Instruction sets beyond those of the name.
        vector_bytes: Size of a vector register: 64, 32 or 16.
        num_registers: How many vector registers there are: 32 or 16.
        is_supported: Whether it multiplies and adds vectors in one instruction (x86-64-v3, NEON). Elsewhere
            `llvm.fma` is a call of the C library for each number, and the eager loop is faster.
    """

    triple: str
    cpu: str
    features: str
    vector_bytes: int
    num_registers: int
    is_supported: bool

    def num_lanes(self, real: str) -> int:
        """Return how many numbers a vector register holds; `real` is "float32" or "float64"."""
        return self.vector_bytes // {"float32": 4, "float64": 8}[real]


@cache
def target(cpu: str | None = None, triple: str | None = None) -> Target:
    """Describe the processor this process runs on, or another one.

    Args:
        cpu: LLVM's name of an older processor of the same architecture, such as "haswell".
        triple: Another architecture, whose assembly can be read but not run.
    """
    is_host = cpu is None and triple is None
    # LLVM avoids 512-bit vectors on processors that clock down under them; our products win all the same.
    features = llvm.get_host_cpu_features().flatten() if is_host else ""
    features += ",-prefer-256-bit" if is_host and platform.machine().lower() in {"x86_64", "amd64"} else ""
    cpu = llvm.get_host_cpu_name() if is_host else cpu or ""
    triple = triple or _process_triple()
    assembly = _emit_probe(triple, cpu, features)
    found = next((size for shape, size in REGISTERS.items() if re.search(shape, assembly)), None)
    return Target(triple, cpu, features, *(found or (16, 16)), is_supported=found is not None)


def create_machine(target: Target) -> llvm.TargetMachine:
    """Create LLVM's own object for the target."""
    return _create_machine(target.triple, target.cpu, target.features)


def _create_machine(triple: str, cpu: str, features: str) -> llvm.TargetMachine:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    # Small and position-independent, so that constants are operands relative to the instruction. The linker
    # puts code and constants in one stretch of memory: they are always in reach.
    chosen = llvm.Target.from_triple(triple)
    return chosen.create_target_machine(cpu, features, opt=2, reloc="pic", codemodel="small", jit=True)


def _process_triple() -> str:
    triple = llvm.get_process_triple()
    return triple if llvm.get_object_format(triple) == "ELF" else f"{triple}-elf"  # all that the JIT reads


def _emit_probe(triple: str, cpu: str, features: str) -> str:
    module = llvm.parse_assembly(PROBE, llvm.create_context())
    return _create_machine(triple, cpu, features).emit_assembly(module)
