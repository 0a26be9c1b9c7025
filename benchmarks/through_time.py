"""Ways to get a gradient through time, compared on one task; the page of the documentation about them.

    python benchmarks/through_time.py [--seconds 6] [--steps 1000000] [--page]

1. Delayed recall: the loss on fresh sequences against time and memory, each method with the same clock.
2. The gradient's error against the length of a segment or a window, beside the exact one.
3. The exact gradient of an LSTM with 64 units through a million steps in 16 MB, and plain BPTT's bits.

The figures go to docs/through-time.json, into docs/through-time.md and docs/through-time.svg; --page writes
the page and the plot anew from the figures that are there. Plain BPTT through a million steps takes 6 GB.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from svg import Line, Panel, draw
from torch import Tensor, nn

from elman import Recurrent
from elman.benchmark.suite import describe_machine
from elman.cells import GRUCell, LSTMCell
from elman.training import BPTT, RTRL, TBPTT, PerStep, Schedule, SequenceBatch, plan
from elman.training.through_time.sizes import format_bytes

DOCS = Path(__file__).parent.parent / "docs"
FIGURES, PAGE, PLOT = (DOCS / f"through-time.{kind}" for kind in ("json", "md", "svg"))
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

LAG, NUM_STEPS, BATCH_SIZE, HIDDEN_SIZE = 5, 200, 8, 12
RATE, NUM_LOOKS = 5e-3, 12
METHODS: list[Schedule] = [
    BPTT(),
    BPTT(memory="1MB"),
    TBPTT(50),
    TBPTT(10),
    TBPTT(10, window=50),
    PerStep(),
    RTRL(every=10),
]
LENGTHS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 400]


def recall(seed: int) -> SequenceBatch:
    """Return random signs, and what they were `LAG` steps before."""
    generator = torch.Generator().manual_seed(seed)
    signs = torch.randint(0, 2, (NUM_STEPS + LAG, BATCH_SIZE, 1), generator=generator) * 2.0 - 1
    return SequenceBatch(signs[LAG:], target=signs[:-LAG])


class Network:
    """A GRU and a linear read-out; the same weights at every start."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.layer, self.head = Recurrent(GRUCell(1, HIDDEN_SIZE)), nn.Linear(HIDDEN_SIZE, 1)
        self.optimizer = torch.optim.Adam([*self.layer.parameters(), *self.head.parameters()], lr=RATE)

    def train(self, method: Schedule, batch: SequenceBatch) -> None:
        """Make one pass, with an update after each part."""
        for part in method.parts(self.layer, batch):
            self.optimizer.zero_grad()
            assert part.target is not None
            part.backward(self.loss(part.output, part.target))
            self.optimizer.step()

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean squared error; 1 for a network that has learned nothing."""
        return (self.head(output) - target).square().mean()

    @torch.no_grad()
    def held_out_loss(self) -> float:
        """Return the loss on sequences that training never sees."""
        batch = recall(10**9)
        assert batch.target is not None
        return self.loss(self.layer(batch.input)[0][LAG:], batch.target[LAG:]).item()


def learn(method: Schedule, seconds: float) -> dict[str, Any]:
    """Train for some seconds; return the loss against the clock, and the memory of a step."""
    network, spent, num_passes = Network(), 0.0, 0
    network.train(method, recall(0))  # compiles
    network = Network()
    curve = [(0.0, network.held_out_loss())]
    while spent < seconds:
        batch = recall(1 + num_passes)
        begin = time.perf_counter()
        network.train(method, batch)
        spent, num_passes = spent + time.perf_counter() - begin, num_passes + 1
        if spent >= seconds * len(curve) / NUM_LOOKS:
            curve.append((spent, network.held_out_loss()))
    (row,) = plan(network.layer, NUM_STEPS, BATCH_SIZE, methods=[method], is_timed=False)
    assert row.memory is not None
    memory = {"total": row.memory.total, "gradient": row.memory.of_gradient}
    return {"curve": curve, "passes": num_passes, "memory": memory, "loss": curve[-1][1]}


def gradient_errors() -> dict[str, list[float]]:
    """Return the relative error of truncated gradients of one network, by segments and by windows."""
    torch.manual_seed(1)
    layer = Recurrent(LSTMCell(1, 32, forget_bias=1.0).double())
    batch = SequenceBatch(torch.randn(max(LENGTHS), 8, 1, dtype=torch.float64))
    exact = _gradient(layer, BPTT(), batch)
    segments = [TBPTT(length) for length in LENGTHS]
    windows = [TBPTT(min(length, 8), window=length) for length in LENGTHS]
    return {
        name: [((_gradient(layer, one, batch) - exact).norm() / exact.norm()).item() for one in methods]
        for name, methods in {"segment": segments, "window": windows}.items()
    }


def _gradient(layer: Recurrent, method: Schedule, batch: SequenceBatch) -> Tensor:
    """Return the gradient that the parts of a pass add up to, the weights held still."""
    layer.zero_grad()
    for part in method.parts(layer, batch):
        part.backward(part.output.square().sum())
    return torch.cat([one.grad.flatten() for one in layer.parameters() if one.grad is not None])


def through_a_million(num_steps: int) -> dict[str, Any]:
    """Return time and agreement of the gradient in 16 MB and of the plain one."""
    torch.manual_seed(2)
    layer = Recurrent(LSTMCell(1, 64).double())
    input = torch.randn(num_steps, 1, 1, dtype=torch.float64)
    found: dict[str, Any] = {"steps": num_steps}
    gradients = []
    for name, method in {"budget": BPTT(memory="16MB"), "plain": BPTT()}.items():
        layer(input[:2])[0].sum().backward()  # compiles
        layer.zero_grad()
        begin = time.perf_counter()
        with method:
            output, _ = layer(input)
        output.square().mean().backward()
        found[name] = time.perf_counter() - begin
        gradients.append([one.grad.clone() for one in layer.parameters() if one.grad is not None])
        del output
    found["equal bits"] = all(map(torch.equal, *gradients))
    errors = [(a - b).norm() / b.norm() for a, b in zip(*gradients, strict=True)]
    found["error"] = max(error.item() for error in errors)
    return found


def write_page(figures: Mapping[str, Any]) -> None:
    """Put the figures into the page, and draw them."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    PAGE.write_text(f"{head}{BEGIN}\n{render(figures)}\n{END}{tail}", encoding="utf-8")
    PLOT.write_text(plot(figures), encoding="utf-8")


