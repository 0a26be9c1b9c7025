"""LLVM text becomes code that runs; what would end the process is an error instead."""

import ctypes
import threading

import pytest
from native import TARGETS

from elman.backends.llvm.build import BuildError, assemble, build
from elman.backends.llvm.target import target
from elman.backends.llvm.tiles import tiles_module

HALF = """
define double @half(double %x) {
  %y = fmul double %x, 0.5
  ret double %y
}
"""
FMA = """
define void @fma(ptr %p) {
  %x = load <16 x float>, ptr %p, align 4
  %y = call <16 x float> @llvm.fma.v16f32(<16 x float> %x, <16 x float> %x, <16 x float> %x)
  store <16 x float> %y, ptr %p, align 4
  ret void
}
declare <16 x float> @llvm.fma.v16f32(<16 x float>, <16 x float>, <16 x float>)
"""
CLEAR = """
define void @clear(ptr %p, i64 %n) {
  call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 %n, i1 false)
  ret void
}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
"""
TABLE = HALF + "@table = constant [2 x ptr] [ptr @half, ptr null]"
LOCAL = "define internal double @inner(double %x) noinline {\n ret double %x\n}\n"


def run_half(address: int) -> float:
    return ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(address)(3.0)


@pytest.mark.parametrize("quick", [False, True])
def test_code_runs(quick: bool):
    assert run_half(build(f"; {quick}\n{HALF}", quick=quick).address("half")) == 1.5


def test_equal_text_is_built_once_for_each_target():
    assert build(HALF) is build(HALF)
    assert build(HALF) is not build(HALF, "haswell")
    assert build(HALF, "haswell") is build(HALF, target("haswell"))


def test_tables_hold_the_addresses():
    library = build(TABLE)
    table = (ctypes.c_int64 * 2).from_address(library.address("table"))
    assert list(table) == [library.address("half"), 0]


def test_memory_functions_may_be_called():
    memory = ctypes.create_string_buffer(b"x" * 10000, 10000)
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(build(CLEAR).address("clear"))
    function(ctypes.addressof(memory), 9000)
    assert memory.raw == b"\0" * 9000 + b"x" * 1000


@pytest.mark.parametrize("name", ["other", "", "inner", "memset"])
def test_unknown_name_is_an_error(name: str):
    with pytest.raises(BuildError, match="`name` must be one of half, but it is"):
        build(HALF + LOCAL).address(name)


def test_undefined_function_is_an_error():
    text = "define float @f(float %x) {\n %y = call float @llvm.exp.f32(float %x)\n ret float %y\n}\n"
    with pytest.raises(BuildError, match=r"may call memcpy, memmove, memset, but it calls expf\."):
        build(text + "declare float @llvm.exp.f32(float)")


@pytest.mark.parametrize("text", ["no LLVM", "define void @f() {\n ret i64 0\n}\n"])
def test_text_that_is_no_module_is_an_error(text: str):
    with pytest.raises(BuildError, match="LLVM cannot read the module"):
        build(text)


def test_many_threads_build_at_once():
    results: list[float] = []

    def run(number: int) -> None:
        results.append(run_half(build(f"; {number % 3}\n{HALF}").address("half")))

    threads = [threading.Thread(target=run, args=[number]) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [1.5] * 12


def test_targets():
    haswell = TARGETS.get("haswell") or pytest.skip("no x86-64")
    assert (haswell.vector_bytes, haswell.num_registers, haswell.is_supported) == (32, 16, True)
    assert (haswell.num_lanes("float32"), haswell.num_lanes("float64")) == (8, 4)
    assert not target("nehalem").is_supported
    assert (target("skylake-avx512").vector_bytes, target("skylake-avx512").num_registers) == (64, 32)


def test_widest_vectors_are_used():
    host = target()
    register = {64: "%zmm", 32: "%ymm", 16: "v"}[host.vector_bytes]
    assert register in build(FMA).assembly


def test_assembly_of_another_architecture_can_be_read():
    neon = target("neoverse-n1", "aarch64-unknown-linux-gnu")
    assert (neon.vector_bytes, neon.num_registers, neon.is_supported) == (16, 32, True)
    assembly = assemble(tiles_module("float32", neon), neon, quick=True)
    assert "fmla\tv" in assembly
    assert "fmaf" not in assembly
