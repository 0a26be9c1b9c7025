"""What a network thinks of a text it reads: the log-probability of each symbol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from elman.tasks.text.mixture import Mixture
from elman.tasks.text.network import TextNetwork

_MAX_ROWS, _MIN_ROW, _CHUNK = 64, 64, 128


def log_probabilities(
    network: TextNetwork, codes: np.ndarray, start: int, *, context: int = 256
) -> np.ndarray:
    """Return the log-probability of each symbol from `start` on, given all before it.

    Long parts are cut into rows that are read side by side; each row first reads symbols before it,
    so that none is judged without a past.

    Args:
        network: in evaluation mode.
        codes: the text, (T,).
        start: the first symbol to score, 1 or more.
        context: symbols that a row reads first, where the text reaches back so far.

    Returns:
        Natural logarithms, (T - start,).
    """
    num_scored = len(codes) - start
    num_rows = max(1, min(_MAX_ROWS, num_scored // _MIN_ROW))
    length, context = -(-num_scored // num_rows), min(context, start - 1)
    first = start - 1 - context + length * np.arange(num_rows)
    places = first + np.arange(context + length + 1)[:, None]
    device = network.head.weight.device
    rows = torch.from_numpy(codes[np.minimum(places, len(codes) - 1)]).to(device)
    read = read_rows(network, rows)[context:].T.reshape(-1)
    return read[:num_scored].numpy().astype(np.float64)


@torch.no_grad()
def read_rows(network: TextNetwork, rows: Tensor, state: Any = None) -> Tensor:
    """Return the log-probability of each symbol of rows but the first, (T - 1, N) on the CPU.

    Args:
        network: in evaluation mode.
        rows: (T, N) codes.
        state: before the first symbol; the fresh one without it.
    """
    parts = []
    for here, logits, _ in read_in_chunks(network, rows[:-1], state):
        targets = rows[1:][here]
        losses = cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
        parts.append(-losses.view(targets.shape).cpu())
    return torch.cat(parts)


def read_in_chunks(
    network: TextNetwork, rows: Tensor, state: Any = None
) -> Iterator[tuple[slice, Tensor, Any]]:
    """Yield stretches of rows, the logits after each of their symbols, and the state after the last.

    A long text times a large vocabulary would not fit into memory at once.

    Args:
        network: in evaluation mode.
        rows: (T, N) codes.
        state: before the first symbol; the fresh one without it.

    Shape:
        rows: (T, N). Logits: (t, N, V).
    """
    for begin in range(0, len(rows), _CHUNK):
        here = slice(begin, min(begin + _CHUNK, len(rows)))
        logits, state = network(rows[here], state)
        yield here, logits, state


@torch.no_grad()
def predict_next(
    network: TextNetwork, mixture: Mixture | None, before: int, codes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of each symbol its log-probability, the likeliest code in its place, and that one's chance.

    Args:
        network: in evaluation mode.
        mixture: what the network is mixed with.
        before: the code that is read before the text.
        codes: the text, (T,).
    """
    read = np.concatenate([[before], codes])
    rows = torch.from_numpy(read[:-1]).to(network.head.weight.device)[:, None]
    contexts = mixture and mixture.counts.follow(read[:, None], mixture.counts.begin(1))[:, 1:, 0]
    parts = []
    for here, logits, _ in read_in_chunks(network, rows):
        predicted = logits[:, 0].double().log_softmax(dim=-1).cpu().numpy()
        if mixture is not None and contexts is not None:
            predicted = mixture.mix_all(contexts[:, here], predicted)
        own = np.take_along_axis(predicted, codes[here, None], axis=1)[:, 0]
        parts.append([own, predicted.argmax(axis=1), np.exp(predicted.max(axis=1))])
    own, likeliest, largest = (np.concatenate(column) for column in zip(*parts, strict=True))
    return own, likeliest, largest