def render(figures: Mapping[str, Any]) -> str:
    """Return the part of the page that was measured."""
    machine, long = figures["machine"], figures["long"]
    seconds = max(row["curve"][-1][0] for row in figures["learning"].values())
    lines = [
        f"Measured on one thread ({machine['processor']}) by `python benchmarks/through_time.py`.",
        "",
        f"Delayed recall of random signs, {LAG} steps back: GRU, H = {HIDDEN_SIZE}, T = {NUM_STEPS}, "
        f"N = {BATCH_SIZE}, {seconds:.0f} s of",
        "training each. The loss of a network that has learned nothing is 1.",
        "",
        "| method | loss | passes | memory of a step | of it for the gradient |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, row in figures["learning"].items():
        memory = row["memory"]
        sizes = f"{format_bytes(memory['total'])} | {format_bytes(memory['gradient'])}"
        lines.append(f"| `{name}` | {row['loss']:.2g} | {row['passes']:,} | {sizes} |")
    lines += [
        "",
        "Relative error of the gradient of an LSTM (forget bias 1) through 400 steps, by what is cut:",
        "",
        f"| steps | {' | '.join(map(str, figures['lengths']))} |",
        f"|---|{'---:|' * len(figures['lengths'])}",
    ]
    for name, errors in figures["errors"].items():
        lines.append(f"| {name} | {' | '.join(_short(error) for error in errors)} |")
    bits = "the same bits as" if long["equal bits"] else f"within {long['error']:.1e} of"
    lines += [
        "",
        "![Loss against time and memory, error against length](through-time.svg)",
        "",
        f"The exact gradient of an LSTM, H = 64, float64, through {long['steps']:,} steps in 16 MB: "
        f"{long['budget']:.1f} s, {bits} plain",
        f"BPTT, which takes {long['plain']:.1f} s: {long['budget'] / long['plain']:.2f} of its time.",
    ]
    return "\n".join(lines)


def _short(error: float) -> str:
    return f"{error:.1e}" if error > 1e-12 else "0"


def plot(figures: Mapping[str, Any]) -> str:
    """Draw loss against time, loss against memory, and the gradient's error against length."""
    learning: Mapping[str, Any] = figures["learning"]
    curves = [Line(name, row["curve"]) for name, row in learning.items()]
    points = [Line(name, [(row["memory"]["total"] / 1e6, row["loss"])]) for name, row in learning.items()]
    errors = [
        Line(name, [point for point in zip(figures["lengths"], found, strict=True) if point[1] > 1e-12])
        for name, found in figures["errors"].items()
    ]
    return draw(
        [
            Panel("loss against time", "seconds", curves),
            Panel("loss against memory", "MB at the height of a step", points),
            Panel("error of the gradient", "steps of a segment or window", errors, is_x_log=True),
        ]
    )


def measure(seconds: float, num_steps: int, methods: Sequence[Schedule] = METHODS) -> dict[str, Any]:
    """Return all figures."""
    learning = {}
    for method in methods:
        learning[repr(method)] = row = learn(method, seconds)
        print(f"{method!r:28} loss {row['loss']:.3g}, {row['passes']} passes", flush=True)
    errors = gradient_errors()
    long = through_a_million(num_steps)
    print(long)
    assert math.isfinite(long["error"])
    machine = describe_machine()
    return {"machine": machine, "learning": learning, "lengths": LENGTHS, "errors": errors, "long": long}


def main() -> None:
    """Measure, or read what was measured, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=6.0, help="of training, for each method")
    parser.add_argument("--steps", type=int, default=1_000_000, help="of the long gradient")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if not options.page:
        figures = measure(options.seconds, options.steps)
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    write_page(json.loads(FIGURES.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
