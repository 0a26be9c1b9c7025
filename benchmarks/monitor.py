"""What it costs to leave a `Monitor` on: training with a look every 50 steps beside training without.

    python benchmarks/monitor.py [--rounds 7] [--threads 1]

A task is 50 steps of training, in the one with a single look; both run in turn, and the figure is the median
of the rounds' ratios. The losses must agree to the bit. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
from functools import partial

import torch
from torch import Tensor

from elman import Recurrent, Stacked
from elman.benchmark.timing import time_in_turn
from elman.cells import GRUCell, IndRNNCell, LSTMCell
from elman.diagnostics import Monitor

EVERY = 50
# Cell, layers; T, N, H.
ROWS = [
    (LSTMCell, 1, 50, 32, 64),
    (LSTMCell, 2, 100, 32, 128),
    (GRUCell, 1, 100, 32, 64),
    (GRUCell, 1, 400, 64, 32),
    (IndRNNCell, 2, 200, 32, 64),
]


class Trainee:
    """A network that reads T steps of N sequences and learns from what comes out last."""

    def __init__(
        self,
        cell: type[LSTMCell | GRUCell | IndRNNCell],
        num_layers: int,
        num_steps: int,
        batch_size: int,
        size: int,
    ):
        torch.manual_seed(0)
        self.layer = Stacked(*(Recurrent(cell(size, size)) for _ in range(num_layers)))
        self.optimizer = torch.optim.Adam(self.layer.parameters())
        self.input = torch.randn(num_steps, batch_size, size)
        self.monitor = Monitor(self.layer, EVERY)

    def train(self, *, is_watched: bool) -> Tensor:
        """Do `EVERY` steps, the first of them with a look; return the last loss."""
        loss = torch.zeros(())
        for step in range(EVERY):
            if is_watched:
                self.monitor(step, self.input)
            self.optimizer.zero_grad()
            loss = self.layer(self.input)[0][-1].square().mean()
            loss.backward()
            self.optimizer.step()
        return loss.detach()


def main() -> None:
    """Time every row; exit with 1 if a look changed the training."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print("cell, layers, T, N, H: share of the training time that looks take")
    for row in ROWS:
        watched, plain = Trainee(*row), Trainee(*row)
        if not torch.equal(watched.train(is_watched=True), plain.train(is_watched=False)):
            raise SystemExit(f"{row}: the training went another way with a look.")
        tasks = {
            "watched": partial(watched.train, is_watched=True),
            "plain": partial(plain.train, is_watched=False),
        }
        timing = time_in_turn(tasks, 0.0, given.rounds)
        print(
            f"{row[0].__name__}, {', '.join(map(str, row[1:]))}: {timing.ratio('watched', 'plain') - 1:.1%}"
        )


if __name__ == "__main__":
    main()
