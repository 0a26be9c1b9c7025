"""What a network thinks of a text it reads: the log-probability of each symbol."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

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
def read_rows(network: TextNetwork, rows: Tensor, state: Any = None, lengths: Tensor | None = None) -> Tensor:
    """Return the log-probability of each symbol of rows but the first, (T - 1, N) on the CPU.

    Args:
        network: in evaluation mode.
        rows: (T, N) codes.
        state: before the first symbol; the fresh one without it.
        lengths: symbols of each row that are read, (N,); all T - 1 without it.
    """
    parts = []
    for begin in range(0, len(rows) - 1, _CHUNK):
        end = min(begin + _CHUNK, len(rows) - 1)
        logits, state = network(rows[begin:end], state)
        losses = cross_entropy(logits.flatten(0, 1), rows[begin + 1 : end + 1].flatten(), reduction="none")
        parts.append(-losses.view(end - begin, -1).cpu())
    read = torch.cat(parts)
    if lengths is None:
        return read
    return read.masked_fill(torch.arange(len(read))[:, None] >= lengths, 0)


@torch.no_grad()
def predict_next(
    network: TextNetwork, before: int, codes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of each symbol its log-probability, the likeliest code in its place, and that one's chance.

    Args:
        network: in evaluation mode.
        before: the code that is read before the text.
        codes: the text, (T,).
    """
    read = torch.from_numpy(np.concatenate([[before], codes])).to(network.head.weight.device)[:, None]
    state, parts = None, []
    for begin in range(0, len(codes), _CHUNK):
        end = min(begin + _CHUNK, len(codes))
        logits, state = network(read[begin:end], state)
        chances = logits[:, 0].double().softmax(dim=-1)
        largest, likeliest = chances.max(dim=-1)
        own = chances.gather(1, read[begin + 1 : end + 1])[:, 0].log()
        parts.append([one.cpu().numpy() for one in (own, likeliest, largest)])
    own, likeliest, largest = (np.concatenate(column) for column in zip(*parts, strict=True))
    return own, likeliest, largest
