"""What each cell of a network was run on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.backends.eager import Resets, draw_step_inputs
from elman.cells import Cell, map_state
from elman.compiler import Batch
from elman.diagnostics.twin import listening, make_twin
from elman.errors import DtypeError, OptionError
from elman.layers import Recurrent
from elman.layers.lengths import as_lengths
from elman.layers.packed import unpack
from elman.layers.states import fresh_state

Lengths = Tensor | Sequence[int] | None


@dataclass(frozen=True)
class LayerRun:
    """One cell, and the sequences it was run on; no gradient leads out of it.

    Args:
        layer: The path to the cell in its network.
        cell: What one time step computes.
        batch: The sequences.
        backend: What runs the cell.
    """

    layer: str
    cell: Cell
    batch: Batch
    backend: str

    @property
    def lengths(self) -> np.ndarray:
        """Number of time steps of each sequence, (N,)."""
        num_steps, batch_size = self.batch.input.shape[:2]
        if self.batch.lengths is None:
            return np.full(batch_size, num_steps)
        return self.batch.lengths.numpy()


def collect_runs(
    module: nn.Module, input: Any, initial_state: Any = None, lengths: Lengths = None
) -> list[LayerRun]:
    """Run a network once, and return what each of its cells was run on, in the order of running.

    Args:
        module: The network, or one layer.
        input: What it is called with.
        initial_state: Its second argument; left out if None.
        lengths: Number of time steps of each sequence; left out if None.

    Raises:
        OptionError: There is no recurrent layer in it, or none was run.
    """
    twin = make_twin(module, lambda cell: cell)
    check_layers(module, twin.layers)
    runs: list[LayerRun] = []
    with torch.no_grad(), torch.random.fork_rng(devices=[]), listening(twin.layers, partial(_note, runs)):
        call(twin.module, input, initial_state, lengths)
    check_calls(module, runs)
    return runs


def check_layers(module: nn.Module, layers: dict[str, Recurrent]) -> None:
    """Refuse a network without a recurrent layer.

    Raises:
        DtypeError: It is no module.
        OptionError: It has none.
    """
    if not layers:
        raise OptionError(
            f"`layer` must be or hold a recurrent layer, such as elman.Recurrent or elman.LSTM, "
            f"but {type(module).__name__} holds none."
        )


def check_calls(module: nn.Module, calls: Sequence[object]) -> None:
    """Refuse a network that ran none of its layers over a sequence: there is nothing to look at.

    Raises:
        OptionError: There was no call.
    """
    if not calls:
        raise OptionError(
            f"`layer` must run a recurrent layer over a sequence, but {type(module).__name__} ran none.\n"
            "    A layer that is stepped can be looked at by itself, on the sequence of its inputs."
        )


def check_module(module: object) -> None:
    """Refuse what is no module.

    Raises:
        DtypeError: It is something else.
    """
    if not isinstance(module, nn.Module):
        raise DtypeError(f"`layer` must be a torch.nn.Module, but it is a {type(module).__name__}.")


def call(module: nn.Module, input: Any, initial_state: Any, lengths: Lengths) -> Any:
    """Call a network with those of the arguments that there are.

    Args:
        module: The network.
        input: Its first argument.
        initial_state: Its second.
        lengths: Its `lengths`.
    """
    arguments = [input] if initial_state is None else [input, initial_state]
    return module(*arguments, **({} if lengths is None else {"lengths": lengths}))


def lengths_of(layer: Recurrent, input: Any, lengths: Lengths, num_steps: int, batch_size: int) -> np.ndarray:
    """Return the number of time steps of each sequence of a call, (N,).

    Args:
        layer: What was called.
        input: With what.
        lengths: And with which lengths.
        num_steps: The largest number of time steps.
        batch_size: Number of sequences.
    """
    if isinstance(input, PackedSequence):
        lengths = unpack(input, layer.batch_first)[1]
    if lengths is None:
        return np.full(batch_size, num_steps)
    return as_lengths(lengths, num_steps, batch_size).numpy()


def numbered(name: str, names: Iterable[str]) -> str:
    """Return the name of a layer's call: that of the layer, with a number from the second call on.

    Args:
        name: The layer.
        names: The calls before.
    """
    times = sum(one.partition(" #")[0] == name for one in names)
    return f"{name} #{times + 1}" if times else name


def _note(runs: list[LayerRun], name: str, layer: Recurrent, given: dict[str, Any]) -> None:
    name = numbered(name, [run.layer for run in runs])
    runs.append(LayerRun(name, layer.cell, _as_batch(layer, **given), layer.backend))


def _as_batch(
    layer: Recurrent,
    input: Tensor | PackedSequence,
    initial_state: Any = None,
    lengths: Lengths = None,
    resets: Tensor | None = None,
) -> Batch:
    """Return the arguments of a layer's call, which has been checked, in one form."""
    if isinstance(input, PackedSequence):
        input, lengths = unpack(input, layer.batch_first)
    if layer.batch_first:
        input, resets = input.transpose(0, 1), None if resets is None else resets.transpose(0, 1)
    input = input.detach()
    num_steps, batch_size = input.shape[:2]
    fresh = map_state(Tensor.detach, fresh_state(layer, batch_size, input))
    state = fresh if initial_state is None else map_state(Tensor.detach, initial_state)
    ends = None if lengths is None else as_lengths(lengths, num_steps, batch_size)
    starts = None if resets is None else Resets(resets, fresh)
    drawn = draw_step_inputs(layer.cell.step_inputs, num_steps, batch_size, like=input)
    return Batch(input, state, ends, starts, drawn, layer.reverse)
