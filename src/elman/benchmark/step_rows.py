"""One time step of one sequence, as a stream wants it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch

from elman.benchmark.kinds import KINDS, backend_of, make_pair
from elman.benchmark.measure import Pairing, draw, find_fault
from elman.benchmark.results import Row
from elman.benchmark.settings import BenchmarkSettings
from elman.benchmark.shapes import FOR_STEPS
from elman.benchmark.timing import time_in_turn
from elman.benchmark.work import work_of

_CALLS = 50  # a call takes as long as the clock's own; many calls do not


def step_rows(settings: BenchmarkSettings) -> Iterator[Row]:
    """Yield a row for each kind, without any gradient.

    Args:
        settings: Which kinds.
    """
    for kind in settings.kinds:
        peer, ours = make_pair(KINDS[kind], FOR_STEPS)
        backend = partial(backend_of, ours)
        pairing = Pairing(work_of("torch.nn", peer), work_of("elman", ours), None, False, backend)
        red = find_fault(pairing, "forward", *draw(FOR_STEPS, pairing.peer))
        if red:
            yield Row("step", KINDS[kind].title, FOR_STEPS, "us", {}, None, backend(), red=red)
            continue
        tasks = {"torch.nn": _stream(peer), "elman": _stream(ours)}
        timing = time_in_turn(tasks, settings.seconds / 2, settings.repeats)
        values = {name: 1e6 / _CALLS * timing.median(name) for name in tasks}
        ratio = timing.ratio("torch.nn", "elman")
        yield Row("step", KINDS[kind].title, FOR_STEPS, "us", values, ratio, backend())


def _stream(layer: torch.nn.Module) -> Callable[[], None]:
    def run() -> None:
        state = None
        with torch.no_grad():
            for _ in range(_CALLS):
                _, state = layer(input, state)

    input = torch.randn(FOR_STEPS[:3])
    return run
