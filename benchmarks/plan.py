"""Plans of a training step beside the step itself: memory in a fresh process, and time.

    python benchmarks/plan.py [--factor 1.5]

Each row is planned, then run as it was planned. The exit code is 1 if a plan is off by more than the factor.
Memory is what the process grows by at its height, weights apart; below some megabytes that is the allocator's
noise, so there are no such rows. Close other programs for the time: on a machine that others use, it is what
the others leave.
"""

from __future__ import annotations

import argparse
import ast
import time
from typing import Any

import torch

from elman import training
from elman.benchmark.fresh_process import call_in_fresh_process
from elman.benchmark.memory import peak_growth
from elman.training import PlannedMethod, SequenceBatch, plan
from elman.training.planning.shapes import make_input, make_network
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


def measure(network: list[Any], num_steps: int, batch_size: int, schedule: str) -> tuple[int, float]:
    """Return how much memory a pass lifts this process by, and the seconds of the next two, the lesser."""
    layer = make_network(*network)
    optimizer = torch.optim.Adam(layer.parameters())
    method = make_schedule(schedule)

    def run(length: int = num_steps) -> float:
        batch = SequenceBatch(make_input(layer, length, batch_size))
        begin = time.perf_counter()
        for part in method.parts(layer, batch):
            optimizer.zero_grad()
            part.backward(part.output.sum())
            optimizer.step()
        return time.perf_counter() - begin

    run(min(num_steps, 2 * (method.length or 8)))  # compiles, and makes the optimizer's moments
    optimizer.zero_grad()
    return peak_growth(run), min(run(), run())


def look_ahead(
    network: tuple[str, int, int, int], num_steps: int, batch_size: int, schedule: str
) -> tuple[PlannedMethod, float]:
    """Return a plan, and the seconds in it."""
    (row,) = plan(make_network(*network), num_steps, batch_size, methods=[make_schedule(schedule)])
    assert row.seconds is not None
    return row, row.seconds


def main() -> int:
    """Print a row for each plan; return whether one of them is off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--factor", type=float, default=1.5)
    factor = parser.parse_args().factor
    torch.set_num_threads(1)
    worst = 1.0
    print(f"{'':46}{'planned':>10}{'measured':>10}{'ratio':>7}{'planned':>12}{'measured':>10}{'ratio':>7}")
    for network, num_steps, batch_size, schedule in ROWS:
        row, expected = look_ahead(network, num_steps, batch_size, schedule)
        assert row.memory is not None, row.refusal
        memory = row.memory.total - row.memory.parameters - row.memory.optimizer
        grown, seconds = call_in_fresh_process(
            "plan", "measure", network, num_steps, batch_size, schedule, environment=ALLOCATOR
        )
        name = f"{network[0]} {network[2]} x {network[3]}, T={num_steps}, N={batch_size}, {schedule}"
        # Once more, in case the machine was busy just then.
        expected = min(expected, look_ahead(network, num_steps, batch_size, schedule)[1])
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
