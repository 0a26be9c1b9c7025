"""What gates, activations and states do along real sequences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.cells.options import check_size
from elman.cells.state import state_tensors
from elman.compiler import run
from elman.diagnostics.alignment import hide_padding, live_steps, mean_of_live
from elman.diagnostics.observed import Inside, Observed
from elman.diagnostics.retention import retention
from elman.diagnostics.rows import longest_rows, take_rows
from elman.diagnostics.runs import LayerRun, check_module, collect_runs
from elman.diagnostics.state_names import state_names

# Below the first, above the second, a value is saturated: what is left of its slope is under a fifth.
BOUNDS = {
    "gate": (0.05, 0.95),
    "exp": (0.05, np.inf),
    "tanh": (-0.95, 0.95),
    "relu": (0.0, np.inf),
    "value": (-np.inf, np.inf),
}


@dataclass(frozen=True)
class Activity:
    """One value inside a time step, along the sequences of a batch.

    Args:
        name: The name it was observed under, or has in the source: its variable, or "sigmoid(forget_gate)".
        kind: "gate" for values in 0..1, "exp" for the exponential gates of an sLSTM, "tanh" for -1..1,
            "relu" for 0 and above, "value" for others.
        mean: Over all steps, sequences and units.
        low: Share of its values below 0.05 for gates, below -0.95 for tanh, at 0 for relu.
        high: Share of its values above 0.95, for "gate" and "tanh".
        mean_by_unit: Mean of each unit, (F,).
        low_by_unit: The share `low` of each unit, (F,).
        high_by_unit: The share `high` of each unit, (F,).
        mean_over_time: Mean at each step, (T,).
        trace: Its values along one sequence, the longest, (T, F); NaN behind the end.
        retention: What a large value of each unit does to the state, (F,): 1 where it keeps it, as a forget
            gate does, -1 where it replaces it, 0 where it does neither. It is read from what the cell
            computes; names do not count.
    """

    name: str
    kind: str
    mean: float
    low: float
    high: float
    mean_by_unit: np.ndarray
    low_by_unit: np.ndarray
    high_by_unit: np.ndarray
    mean_over_time: np.ndarray
    trace: np.ndarray
    retention: np.ndarray


@dataclass(frozen=True)
class StateTrace:
    """One tensor of a state, along the sequences of a batch.

    Args:
        name: As the equations in the cell's docstring, "h" and "c" of an LSTM; "state" for a single one,
            "state.0" and so on where there are no equations.
        size: Root mean square over sequences and features after each step, (T,).
        largest: Largest absolute value after each step, (T,).
        trace: Its values along one sequence, the longest, (T, F); NaN behind the end.
    """

    name: str
    size: np.ndarray
    largest: np.ndarray
    trace: np.ndarray


@dataclass(frozen=True)
class LayerActivity:
    """What happens inside one layer.

    Args:
        layer: The path to the layer.
        values: Gates and activations in the order of the equation, and whatever is observed.
        states: The tensors of its state.
    """

    layer: str
    values: tuple[Activity, ...]
    states: tuple[StateTrace, ...]

    def find(self, name: str) -> Activity:
        """Return the value of that name.

        Args:
            name: As in `values`.

        Raises:
            KeyError: There is none.
        """
        for value in self.values:
            if value.name == name:
                return value
        raise KeyError(f"{self.layer} has no value {name!r}; it has {[value.name for value in self.values]}.")


def gates(
    layer: nn.Module,
    input: Any,
    *,
    initial_state: Any = None,
    lengths: Tensor | Sequence[int] | None = None,
    num_sequences: int = 16,
) -> tuple[LayerActivity, ...]:
    """Watch gates, activations and states along real sequences, layer by layer.

    Every sigmoid, tanh and relu in a cell is found by itself, in a cell of your own too, and is called what
    the source calls it. `elman.observe` adds other values, and gives better names.

    Args:
        layer: A layer, or a network that holds some.
        input: What it is called with.
        initial_state: The second argument of the call, if there is one.
        lengths: Number of time steps of each sequence, (N,); all T without it.
        num_sequences: How many sequences of the batch are looked at: the longest of the batch.

    Raises:
        DtypeError: `layer` is no module.
        OptionError: It holds no recurrent layer, or a number is not positive.

    Example:
        >>> from elman import Cell, Recurrent
        >>> class Leaky(Cell):
        ...     def forward(self, input, state):
        ...         state = torch.tanh(0.9 * state + input)
        ...         return state, state
        >>> (found,) = gates(Recurrent(Leaky(3, 3)), 9 * torch.ones(20, 4, 3))
        >>> [(value.name, value.kind, value.high) for value in found.values]
        [('state', 'tanh', 1.0)]
    """
    check_module(layer)
    check_size("num_sequences", num_sequences)
    runs = collect_runs(layer, input, initial_state, lengths)
    return tuple(gates_of_run(one, num_sequences) for one in runs)


def gates_of_run(one: LayerRun, num_sequences: int) -> LayerActivity:
    """Watch one layer; the arguments are those of `gates`."""
    rows = longest_rows(num_sequences, one.lengths)
    batch, lengths = take_rows(one.batch, rows), one.lengths[rows.numpy()]
    cell = Observed(one.cell, batch.input)
    with torch.no_grad():
        output, _ = run(cell, batch, one.backend)
    states, values = cell.split(output)
    roles = retention(one.cell, batch.input, [inside.place for inside in cell.inside])
    traced = int(lengths.argmax())
    activities = [
        _summarize(inside, _as_array(value, lengths), lengths, traced, role)
        for inside, value, role in zip(cell.inside, values, roles, strict=True)
    ]
    return LayerActivity(one.layer, tuple(activities), tuple(_trace_states(one, states, lengths, traced)))


def _as_array(values: Tensor, lengths: np.ndarray) -> np.ndarray:
    return hide_padding(values.double().cpu().numpy(), lengths)


def _summarize(
    inside: Inside, values: np.ndarray, lengths: np.ndarray, traced: int, role: np.ndarray
) -> Activity:
    lowest, highest = BOUNDS[inside.kind]
    present = values[live_steps(len(values), lengths)]
    low = (present <= lowest) if inside.kind == "relu" else (present < lowest)
    high = present > highest
    return Activity(
        inside.name,
        inside.kind,
        float(present.mean()),
        float(low.mean()),
        float(high.mean()),
        present.mean(axis=0),
        low.mean(axis=0),
        high.mean(axis=0),
        mean_of_live(values.mean(axis=2), lengths),
        values[:, traced],
        role,
    )


def _trace_states(one: LayerRun, states: Tensor, lengths: np.ndarray, traced: int) -> Iterator[StateTrace]:
    parts = state_tensors(one.batch.state)
    split = states.split([part[0].numel() for part in parts], dim=-1)
    for name, part in zip(state_names(one.cell, one.batch.state), split, strict=True):
        values = _as_array(part, lengths)
        size = np.sqrt(mean_of_live(np.square(values).mean(axis=2), lengths))
        alive = live_steps(len(values), lengths)[..., None]
        largest = np.where(alive, np.abs(values), 0.0).max(axis=(1, 2))
        yield StateTrace(name, size, largest, values[:, traced])
