"""How many threads to train with, found by trying."""

from __future__ import annotations

import os
import time

import torch
from torch.nn.functional import cross_entropy

from elman.compiler import within_memory
from elman.tasks.running import computing_with
from elman.tasks.text.fitting import cut_segments
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.options import TextOptions
from elman.tasks.text.parts import TextParts

_NUM_TRIALS, _MAX_STEPS = 2, 256
_WORTH = 1.2
"""Times as fast that many threads must be: on a busy machine they wait for one another."""


def choose_threads(parts: TextParts, options: TextOptions) -> int:
    """Return how many threads to train with: one, or one for each core if that is clearly faster.

    Args:
        parts: of the text to train on.
        options: of the network.
    """
    num_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if num_cores == 1 or options.device != "cpu":
        return 1
    network = TextNetwork.fresh(len(parts.vocabulary), options)
    codes = cut_segments(parts, options).batch(1)[0][:_MAX_STEPS]
    with within_memory(options.num_bytes):
        alone, together = _seconds(network, codes, 1), _seconds(network, codes, num_cores)
    return num_cores if alone > _WORTH * together else 1


def _seconds(network: TextNetwork, codes: torch.Tensor, num_threads: int) -> float:
    """Return how long a step takes at best; the first one, which compiles, is not counted."""
    best = float("inf")
    with computing_with(num_threads):
        for trial in range(1 + _NUM_TRIALS):
            begin = time.perf_counter()
            cross_entropy(network(codes)[0].flatten(0, 1), codes.flatten()).backward()
            if trial:
                best = min(best, time.perf_counter() - begin)
    return best
