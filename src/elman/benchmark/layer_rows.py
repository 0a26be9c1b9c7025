"""Our layers beside those of torch.nn."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch

from elman.benchmark.jax_peer import has_jax, make_jax_task
from elman.benchmark.kinds import KINDS, Kind, backend_of, make_pair
from elman.benchmark.measure import Pairing, draw, in_float64, measure_pairing
from elman.benchmark.results import Row
from elman.benchmark.settings import BenchmarkSettings
from elman.benchmark.shapes import Shape
from elman.benchmark.work import work_of


def layer_rows(settings: BenchmarkSettings) -> Iterator[Row]:
    """Yield a row for each mode, kind and shape.

    Args:
        settings: Which of them.
    """
    for mode in settings.modes:
        for kind in settings.kinds:
            for shape in settings.shapes:
                pairing = pair_layers(KINDS[kind], shape, mode, settings)
                yield measure_pairing(pairing, mode, KINDS[kind].title, shape, mode, settings)


def pair_layers(kind: Kind, shape: Shape, mode: str, settings: BenchmarkSettings) -> Pairing:
    """Put our layer beside torch's, with the same weights.

    Args:
        kind: Which layer.
        shape: Its sizes.
        mode: What will be done with it.
        settings: Name the further peers.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        peer, ours = make_pair(kind, shape)
    peer_work, our_work = work_of("torch.nn", peer), work_of("elman", ours)
    others = {}
    if "jax" in settings.peers and has_jax() and mode != "train-input":
        others["jax"] = make_jax_task(kind, peer, mode, *draw(shape, peer_work))
    reference = in_float64(partial(work_of, "float64"), peer)
    return Pairing(peer_work, our_work, reference, kind.has_kinks, partial(backend_of, ours), others)
