"""Large blocks of memory: used again when they are free, and never before."""

import gc
import os
import threading

import pytest
import torch

from elman.backends.llvm import blocks
from elman.backends.llvm.blocks import borrow

COUNT = blocks.LARGE // 4 + 1


def test_a_block_is_used_again_once_it_is_free():
    first = borrow(COUNT, torch.float32)
    address = first.data_ptr()
    other = borrow(COUNT, torch.float32)
    assert other.data_ptr() != address
    del first
    again = borrow(COUNT, torch.float32)
    assert again.data_ptr() == address
    assert again.shape == (COUNT,)
    assert again.dtype == torch.float32


def test_a_view_keeps_its_block():
    first = borrow(COUNT, torch.float32)
    view = first[1:3].fill_(7.0)
    del first
    gc.collect()
    borrow(COUNT, torch.float32).zero_()
    assert view.tolist() == [7.0, 7.0]


def test_what_autograd_keeps_is_not_given_away():
    leaf = torch.ones(COUNT, requires_grad=True)
    factor = borrow(COUNT, torch.float32).fill_(3.0)
    product = leaf * factor
    del factor
    gc.collect()
    borrow(COUNT, torch.float32).zero_()
    (gradient,) = torch.autograd.grad(product.sum(), leaf)
    assert bool((gradient == 3.0).all())


def test_no_more_waits_than_the_limit(monkeypatch: pytest.MonkeyPatch):
    pool = blocks._Blocks()
    monkeypatch.setattr(blocks, "MOST", 5 * blocks.LARGE)
    for factor in (2, 2, 2, 6, 1):
        block = pool.take(factor * blocks.LARGE).base
        assert block is not None
        pool.give_back(block)
        waiting = sum(block.nbytes for waits in pool._free.values() for block in waits)
        assert waiting == pool._num_bytes <= blocks.MOST
    assert waiting > 0


def test_sizes_are_rounded_up_by_a_quarter_at_most():
    for size in (1, 5, blocks.LARGE, blocks.LARGE + 1, 123_456_789):
        assert size <= blocks._round(size) <= 1.25 * size
    assert blocks._round(1000 * blocks.LARGE + 1) == blocks._round(1001 * blocks.LARGE)


def test_threads_never_share_a_block():
    wrong = []

    def run(number: int) -> None:
        for _ in range(200):
            tensor = borrow(COUNT, torch.float32)
            tensor[::1000] = number
            if not bool((tensor[::1000] == number).all()):
                wrong.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_finds_the_lock_open():
    with blocks._blocks._lock:
        child = os.fork()
        if not child:
            thread = threading.Thread(target=borrow, args=(COUNT, torch.float32), daemon=True)
            thread.start()
            thread.join(20)
            os._exit(int(thread.is_alive()))
    assert os.waitpid(child, 0)[1] == 0
