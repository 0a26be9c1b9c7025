"""A ragged batch beside a full one: padding should cost nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from elman.benchmark.kinds import KINDS, Kind, backend_of, make_pair
from elman.benchmark.measure import Pairing, draw, find_fault, in_milliseconds
from elman.benchmark.results import Row
from elman.benchmark.settings import BenchmarkSettings
from elman.benchmark.shapes import Shape
from elman.benchmark.timing import time_in_turn
from elman.benchmark.work import Work, make_task, work_of


def length_rows(settings: BenchmarkSettings) -> Iterator[Row]:
    """Yield a row of training for each kind and shape.

    Args:
        settings: Which of them.
    """
    for kind in settings.kinds:
        for shape in settings.length_shapes:
            yield _measure(KINDS[kind], shape, settings)


def spread_lengths(shape: Shape) -> Tensor:
    """Return lengths that lie evenly in 1..T, in a random order that is always the same.

    Args:
        shape: Gives T and N.
    """
    lengths = torch.linspace(1, shape.num_steps, shape.batch_size).round().long()
    order = torch.randperm(shape.batch_size, generator=torch.Generator().manual_seed(0))
    return lengths[order]


def _measure(kind: Kind, shape: Shape, settings: BenchmarkSettings) -> Row:
    peer, layer = make_pair(kind, shape)
    lengths = spread_lengths(shape)
    full, ragged = work_of("full", layer), work_of("ragged", layer, lengths=lengths)
    packed = _packed(peer, lengths)
    pairing = Pairing(packed, ragged, None, kind.has_kinks, partial(backend_of, layer))
    input, gradient = draw(shape, full)
    red = find_fault(pairing, "train", input, gradient)
    if red:
        return Row("lengths", kind.title, shape, "ms", {}, None, backend_of(layer), red=red)
    tasks = {side.name: make_task(side, "train", input, gradient) for side in (full, ragged, packed)}
    timing = time_in_turn(tasks, settings.seconds, settings.repeats)
    share = timing.ratio("ragged", "full")
    return Row("lengths", kind.title, shape, "ms", in_milliseconds(timing), share, backend_of(layer))


def _packed(peer: nn.Module, lengths: Tensor) -> Work:
    """Return the work of torch's layer on the same ragged batch, packed and padded again."""

    def run(input: Tensor) -> tuple[Tensor, Any]:
        output, final_state = peer(pack_padded_sequence(input, lengths, enforce_sorted=False))
        return pad_packed_sequence(output, total_length=len(input))[0], final_state

    return Work("torch.nn packed", run, dict(peer.named_parameters()))
