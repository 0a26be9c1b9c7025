"""A layer that carries its state from one call to the next."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.cells.options import brief
from elman.cells.state import map_state
from elman.errors import DtypeError, OptionError, ShapeError
from elman.layers.checks import check_input, check_tensor
from elman.layers.contract import SequenceLayer
from elman.layers.packed import check_packed


class Stateful(SequenceLayer):
    """Carries the state of a layer from call to call: sequence n of a batch goes on in the next one.

    Use it to read a stream in pieces, or to train on pieces of long sequences (truncated backpropagation
    through time). The carried state is detached: no gradient reaches the call before.

    The state moves with `.to()`. It is no part of the state dictionary: it belongs to the data that were
    read, not to what was learned, and has their batch size. To keep it, keep `layer.state`, and give it as
    `initial_state` later.

    Args:
        layer: Any layer that reads from the start.

    Shape:
        input: (T, N, I), or (N, T, I) as the layer's, or a PackedSequence. lengths: (N,).
        resets: (T, N), or (N, T). sequences: (N,) of bool, or numbers of sequences.
        output: (T, N, output_size), or as the input.

    Raises:
        DtypeError: `layer` is no layer.
        OptionError: It reads from the end, which a stream does not have.

    Example:
        >>> from elman import Recurrent
        >>> from elman.cells import GRUCell
        >>> layer = Stateful(Recurrent(GRUCell(input_size=3, hidden_size=5)))
        >>> stream = torch.randn(12, 2, 3)
        >>> pieces = [layer(piece)[0] for piece in stream.split(4)]
        >>> layer.reset()
        >>> torch.allclose(torch.cat(pieces), layer(stream)[0], atol=1e-6)
        True
    """

    def __init__(self, layer: SequenceLayer):
        super().__init__()
        if not isinstance(layer, SequenceLayer):
            raise DtypeError(
                f"`layer` must be a layer, such as elman.Recurrent, but it is a {type(layer).__name__}."
            )
        if not layer.is_causal:
            raise OptionError("a layer that reads from the end cannot go on where the call before ended.")
        self.layer = layer
        self.input_size, self.output_size = layer.input_size, layer.output_size
        self.batch_first = layer.batch_first
        self._state: Any = None
        self._batch_size = 0
        self._restarts: Tensor | None = None  # sequences that start anew with the next call

    @property
    def state(self) -> Any:
        """The state that the next call starts from; None where it starts anew."""
        if self._restarts is None or self._state is None:
            return self._state
        return self.layer.reset_state(self._state, self._restarts)

    def initial_state(self, batch_size: int) -> Any:
        """Return the state that `batch_size` sequences start from where none is carried."""
        return self.layer.initial_state(batch_size)

    def reset(self, sequences: Tensor | Sequence[int] | None = None) -> None:
        """Let the next call start from the fresh state.

        Args:
            sequences: Those that start anew, as numbers or as one bool each; all without it, and the next
                call may then have another batch size.

        Raises:
            DtypeError: They are neither integers nor bools.
            ShapeError: There is no such sequence.
        """
        if sequences is None:
            self._state = self._restarts = None
        elif self._state is not None:
            chosen = _as_mask(sequences, self._batch_size)
            self._restarts = chosen if self._restarts is None else chosen | self._restarts

    def forward(
        self,
        input: Tensor | PackedSequence,
        initial_state: Any = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> tuple[Any, Any]:
        """Run the layer from where the call before ended.

        Args:
            input: The sequences.
            initial_state: A state to start from in the place of the carried one.
            lengths: Number of time steps of each sequence; all T without it. The next call goes on at each
                sequence's own end.
            resets: Where True, the state becomes the layer's fresh state before the step.

        Returns:
            The outputs, and the state after each sequence's own last step.

        Raises:
            ShapeError: The batch has another size than the one before, or a tensor has the wrong shape.
            DtypeError: A tensor has the wrong dtype.
            DeviceError: A tensor is not where the parameters are.
            LengthError: A length is not within 1..T.
            OptionError: There are `lengths` beside a PackedSequence.
        """
        batch_size = self._count(input)
        state = self._start(initial_state, batch_size)
        output, final_state = self.layer(input, state, lengths=lengths, resets=resets)
        self._carry(final_state, batch_size)
        return output, final_state

    def step(self, input: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Run one time step from where the call before ended.

        Args:
            input: The input at this time step, (N, I).
            state: A state to start from in the place of the carried one.

        Raises:
            ShapeError: The batch has another size than the one before, or a tensor has the wrong shape.
            DtypeError: A tensor has the wrong dtype.
            DeviceError: A tensor is not where the parameters are.
        """
        check_tensor("input", input)
        batch_size = len(input) if input.dim() else 0
        output, final_state = self.layer.step(input, self._start(state, batch_size))
        self._carry(final_state, batch_size)
        return output, final_state

    def reset_state(self, state: Any, sequences: Tensor) -> Any:
        """Return `state` with fresh states in the place of those of some sequences.

        Args:
            state: As `forward` and `step` return it.
            sequences: True for each sequence that starts anew, (N,).
        """
        return self.layer.reset_state(state, sequences)

    def _count(self, input: Tensor | PackedSequence) -> int:
        """Return the number of sequences of an input."""
        if isinstance(input, PackedSequence):
            check_packed(input)
            return int(input.batch_sizes[0])
        check_tensor("input", input, " or a PackedSequence")
        if input.dim() < 2 or (input.dim() == 2 and isinstance(self.layer, nn.RNNBase)):
            check_input(input, self.input_size, self.batch_first)  # torch would take it for one sequence
        return input.shape[0 if self.batch_first else 1]

    def _start(self, given: Any, batch_size: int) -> Any:
        if given is not None:
            return given
        if self._state is not None and batch_size != self._batch_size:
            raise ShapeError(
                f"`input` must have {self._batch_size} sequences, those of the call before, "
                f"but it has {batch_size}.\n    To read others, forget these first: layer.reset()."
            )
        return self.state

    def _carry(self, state: Any, batch_size: int) -> None:
        # A copy: a cell may hand on a state that was learned, which the optimizer will move.
        self._state = map_state(lambda one: one.detach().clone(), state)
        self._batch_size = batch_size
        self._restarts = None

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        """Move the state as torch moves buffers: this is what `.to()`, `.double()` and their like call."""
        super()._apply(fn, recurse)
        if self._state is not None:
            self._state = map_state(fn, self._state)
        return self


def _as_mask(sequences: object, batch_size: int) -> Tensor:
    """Return (N,) bool: True for each sequence that is meant."""
    try:
        chosen = torch.as_tensor(sequences).cpu()
    except (TypeError, ValueError, RuntimeError) as error:
        raise DtypeError(
            f"`sequences` must be integers or bools, but they are {brief(sequences)}."
        ) from error
    if chosen.numel() == 0:
        return torch.zeros(batch_size, dtype=torch.bool)
    if chosen.dtype == torch.bool:
        if chosen.shape != (batch_size,):
            raise ShapeError(
                f"`sequences` must be ({batch_size},) bools, but their shape is {tuple(chosen.shape)}."
            )
        return chosen
    if chosen.is_floating_point() or chosen.is_complex():
        raise DtypeError(f"`sequences` must be integers or bools, but their dtype is {chosen.dtype}.")
    numbers = chosen.flatten().tolist()
    wrong = [number for number in numbers if not 0 <= number < batch_size]
    if wrong:
        raise ShapeError(f"`sequences` must be in 0..{batch_size - 1}, but one is {wrong[0]}.")
    mask = torch.zeros(batch_size, dtype=torch.bool)
    mask[numbers] = True
    return mask
