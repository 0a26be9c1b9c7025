"""A layer that runs one time step at a time and keeps its state."""

from collections.abc import Sequence

import torch
from torch import Tensor

from elman.cells.state import State, map_state, state_shapes, state_tensors
from elman.errors import DtypeError, ShapeError
from elman.layers.contract import SequenceLayer
from elman.layers.topologies.sequences import check_causal, check_layer, swap_rows


class Stream:
    """Runs a layer one time step at a time: it keeps the state, and what it needs never grows.

    Use it where inputs arrive one after another: a sensor, a market, a text that is being typed. Each call
    returns the output of one step, the one that the layer gives for the whole sequence at that step. No
    gradient is kept. The layer is not copied: weights that change count from the next step on. Call
    `layer.eval()` before, as for every use after training.

    Args:
        layer: Any layer that reads forward only.
        state: The state before the first step; the layer's fresh state without it.

    Shape:
        input: (N, I), or (I,) for one sequence. output: (N, O), or (O,). state: as the layer's.
        rows: (N,) bool, or the numbers of some rows.

    Raises:
        DtypeError: `layer` is not a layer over sequences.
        OptionError: The layer, or a part of it, reads sequences from their ends.

    Example:
        >>> from elman import Recurrent
        >>> from elman.cells import GRUCell
        >>> layer = Recurrent(GRUCell(input_size=3, hidden_size=5))
        >>> stream, sequence = Stream(layer), torch.randn(100, 3)
        >>> outputs = torch.stack([stream(x) for x in sequence])
        >>> torch.allclose(outputs, layer(sequence[:, None])[0][:, 0], atol=1e-6)
        True
    """

    def __init__(self, layer: SequenceLayer, state: State | None = None):
        check_layer("layer", layer)
        check_causal("layer", layer)
        self.layer = layer
        self.state = state

    @property
    def state(self) -> State | None:
        """The state after the last step; None where the next step begins with the fresh one."""
        return self._state

    @state.setter
    def state(self, state: State | None) -> None:
        self._state = None if state is None else map_state(Tensor.detach, state)

    def __call__(self, input: Tensor) -> Tensor:
        """Run one time step.

        Args:
            input: The input at this time step.

        Raises:
            ShapeError: It is not (N, I) or (I,), or the number of rows changed.
            DtypeError: It is not of the layer's dtype.
            DeviceError: It is not where the layer is.
        """
        if isinstance(input, Tensor) and input.dim() == 1:
            return self(input.unsqueeze(0)).squeeze(0)
        with torch.no_grad():
            if self._state is not None and isinstance(input, Tensor) and input.dim() == 2:
                self._check_rows(len(input), self._state)
            output, self._state = self.layer.step(input, self._state)
        return output

    def reset(self, rows: Tensor | Sequence[int] | None = None) -> None:
        """Start anew, as if nothing had come: all sequences, or some rows of the batch.

        Args:
            rows: Which ones; all without it.

        Raises:
            ShapeError: There is no such row.
            DtypeError: `rows` are neither bool nor integers.
        """
        if rows is None:
            self._state = None
        elif self._state is not None:
            chosen = _as_mask(rows, self._num_rows(self._state))
            with torch.no_grad():
                self._state = self.layer.reset_state(self._state, chosen)

    def _num_rows(self, state: State) -> int:
        return len(state_tensors(swap_rows(self.layer, state))[0])

    def _check_rows(self, batch_size: int, state: State) -> None:
        if batch_size != self._num_rows(state):
            raise ShapeError(
                f"`input` must have a row for each of the {self._num_rows(state)} sequences of this stream, "
                f"but it has {batch_size}; its state has the shape {state_shapes(state)}.\n"
                "    Begin a batch of another size with reset()."
            )

    def __repr__(self) -> str:
        """Name the layer."""
        return f"Stream({self.layer!r})"


def _as_mask(rows: Tensor | Sequence[int], batch_size: int) -> Tensor:
    chosen = torch.as_tensor(rows)
    if chosen.numel() == 0:
        return torch.zeros(batch_size, dtype=torch.bool)
    if chosen.is_floating_point() or chosen.is_complex():
        raise DtypeError(f"`rows` must be bool or integers, but their dtype is {chosen.dtype}.")
    if chosen.dtype == torch.bool:
        if chosen.shape != (batch_size,):
            raise ShapeError(
                f"`rows` must have shape (N,) = ({batch_size},), but they have shape {tuple(chosen.shape)}."
            )
        return chosen
    wrong = [row for row in chosen.flatten().tolist() if not 0 <= row < batch_size]
    if wrong:
        raise ShapeError(f"`rows` must be in 0..{batch_size - 1}, but one of them is {wrong[0]}.")
    return torch.zeros(batch_size, dtype=torch.bool).index_fill(0, chosen.flatten().cpu().long(), True)
