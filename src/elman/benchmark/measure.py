"""One row of a table: the check first, the clock after it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from elman.benchmark.agreement import check_agreement
from elman.benchmark.results import Row
from elman.benchmark.settings import BenchmarkSettings
from elman.benchmark.shapes import Shape
from elman.benchmark.timing import Timing, time_in_turn
from elman.benchmark.work import Work, make_task
from elman.errors import ElmanError


@dataclass(frozen=True)
class Pairing:
    """What is timed beside what.

    Args:
        peer: The work to be faster than.
        ours: Ours.
        reference: The peer in float64; without one, the peer itself is taken as exact.
        has_kinks: Whether the derivative jumps.
        backend: Names what runs ours; asked after the first run.
        others: Tasks of further peers.
    """

    peer: Work
    ours: Work
    reference: Work | None
    has_kinks: bool
    backend: Callable[[], str]
    others: Mapping[str, Callable[[], object]] = field(default_factory=dict)


def measure_pairing(
    pairing: Pairing, section: str, name: str, shape: Shape, mode: str, settings: BenchmarkSettings
) -> Row:
    """Check that both sides compute the same, then time them in turn.

    Args:
        pairing: The two sides.
        section: Which table the row belongs to.
        name: How the row is called there.
        shape: Its sizes.
        mode: What is done, one of `work.MODES`.
        settings: For how long.
    """
    input, gradient = draw(shape, pairing.ours)
    red = find_fault(pairing, mode, input, gradient)
    if red:
        return Row(section, name, shape, "ms", {}, None, pairing.backend(), red=red)
    ours = make_task(pairing.ours, mode, input, gradient)
    peers = {pairing.peer.name: make_task(pairing.peer, mode, input, gradient), **pairing.others}
    values: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for other, task in peers.items():  # each beside ours alone: three in turn would disturb one another
        timing = time_in_turn({other: task, "elman": ours}, settings.seconds, settings.repeats)
        values |= {name: value for name, value in in_milliseconds(timing).items() if name not in values}
        ratios[other] = timing.ratio(other, "elman")
    figure = ratios.pop(pairing.peer.name)
    return Row(section, name, shape, "ms", values, figure, pairing.backend(), ratios)


def find_fault(pairing: Pairing, mode: str, input: Tensor, gradient: Tensor) -> str:
    """Say where the two sides disagree; nothing if they agree.

    Args:
        pairing: The two sides.
        mode: What is done, one of `work.MODES`.
        input: The sequences.
        gradient: The gradient of the output.

    Shape:
        input: (T, N, I). gradient: as the output.
    """
    sides = (pairing.ours, pairing.peer, pairing.reference)
    try:
        check_agreement(*sides, mode, input, gradient, has_kinks=pairing.has_kinks)
    except ElmanError as error:  # a kernel that cannot be built or run is as wrong
        return str(error)
    return ""


def draw(shape: Shape, work: Work) -> tuple[Tensor, Tensor]:
    """Return an input, and a gradient of the output, the same in every run.

    Args:
        shape: Of the input.
        work: Gives the shape of the output.
    """
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        input = torch.randn(shape[:3])
        output_size = work.run(input[:1])[0].shape[-1]
        return input, torch.randn(*shape[:2], output_size)


def in_float64(work_of_copy: Callable[[torch.nn.Module], Work], layer: torch.nn.Module) -> Work:
    """Return the work of a copy of a layer in float64.

    Args:
        work_of_copy: Makes work from the copy.
        layer: What to copy.
    """
    return work_of_copy(copy.deepcopy(layer).double())


def in_milliseconds(timing: Timing) -> dict[str, float]:
    """Return the median of each task.

    Args:
        timing: In seconds.
    """
    return {name: 1e3 * timing.median(name) for name in timing.seconds}
