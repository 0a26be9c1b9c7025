"""How far back the gradient of a tagger reaches."""

from __future__ import annotations

import torch
from torch import Tensor

from elman.cells import map_state
from elman.cells.options import brief
from elman.compiler import kept_at_once
from elman.errors import OptionError
from elman.layers.contract import SequenceLayer
from elman.tasks import through_time
from elman.training.through_time.calls import StateRows


def parse_reach(text: object, *, stream: bool) -> int | None:
    """Return how many steps of a sequence share a gradient; None for all.

    A batch moves the weights once: with the exact gradient, or with one that is cut every so many steps,
    where the state alone is carried on.

    Args:
        text: "bptt", or "tbptt:50" for 50 steps.
        stream: whether sequences are read from their start only.

    Raises:
        OptionError: it is neither, or the network reads from both ends.

    Example:
        >>> parse_reach("bptt", stream=False), parse_reach("tbptt:50", stream=True)
        (None, 50)
    """
    reach = through_time.parse_reach(text, "a tagger", "a batch moves the weights once")
    if reach is not None and not stream:
        raise OptionError(
            f"`through_time` is {brief(text)}, but the network reads from both ends: a step waits for "
            "the end of its sequence, so no state can be carried over a cut. Take bptt, or stream=True "
            "(--stream)."
        )
    return reach


def run_cut(layer: SequenceLayer, input: Tensor, lengths: Tensor, reach: int) -> Tensor:
    """Run a layer with its state carried on, and its gradient cut every so many steps.

    Args:
        layer: reads from the start only; time first.
        input: the sequences.
        lengths: of each, on the CPU.
        reach: steps from cut to cut.

    Shape:
        input: (T, N, I). lengths: (N,). Output: (T, N, output_size), zero behind the end of a sequence.
    """
    num_steps, batch_size = input.shape[:2]
    rows, state, outputs = StateRows(layer), None, []
    with kept_at_once(-(-num_steps // reach)):  # one way back goes through all of them
        for start in range(0, num_steps, reach):
            live = (lengths > start).nonzero().squeeze(1)
            part = input[start : start + reach].index_select(1, live.to(input.device))
            before = None if state is None else rows.select(state, live)
            output, after = layer(part, before, lengths=(lengths[live] - start).clamp(max=len(part)))
            state = rows.put(state, live, map_state(Tensor.detach, after), batch_size)
            full = output.new_zeros(len(part), batch_size, output.shape[2])
            outputs.append(full.index_copy(1, live.to(output.device), output))
    return torch.cat(outputs)
