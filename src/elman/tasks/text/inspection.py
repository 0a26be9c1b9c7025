"""What the network of a language model is looked at on: passages of a held-out part, from a fresh state."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from elman.cells.options import check_size
from elman.errors import OptionError
from elman.tasks.inspection import MAX_STEPS, Subject, spread_over
from elman.tasks.results.inspection import Passage
from elman.tasks.results.text import UnitActivity
from elman.tasks.text.activity import outputs_of, watch_units
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.parts import TextParts

_NUM_WATCHED, _NUM_UNITS = 600, 6


def subject_of(
    network: TextNetwork, parts: TextParts, part: str, segment: int, task_lag: int | None
) -> Subject:
    """Return the network, a few passages as long as a segment, and the loss of their last symbols.

    Each symbol has a loss of its own, and the gradient of their sum is large at every step: how far one of
    them reaches would not be seen in it.

    Args:
        network: fitted.
        parts: of the text.
        part: whose passages are read, spread over all of it; in a short one they begin before it.
        segment: symbols that training reads between two cuts of the gradient.
        task_lag: how many symbols back the task looks, 512 at most; one segment without it.

    Raises:
        OptionError: there is no such part, or the lag is not positive.
    """
    codes, start = parts.part(part)
    if task_lag is not None:
        check_size("task_lag", task_lag)
    length = min(max(segment, task_lag or 0, 2), len(codes) - 1, MAX_STEPS)
    begins = np.arange(max(0, min(start, len(codes) - 1 - length)), len(codes) - length)
    begins = begins[spread_over(len(begins))]
    places = begins + np.arange(length + 1)[:, None]
    read = torch.from_numpy(codes[places]).to(network.head.weight.device)

    def loss(logits: Tensor, _: object) -> Tensor:
        return cross_entropy(logits[-1], read[-1])

    steps = _symbols(parts, codes[places[:-1, 0]])
    lag = min(segment, length) if task_lag is None else task_lag
    return Subject(
        network,
        read[:-1],
        loss,
        part,
        len(begins),
        "passage",
        f"The loss is that of the last {parts.vocabulary.unit} of each passage alone.",
        lag,
        steps=steps,
        passages=follow(network, parts, part, None),
    )


def follow(network: TextNetwork, parts: TextParts, part: str, unit: int | None) -> tuple[Passage, ...]:
    """Return what a unit of the last layer puts out while the beginning of a part is read.

    Args:
        network: fitted.
        parts: of the text.
        part: to read.
        unit: its number, from 0; None takes the few that hold on to something longest.

    Raises:
        OptionError: there is no such part or unit.
    """
    network.eval()
    codes, start = parts.part(part)
    codes = codes[start:][:_NUM_WATCHED]
    found = watch_units(network, codes, _NUM_UNITS) if unit is None else [_watch(network, codes, unit)]
    symbols = _symbols(parts, codes)
    return tuple(Passage(part, parts.vocabulary.unit, symbols, one) for one in found)


def _watch(network: TextNetwork, codes: np.ndarray, unit: int) -> UnitActivity:
    features = outputs_of(network, codes)
    num_units = features.shape[1]
    if isinstance(unit, bool) or not isinstance(unit, int) or not 0 <= unit < num_units:
        raise OptionError(
            f"`unit` must be the number of a unit of the last layer, in [0, {num_units - 1}], but it is "
            f"{unit!r}."
        )
    return UnitActivity(unit, [round(value, 4) for value in features[:, unit].tolist()])


def _symbols(parts: TextParts, codes: np.ndarray) -> list[str]:
    return [parts.vocabulary.symbol(code) for code in codes.tolist()]
