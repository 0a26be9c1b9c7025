"""Layers run from several threads at once, in forked and in spawned processes; nothing is shared but code."""

import copy
import gc
import multiprocessing
import os
import pickle
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from elman.cells import Cell, Gate, GRUCell, LSTMCell
from elman.compiler import recordings
from elman.layers import Recurrent

NUM_THREADS, NUM_ROUNDS = 4, 50
CAN_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@pytest.fixture(autouse=True, params=[1, 2])
def _num_threads(request: pytest.FixtureRequest) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


def make_layer(cell: type[Cell] = GRUCell) -> Recurrent:
    return Recurrent(cell(12, 32), backend="llvm")


def numbers(layer: Recurrent, input: Tensor) -> list[Tensor]:
    input = input.clone().requires_grad_()
    output, _ = layer(input)
    return [output.detach(), *torch.autograd.grad(output.sin().sum(), [input, *layer.parameters()])]


def equal(left: list[Tensor], right: list[Tensor]) -> bool:
    return all(map(torch.equal, left, right))


def in_threads(run: Callable[[int], object]) -> None:
    """Run a function on several threads at once; raise what one of them raised."""
    errors: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            run(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(NUM_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_one_layer_and_several_from_many_threads():
    shared = make_layer()
    layers = [make_layer(cell) for cell in (GRUCell, LSTMCell) * 2]
    inputs = [torch.randn(20, 24, 12) for _ in layers]
    expected = [numbers(shared, input) for input in inputs]
    own = [numbers(*pair) for pair in zip(layers, inputs, strict=True)]

    def run(number: int) -> None:
        for _ in range(NUM_ROUNDS):
            assert equal(numbers(shared, inputs[number]), expected[number])
            assert equal(numbers(layers[number], inputs[number]), own[number])

    in_threads(run)


def test_small_calls_from_many_threads():
    layer = make_layer()
    inputs = [torch.randn(2, 3, 12) for _ in range(NUM_THREADS)]
    state = torch.zeros(3, 32)
    with torch.no_grad():
        expected = [layer(input, state)[0] for input in inputs]

    def run(number: int) -> None:
        with torch.no_grad():
            for _ in range(4 * NUM_ROUNDS):
                assert torch.equal(layer(inputs[number], state)[0], expected[number])

    in_threads(run)


def make_class(factor: float) -> type[Cell]:
    class Fresh(Cell):
        def __init__(self, i: int, h: int):
            super().__init__(i, h)
            self.gate = Gate(i, h)

        def forward(self, input, state):
            state = torch.tanh(self.gate(input, state)) * factor
            return state, state

    return Fresh


@pytest.mark.parametrize("is_shared", [True, False])
def test_new_cells_from_many_threads(is_shared: bool):
    factors = torch.rand(NUM_THREADS).tolist()  # numbers that no cell before had
    layers = [make_layer(make_class(factors[0 if is_shared else k])) for k in range(NUM_THREADS)]
    if is_shared:
        layers = layers[:1] * NUM_THREADS
    input = torch.randn(4, 2, 12)
    found: dict[int, list[Tensor]] = {}
    in_threads(lambda number: found.update({number: numbers(layers[number], input)}))
    assert all(equal(found[number], numbers(layer, input)) for number, layer in enumerate(layers))


def in_child(run: Callable[[], bool], seconds: float = 30) -> int:
    """Run a function in a forked child; return its exit status, 0 for True, or kill it when time is up."""
    child = os.fork()
    if child == 0:
        status = 2
        try:
            status = 0 if run() else 1
        finally:
            os._exit(status)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise TimeoutError("the child hangs")


@CAN_FORK
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_runs_on_one_thread():
    layer, input = Recurrent(GRUCell(64, 128), backend="llvm"), torch.randn(20, 64, 64)
    small, state = input[:1].clone(), torch.zeros(64, 128)
    expected = numbers(layer, input)
    with torch.no_grad():
        step = layer(small, state)[0]
    assert in_child(lambda: equal(numbers(layer, input), expected)) == 0
    assert in_child(lambda: bool(torch.no_grad()(lambda: torch.equal(layer(small, state)[0], step))())) == 0
    assert in_child(lambda: len(numbers(make_layer(make_class(0.25)), input[..., :12])) > 0) == 0
    assert equal(numbers(layer, input), expected)


def run_pickled(text: bytes) -> bool:
    layer, input, expected = pickle.loads(text)
    return equal(numbers(layer, input), expected)


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_pickled_layer_in_another_process(method: str):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip("this system does not fork")
    layer, input = make_layer(), torch.randn(5, 3, 12)
    text = pickle.dumps((layer, input, numbers(layer, input)))
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply_async(run_pickled, (text,)).get(timeout=60)


def test_copies_hold_no_machine_code():
    layer, input = make_layer(), torch.randn(5, 3, 12)
    fresh = len(pickle.dumps(layer))
    expected = numbers(layer, input)
    assert len(pickle.dumps(layer)) == fresh
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert equal(numbers(twin, input), expected)


def test_a_layer_that_is_gone_leaves_no_recording():
    layer = make_layer()
    with torch.no_grad():
        layer(torch.randn(2, 3, 12), torch.zeros(3, 32))
    numbers(layer, torch.randn(5, 3, 12))
    known = weakref.ref(recordings.recorded(layer.cell))
    cell = weakref.ref(layer.cell)
    del layer
    gc.collect()
    assert cell() is None
    assert known() is None
