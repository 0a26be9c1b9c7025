"""Bach's chorales: which of 88 keys sound at the next step, told from the steps before.

    python benchmarks/jsb_chorales.py JSB_Chorales.mat [--cell lstm] [--seed N]

Parts as in the file. The loss is the binary cross-entropy in nats, summed over the keys, its mean that over
all steps but the first of each chorale. The validation part chooses the weights. Batches change no figure.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from scipy.io import loadmat
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, dropout
from torch.nn.utils.rnn import pad_sequence

import elman
from elman.layers import ManyToMany
from elman.training import TrainingOptions, TrainingTask, train

NUM_KEYS, HIDDEN_SIZE, BATCH_SIZE, PARTS = 88, 200, 8, ("train", "valid", "test")


class Chorales(TrainingTask):
    """A recurrent layer and a logit for each key, trained on chorales drawn at random."""

    def __init__(self, cell: str, parts: dict[str, list[Tensor]], seed: int):
        layer = {"lstm": elman.LSTM, "gru": elman.GRU}[cell](NUM_KEYS, HIDDEN_SIZE)
        super().__init__(ManyToMany(layer, nn.Sequential(nn.Dropout(0.5), nn.Linear(HIDDEN_SIZE, NUM_KEYS))))
        self.parts, self.seed = parts, seed

    def step_losses(self, chorales: list[Tensor]) -> Tensor:
        """Return the loss of every step that is predicted, those of all chorales in one row."""
        steps, lengths = pad_sequence(chorales), torch.tensor([len(one) - 1 for one in chorales])
        logits, _ = self.model(dropout(steps[:-1], 0.1, self.model.training), lengths=lengths)
        live = torch.arange(len(logits))[:, None] < lengths
        return binary_cross_entropy_with_logits(logits[live], steps[1:][live], reduction="none").sum(dim=1)

    def loss(self, step: int) -> Tensor:
        """Return the mean loss of a batch."""
        drawn = np.random.default_rng((self.seed, step)).choice(len(self.parts["train"]), BATCH_SIZE)
        return self.step_losses([self.parts["train"][at] for at in drawn]).mean()

    def validation_loss(self) -> float:
        """Return the mean loss of the validation part."""
        return self.mean_loss("valid", 32)

    @torch.no_grad()
    def mean_loss(self, part: str, size: int) -> float:
        """Return the mean loss of a part, `size` chorales at a time."""
        batches = [self.parts[part][at : at + size] for at in range(0, len(self.parts[part]), size)]
        return torch.cat([self.step_losses(batch) for batch in batches]).mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", help="JSB_Chorales.mat")
    parser.add_argument("--cell", default="lstm", choices=["lstm", "gru"])
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(given.seed)
    held, begin = loadmat(given.data), time.perf_counter()
    parts = {p: [torch.tensor(one).float() for one in held[f"{p}data"][0]] for p in PARTS}
    task = Chorales(given.cell, parts, given.seed)
    options = TrainingOptions(num_steps=2000, learning_rate=1e-2, seed=given.seed, patience=12)
    curve, seconds = train(task, options).curve, time.perf_counter() - begin
    print(f"{given.cell}, seed {given.seed}, {curve[-1].step} steps, {seconds:.0f} s", end=", ")
    print(f"validation {min(one.validation_loss for one in curve):.4f}", end=", test ")
    print(*(f"{task.mean_loss('test', size):.4f} in batches of {size}" for size in (1, 32)), sep=", ")


if __name__ == "__main__":
    main()
