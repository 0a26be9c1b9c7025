"""Tiny Shakespeare, first 90 % / last 10 % of its characters: nats a character within a budget, and speed.

    python benchmarks/text_shakespeare.py FILE [--seconds 120] [--seeds 0 1 2] [--threads 2] [--json FILE]
    python benchmarks/text_shakespeare.py FILE --speed [--threads 2]

The first form trains with the default settings and reads the test part once, at the end. The second times
the same steps of training (same text, batches, optimizer and first weights) with the layers of elman and
with those of torch.nn (and its dropout), in turn, after a check that both give the same loss where nothing is
dropped. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from elman import LanguageModel
from elman.layers.dropout import Dropout
from elman.tasks import Observer, TextOptions
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.parts import TextParts
from elman.tasks.text.segments import Segments

ROUNDS, STEPS = 5, 4
PASSES = 4  # over the text; as much is dropped as after so many


class TorchNetwork(nn.Module):
    """The network of a language model with a layer of torch.nn in the place of elman's.

    Args:
        network: whose weights are copied.
        cell: "lstm" or "gru".
    """

    def __init__(self, network: TextNetwork, cell: str) -> None:
        super().__init__()
        size = network.embedding.embedding_dim
        self.embedding = nn.Embedding(network.embedding.num_embeddings, size)
        self.layer = {"lstm": nn.LSTM, "gru": nn.GRU}[cell](size, network.layers.output_size)
        self.dropout = nn.Dropout()
        self.head = nn.Linear(network.layers.output_size, network.embedding.num_embeddings)
        self.embedding.load_state_dict(network.embedding.state_dict())
        self.layer.load_state_dict(network.layers.layers[0].state_dict())
        self.head.load_state_dict(network.head.state_dict())

    def forward(self, codes: torch.Tensor, state: Any = None) -> tuple[torch.Tensor, Any]:
        """Return the logits after each symbol, and the state to go on from."""
        output, state = self.layer(self.embedding(codes), state)
        return self.head(self.dropout(output)), state


class Trainee:
    """A network with its optimizer and the state it carries."""

    def __init__(self, network: nn.Module, segments: Segments) -> None:
        self.network, self.segments, self.state, self.step = network, segments, None, 0
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)

    def do_step(self) -> float:
        """Do one step of training; return its loss."""
        self.step += 1
        torch.manual_seed(self.step)
        input, target = self.segments.batch(self.step)
        logits, state = self.network(input, self.state)
        loss = cross_entropy(logits.flatten(0, 1), target.flatten())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.state = _detach(state)
        return loss.item()


def _detach(state: Any) -> Any:
    return state.detach() if isinstance(state, torch.Tensor) else tuple(_detach(one) for one in state)


def time_peers(file: Path, cell: str) -> None:
    """Print how long a step takes with both layers, and their ratio in each round."""
    options = TextOptions(cell=cell)
    parts = TextParts.of(file.read_text(encoding="utf-8"), options)
    segments = Segments(
        parts.codes[: parts.validation_start], length=options.segment, batch_size=options.batch_size, seed=0
    )
    network = TextNetwork.fresh(len(parts.vocabulary), options)
    ours, theirs = Trainee(network, segments), Trainee(TorchNetwork(network, cell), segments)
    for one in (network, theirs.network):
        one.set_submodule("dropout", nn.Identity())  # their masks differ
    losses = [(ours.do_step(), theirs.do_step()) for _ in range(3)]
    share = options.dropout_after(PASSES)
    network.set_submodule("dropout", Dropout(share))
    theirs.network.set_submodule("dropout", nn.Dropout(share))
    if any(abs(one - other) > 1e-3 for one, other in losses):
        raise SystemExit(f"{cell}: the losses of the first steps differ: {losses}")
    seconds: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        seconds.append((_time(ours), _time(theirs)))  # noqa: PERF401 - measured in turn
    ratio = median(other / one for one, other in seconds)
    each = "  ".join(f"{other / one:.2f}" for one, other in seconds)
    print(f"{cell}: elman {median(one for one, _ in seconds):.3f} s a step, torch.nn {ratio:.2f} times that")
    print(f"  each round {each}; losses of the first steps agree to 1e-3")


def _time(trainee: Trainee) -> float:
    begin = time.perf_counter()
    for _ in range(STEPS):
        trainee.do_step()
    return (time.perf_counter() - begin) / STEPS


def run(file: Path, seconds: float, seed: int, cell: str) -> dict[str, Any]:
    """Train with the default settings for a budget; return the scores and what the training took."""
    options = TextOptions(cell=cell, seconds=seconds, seed=seed)
    observer = Observer(on_record=lambda one: print(f"  {one.seconds:6.0f} s  {one.validation_loss:.4f}"))
    model = LanguageModel(options).fit(file, observer=observer)
    report = model.report()
    test = {row.model: row.metrics["nats per character"] for row in report.scores[0].rows}
    return {"seed": seed, "nats": test, "seconds": report.seconds, "steps": report.curve[-1].step}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="tiny_shakespeare.txt")
    parser.add_argument("--seconds", type=float, default=120.0, help="budget of training")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cell", default=TextOptions.cell)
    parser.add_argument("--speed", action="store_true", help="time steps beside torch.nn instead")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.speed:
        for cell in ("gru", "lstm"):
            time_peers(arguments.file, cell)
        return
    runs = []
    for seed in arguments.seeds:
        runs.append(run(arguments.file, arguments.seconds, seed, arguments.cell))
        print(json.dumps(runs[-1]), flush=True)
    ours = [next(iter(one["nats"].values())) for one in runs]
    each = "  ".join(f"{value:.3f}" for value in ours)
    print(f"{arguments.seconds:g} s: median {median(ours):.3f} nats a character   each {each}")
    if arguments.json:
        arguments.json.write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
