"""Plans of a training step beside the step itself: memory in a fresh process, and time.

    python benchmarks/plan.py [--factor 1.5] [--threads 2]

Each row is planned, then run as it was planned. The exit code is 1 if a plan is off by more than the factor.
Memory is what a process grows by at its height, weights apart; below some megabytes that is the allocator's
noise, so there are no such rows. Time is planned and measured in processes of their own: the one whose memory
is watched takes every piece from the system anew, and spends its time on that. Close other programs: on a
machine that others use, time is what the others leave.
"""

from __future__ import annotations

import argparse
import ast
import time
from collections.abc import Callable
from typing import Any

import torch

from elman import training
from elman.benchmark.fresh_process import call_in_fresh_process
from elman.benchmark.memory import peak_growth
from elman.training import TBPTT, SequenceBatch, plan
from elman.training.planning.shapes import make_input, make_network
from elman.training.through_time.schedule import Schedule
from elman.training.through_time.sizes import format_bytes

# Cell, I, H, layers; T, N; schedule.
ROWS: list[tuple[tuple[str, int, int, int], int, int, str]] = [
    (("lstm", 8, 64, 1), 2000, 16, "BPTT()"),
    (("lstm", 8, 64, 2), 5000, 16, "BPTT(32_000_000)"),
    (("gru", 8, 128, 2), 1000, 32, "BPTT()"),
    (("gru", 32, 32, 1), 50_000, 4, "BPTT()"),
    (("gru", 32, 32, 1), 50_000, 4, "TBPTT(2000)"),
    (("lstm", 8, 64, 1), 4000, 16, "TBPTT(100, 200)"),
    (("elman", 8, 256, 1), 2000, 32, "BPTT()"),
    (("elman", 16, 16, 1), 100_000, 1, "BPTT()"),
    (("indrnn", 64, 64, 1), 10_000, 8, "BPTT()"),
    (("indrnn", 64, 64, 1), 400, 16, "RTRL()"),
    (("gru", 4, 16, 1), 100, 8, "RTRL()"),
    (("lstm", 1, 64, 1), 100_000, 1, "BPTT(4_000_000)"),
]
# Else glibc keeps what was freed, and nobody sees it taken again.
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(2**16)}


def make_schedule(text: str) -> Any:
    """Return the schedule that a text such as "TBPTT(100)" names."""
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    return getattr(training, call.func.id)(*map(ast.literal_eval, call.args))


def make_pass(network: list[Any], num_steps: int, batch_size: int, schedule: str) -> Callable[[], float]:
    """Return what runs a pass through a batch and returns its seconds; what it needs is compiled."""
    layer = make_network(*network)
    optimizer = torch.optim.Adam(layer.parameters())
    method = make_schedule(schedule)

    def run(schedule: Schedule, length: int) -> float:
        batch = SequenceBatch(make_input(layer, length, batch_size))
        begin = time.perf_counter()
        for part in schedule.parts(layer, batch):
            optimizer.zero_grad()
            part.backward(part.output.sum())
            optimizer.step()
        return time.perf_counter() - begin

    # Compiles, and makes the optimizer's moments; so short that next to no memory is there for the pass.
    is_cut = isinstance(method, TBPTT)
    run(TBPTT(4, window=8 if method.window else None) if is_cut else method, 16)
    optimizer.zero_grad()
    return lambda: run(method, num_steps)


def measure_memory(threads: int, *planned: Any) -> int:
    """Return how many bytes a pass lifts this process by."""
    torch.set_num_threads(threads)
    return peak_growth(make_pass(*planned))


def measure_time(threads: int, *planned: Any) -> float:
    """Return the seconds of a pass, the least of three."""
    torch.set_num_threads(threads)
    run = make_pass(*planned)
    return min(run() for _ in range(3))


def look_ahead(
    threads: int, network: list[Any], num_steps: int, batch_size: int, schedule: str
) -> tuple[int, float]:
    """Return the bytes that a plan says, weights apart, and its seconds."""
    torch.set_num_threads(threads)
    (row,) = plan(make_network(*network), num_steps, batch_size, methods=[make_schedule(schedule)])
    assert row.memory is not None, row.refusal
    assert row.seconds is not None
    return row.memory.total - row.memory.parameters - row.memory.optimizer, row.seconds


def main() -> int:
    """Print a row for each plan; return whether one of them is off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--factor", type=float, default=1.5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    factor, threads = options.factor, options.threads
    worst = 1.0
    print(f"{'':46}{'planned':>10}{'measured':>10}{'ratio':>7}{'planned':>12}{'measured':>10}{'ratio':>7}")
    for network, num_steps, batch_size, schedule in ROWS:
        planned = (threads, network, num_steps, batch_size, schedule)
        memory, expected = call_in_fresh_process("plan", "look_ahead", *planned)
        grown = call_in_fresh_process("plan", "measure_memory", *planned, environment=ALLOCATOR)
        seconds = call_in_fresh_process("plan", "measure_time", *planned)
        # Once more, in case the machine was busy just then.
        expected = min(expected, call_in_fresh_process("plan", "look_ahead", *planned)[1])
        name = f"{network[0]} {network[2]} x {network[3]}, T={num_steps}, N={batch_size}, {schedule}"
        ratios = [grown / memory, seconds / expected]
        worst = max([worst, *ratios, *(1 / ratio for ratio in ratios)])
        print(
            f"{name:<46}{format_bytes(memory):>10}{format_bytes(grown):>10}{ratios[0]:>7.2f}"
            f"{expected:>11.3f}s{seconds:>9.3f}s{ratios[1]:>7.2f}",
            flush=True,
        )
    print(f"The worst is off by a factor of {worst:.2f}; {factor:g} is allowed.")
    return int(worst > factor)


if __name__ == "__main__":
    raise SystemExit(main())
