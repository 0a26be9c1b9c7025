"""The page of the layers: what each is, from its docstring, and how fast it trains beside the plain loop.

    python benchmarks/layers.py [--threads N] [--seconds S] [--page]

Training (forward and backward) at T = 100, N = 32, I = H = 64, cells GRU; both sides in turn in one process,
after a check that they agree. The figures go to docs/layers.json, the page to docs/layers.md; --page writes
the page anew from the figures that are there.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from elman import layers
from elman.benchmark.suite import describe_machine
from elman.benchmark.timing import time_in_turn
from elman.cells import GRUCell
from elman.cells.documentation import read_documentation
from elman.layers import GRU, LSTM, RNN, Bidirectional, ManyToOne, Recurrent, Stacked, Stateful

DOCS = Path(__file__).parent.parent / "docs"
FIGURES, PAGE = DOCS / "layers.json", DOCS / "layers.md"
T, N, H = 100, 32, 64
GROUPS = {
    "Over sequences": ("Recurrent", "RNN", "LSTM", "GRU", "Stacked", "Bidirectional", "Stateful"),
    "One step at a time": ("Stream",),
    "Several inputs": ("MultiInput", "IdentityEncoder", "LinearEncoder", "EmbeddingEncoder", "ConvEncoder"),
    "Convolution and recurrence": ("ConvRecurrent", "TimeDistributed", "ImageSweep"),
    "From one or many to one or many": ("OneToOne", "ManyToOne", "ManyToMany", "OneToMany"),
    "Encoder and decoder": ("EncoderDecoder", "FeedbackDecoder", "Bridge", "AdditiveAttention"),
    "Without training": ("RidgeReadout",),
}


def recurrent(backend: str) -> Recurrent:
    """Return one layer of GRU cells."""
    return Recurrent(GRUCell(H, H), backend=backend)


# By the name of a layer: it and its peer, with the same weights.
PAIRS: dict[str, Callable[[], tuple[nn.Module, nn.Module]]] = {
    "Recurrent": lambda: _loops(recurrent),
    "RNN": lambda: _torch(RNN, nn.RNN),
    "LSTM": lambda: _torch(LSTM, nn.LSTM),
    "GRU": lambda: _torch(GRU, nn.GRU),
    "Stacked": lambda: _loops(lambda backend: Stacked(recurrent(backend), recurrent(backend))),
    "Bidirectional": lambda: _loops(lambda backend: Bidirectional(recurrent(backend))),
    "Stateful": lambda: _loops(lambda backend: Stateful(recurrent(backend))),
    "ManyToOne": lambda: _loops(lambda backend: ManyToOne(recurrent(backend))),
}


def _loops(make: Callable[[str], nn.Module]) -> tuple[nn.Module, nn.Module]:
    peer, ours = make("eager"), make("auto")
    ours.load_state_dict(peer.state_dict())
    return ours, peer


def _torch(ours: type[nn.Module], peer: type[nn.Module]) -> tuple[nn.Module, nn.Module]:
    layers = ours(H, H), peer(H, H)
    layers[0].load_state_dict(layers[1].state_dict())
    return layers


def train(layer: nn.Module, input: Tensor) -> list[Tensor]:
    """Return the gradients of one training step."""
    if isinstance(layer, Stateful):
        layer.reset()
    found = layer(input)
    output = found[0] if isinstance(found, tuple) else found
    return [*torch.autograd.grad(output.square().mean(), [*layer.parameters()])]


def measure(threads: int | None, seconds: float) -> dict[str, Any]:
    """Return the machine, and for each pair both times in milliseconds and their ratio."""
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(0)
    input, found = torch.randn(T, N, H), {}
    for name, make in PAIRS.items():
        ours, peer = make()
        # Twice float32's own error of a gradient summed over 3,200 rows.
        torch.testing.assert_close(train(ours, input), train(peer, input), rtol=1e-3, atol=1e-5)
        tasks = {"peer": lambda peer=peer: train(peer, input), "elman": lambda ours=ours: train(ours, input)}
        timing = time_in_turn(tasks, seconds, 5)
        ratio = timing.ratio("peer", "elman")
        found[name] = {side: 1e3 * timing.median(side) for side in tasks} | {"ratio": ratio}
        print(
            f"{name:16} {found[name]['peer']:8.2f} {found[name]['elman']:8.2f} {ratio:6.2f}", file=sys.stderr
        )
    return {"machine": describe_machine(), "layers": found}


def render(figures: Mapping[str, Any]) -> str:
    """Return the page."""
    machine = figures["machine"]
    lines = [
        "# Layers",
        "",
        "`output, final_state = layer(input, initial_state, lengths=..., resets=...)` runs over sequences,",
        "with an input of shape (T, N, I), or (N, T, I) with `batch_first=True`. What stands behind a",
        "sequence's end reaches no number and no gradient.",
        "This page is written by `python benchmarks/layers.py`.",
        "",
        f"Speed is training (forward and backward) at T = {T}, N = {N}, I = H = {H} with GRU cells, with",
        f"{machine['threads']} threads ({machine['processor']}, {machine['instructions']}), beside the plain",
        "PyTorch loop over the same cells; of RNN, LSTM and GRU beside their namesakes in torch.nn.",
    ]
    for title, names in GROUPS.items():
        lines += ["", f"## {title}"]
        for name in names:
            lines += ["", *_section(name, figures["layers"].get(name))]
    return "\n".join(lines) + "\n"


def _section(name: str, figures: Mapping[str, float] | None) -> list[str]:
    layer = getattr(layers, name)
    told = read_documentation(layer)
    arguments = ", ".join(inspect.signature(layer).parameters)
    lines = [f"### {name}({arguments})", "", told.summary]
    lines += ["", told.use] if told.use else []
    lines += ["", "```text", *told.equations, "```"] if told.equations else []
    if figures:
        times = f"{figures['peer']:.1f} ms and {figures['elman']:.2f} ms"
        lines += ["", f"Training: {times}, {figures['ratio']:.1f} times as fast."]
    return lines + (["", told.reference] if told.reference else [])


def main() -> None:
    """Measure, or read what was measured, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int)
    parser.add_argument("--seconds", type=float, default=1.0, help="for one layer")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    options = parser.parse_args()
    if not options.page:
        figures = measure(options.threads, options.seconds)
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(render(json.loads(FIGURES.read_text(encoding="utf-8"))), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
