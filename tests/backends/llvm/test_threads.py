"""Kernels run on torch's threads; a forked child runs them alone."""

import ctypes
import os
import sys
import warnings
from collections.abc import Iterator

import pytest
import torch

from elman.backends.llvm.build import build
from elman.backends.llvm.threads import num_threads, parallel_address

# Each call adds one.
COUNT = """
define void @count(ptr %data) {
  %old = atomicrmw add ptr %data, i64 1 seq_cst
  ret void
}
"""


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_number_of_threads_is_the_one_of_torch():
    assert num_threads() == 2


@pytest.mark.skipif(sys.platform != "linux", reason="torch's OpenMP is looked up on Linux alone")
@pytest.mark.parametrize("wanted", [1, 2, 4])
def test_each_thread_of_the_pool_runs_the_function(wanted: int):
    parallel = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint)
    calls = ctypes.c_int64(0)
    parallel(parallel_address())(build(COUNT).address("count"), ctypes.addressof(calls), wanted, 0)
    assert calls.value == wanted


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
@pytest.mark.usefixtures("two_threads")
def test_forked_child_uses_one_thread_and_can_build():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads, which is the point
        child = os.fork()
    if not child:
        build(f"; in a child\n{COUNT}")
        os._exit(num_threads())
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 1
    assert num_threads() == 2
