"""Nine speakers by their vowels, 270 utterances to learn from and 370 to judge; beside torch.nn for time.

python benchmarks/classify_japanese_vowels.py [--seeds 0 1 2] [--cell lstm] [--steps 100]

First the whole classifier with its defaults, by seed. Then the time of a training step of the same network,
with the same batches and the same optimizer, on elman's layers and on torch.nn's.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch

from elman.data.sequence_folder import SequenceSource, read_sequences
from elman.data.sequence_table import SequenceColumns
from elman.tasks import ClassifyOptions, SequenceClassifier
from elman.tasks.classify.encoder import Batch, ChannelEncoder
from elman.tasks.classify.learning import ClassifyTraining
from elman.tasks.classify.network import ClassifyNetwork

DATA = Path(__file__).parents[1] / "examples" / "data" / "japanese_vowels.parquet"
COLUMNS = SequenceColumns("utterance", "frame", (), "speaker", None, "part")
PEERS = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


class TorchLayer(torch.nn.Module):
    """A layer of torch.nn that takes lengths as elman's do: by packing."""

    def __init__(self, layer: torch.nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(
        self,
        input: torch.Tensor,
        state: None = None,  # noqa: ARG002 - a sequence starts afresh
        *,
        lengths: torch.Tensor,
    ) -> tuple[torch.Tensor, None]:
        """Return the outputs, zero behind each end, and no state."""
        packed = torch.nn.utils.rnn.pack_padded_sequence(input, lengths, enforce_sorted=False)
        output, _ = self.layer(packed)
        return torch.nn.utils.rnn.pad_packed_sequence(output, total_length=len(input))[0], None


def judge(cell: str, seeds: list[int]) -> None:
    sequences = read_sequences(DATA, SequenceSource(COLUMNS))
    accuracies: dict[str, list[float]] = {}
    for seed in seeds:
        begin = time.perf_counter()
        classifier = SequenceClassifier(cell=cell, seed=seed).fit_sequences(sequences)
        seconds = time.perf_counter() - begin
        rows = classifier.evaluate().rows
        for row in rows:
            accuracies.setdefault(row.model, []).append(row.metrics["accuracy"] or 0.0)
        test = [sequences.values[row] for row in classifier.fitted.split.test]
        one, many = (classifier.model.probabilities(test, size).argmax(axis=1) for size in (1, 64))
        shown = ", ".join(f"{row.model} {row.metrics['accuracy']:.4f}" for row in rows)
        same = "the same" if np.array_equal(one, many) else "DIFFERENT"
        blend = classifier.model.blend
        print(
            f"seed {seed}: {shown}; blend {blend:.2f}; {seconds:.1f} s; batches of 1 and 64: {same}",
            flush=True,
        )
    for name, found in accuracies.items():
        print(f"median {name}: {median(found):.4f}")


def compare_time(cell: str, num_steps: int) -> None:
    sequences = read_sequences(DATA, SequenceSource(COLUMNS))
    rows = np.flatnonzero(np.array(sequences.parts) == "train")
    options = ClassifyOptions(cell=cell)
    encoder = ChannelEncoder.fit(sequences.channels, [sequences.values[row] for row in rows])
    encoded = [encoder.encode(one) for one in sequences.values]
    codes = np.array([int(label) - 1 for label in sequences.labels or ()])
    ours = ClassifyNetwork(encoder.input_size, 9, options)
    theirs = ClassifyNetwork(encoder.input_size, 9, options)
    theirs.load_state_dict(ours.state_dict())
    peer = PEERS[cell](encoder.input_size, options.hidden_size, bidirectional=True)
    peer.load_state_dict(ours.layers[0].state_dict())
    theirs.layers[0] = TorchLayer(peer)
    batch = Batch.of(encoded[:32])
    difference = (ours.eval()(batch) - theirs.eval()(batch)).abs().max().item()
    if difference > 1e-5:
        raise SystemExit(f"the two networks differ by {difference:.2g}: not timed")
    times: dict[str, list[float]] = {"elman": [], "torch.nn": []}
    for _ in range(5):
        for name, network in (("elman", ours), ("torch.nn", theirs)):
            task = ClassifyTraining(network, encoded, codes, options, training=rows, validation=rows)
            times[name].append(_seconds(task, num_steps))
    mine, other = (min(found) for found in times.values())
    print(
        f"{cell}: {1e3 * mine:.2f} ms a step, torch.nn {1e3 * other:.2f} ms: {other / mine:.2f} times as fast"
    )


def _seconds(task: ClassifyTraining, num_steps: int) -> float:
    """Return the seconds of one training step, of some."""
    optimizer = torch.optim.AdamW(task.model.parameters(), lr=1e-3)
    task.model.train()
    begin = time.perf_counter()
    for step in range(1, num_steps + 1):
        optimizer.zero_grad()
        task.loss(step).backward()
        torch.nn.utils.clip_grad_norm_(task.model.parameters(), 1.0)
        optimizer.step()
    return (time.perf_counter() - begin) / num_steps


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--cell", choices=sorted(PEERS), default="lstm")
    parser.add_argument("--steps", type=int, default=100, help="of each round of the timing")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    judge(given.cell, given.seeds)
    for cell in PEERS:
        compare_time(cell, given.steps)


if __name__ == "__main__":
    main()
