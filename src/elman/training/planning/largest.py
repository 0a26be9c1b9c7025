"""The longest sequences and the largest network that fit into memory."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from elman.errors import OptionError
from elman.training.planning.memory import largest
from elman.training.planning.planner import OPTIMIZERS, Planner
from elman.training.through_time.bptt import BPTT
from elman.training.through_time.schedule import Schedule
from elman.training.through_time.sizes import format_bytes, parse_bytes

LONGEST, WIDEST = 10**9, 2**16


def largest_length(
    layer: nn.Module,
    batch_size: int,
    *,
    memory: int | str,
    method: Schedule | None = None,
    optimizer: str = "adam",
) -> int:
    """Return the largest number of time steps whose training step stays within memory.

    Use it where sequences may be cut, or a budget chosen: nothing is run but two short calls.

    Args:
        layer: Any layer over sequences.
        batch_size: Number of sequences, N.
        memory: What there is, in bytes or as a text such as "2GB".
        method: How the gradient is got; BPTT without it. The budget of a BPTT is chosen anew at each length.
        optimizer: One of "adam", "adamw", "rmsprop", "adagrad" and "sgd".

    Raises:
        OptionError: Not even one step fits, or an option is not a legal one.

    Example:
        >>> from elman import LSTM
        >>> layer = LSTM(8, 64)
        >>> plain = largest_length(layer, 1, memory="64MB")
        >>> 3 * plain < largest_length(layer, 1, memory="64MB", method=BPTT(memory="64MB"))
        True
    """
    planner, size = Planner(layer, batch_size, optimizer), parse_bytes("memory", memory)
    method = method or BPTT()
    found = largest(lambda length: planner.fits(method, length, size), LONGEST)
    return _checked(found, "time step", size)


def largest_hidden_size(
    make_layer: Callable[[int], nn.Module],
    num_steps: int,
    batch_size: int,
    *,
    memory: int | str,
    method: Schedule | None = None,
    optimizer: str = "adam",
) -> int:
    """Return the largest hidden size whose training step stays within memory.

    Use it to choose a network for a machine. Each size that is tried is compiled, and run for a few steps.

    Args:
        make_layer: Returns a layer of a hidden size.
        num_steps: Time steps of a sequence, T.
        batch_size: Number of sequences, N.
        memory: What there is, in bytes or as a text such as "2GB".
        method: How the gradient is got; BPTT without it. The budget of a BPTT is chosen anew at each size.
        optimizer: One of "adam", "adamw", "rmsprop", "adagrad" and "sgd".

    Raises:
        OptionError: Not even one unit fits, or an option is not a legal one.

    Example:
        >>> from elman import GRU
        >>> size = largest_hidden_size(lambda hidden: GRU(8, hidden), 100, 16, memory="8MB")
        >>> from elman.training import plan
        >>> [plan(GRU(8, h), 100, 16, methods=[BPTT()], is_timed=False)[0].memory.total <= 8_000_000
        ...  for h in (size, size + 1)]
        [True, False]
    """
    size, method = parse_bytes("memory", memory), method or BPTT()

    def fits(hidden_size: int) -> bool:
        with torch.random.fork_rng(devices=[]):
            if _size_of_weights(make_layer, hidden_size, optimizer) > size:
                return False  # which saves making it
            planner = Planner(make_layer(hidden_size), batch_size, optimizer)
        return planner.fits(method, num_steps, size)

    return _checked(largest(fits, WIDEST), "unit", size)


def _size_of_weights(make_layer: Callable[[int], nn.Module], hidden_size: int, optimizer: str) -> int:
    """Return the bytes of weights, gradients and moments, without making any."""
    with torch.device("meta"):
        weights = sum(one.nbytes for one in make_layer(hidden_size).parameters())
    return weights * (2 + OPTIMIZERS[optimizer][1])


def _checked(found: int, what: str, size: int) -> int:
    if not found:
        raise OptionError(f"not even one {what} fits into `memory`, which is {format_bytes(size)}.")
    return found
