"""What the layers that stand in for those of torch.nn share."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from elman.backends.eager import Resets
from elman.cells import Cell, map_state
from elman.cells.state import State, state_tensors
from elman.compiler import Batch, explain, run, run_again, shared_by, why_not
from elman.compiler.options import chosen_memory
from elman.errors import GraphError, OptionError
from elman.layers.checks import (
    as_resets,
    check_device,
    check_input,
    check_like,
    check_step_input,
    check_tensor,
)
from elman.layers.contract import SequenceLayer
from elman.layers.lengths import as_lengths, check_no_lengths
from elman.layers.packed import check_packed, pack_like, unpack
from elman.layers.states import check_hidden, replace_rows
from elman.layers.torch_cells import cell_of, known_cell, traced_cell_of
from elman.layers.torch_options import check_torch_options


class TorchLayer(nn.RNNBase, SequenceLayer):
    """A layer of torch.nn that also takes `lengths` and `resets`; abstract.

    Each layer and direction is a cell, run on the layer's own parameters by the fastest backend. What no
    kernel takes, such as tensors on other devices, goes to torch's own operator.
    """

    _torch_forward: Callable[..., tuple[Any, Any]]  # of the class of torch.nn that this one stands in for

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        proj_size: int = 0,
        device=None,
        dtype=None,
    ):
        check_torch_options(
            num_layers=num_layers,
            dropout=dropout,
            bidirectional=bidirectional,
            proj_size=proj_size,
            dtype=dtype,
        )
        rest = (num_layers, bias, batch_first, dropout, bidirectional, proj_size)
        super().__init__(mode, input_size, hidden_size, *rest, device=device, dtype=dtype)
        self.output_size = (proj_size or hidden_size) * (2 if bidirectional else 1)

    @property
    def is_causal(self) -> bool:
        """Whether every output waits for no later input, so that the layer can be stepped."""
        return not self.bidirectional

    @abstractmethod
    def make_cell(self, input_size: int) -> Cell:
        """Return a cell that computes one layer, its parameters named as in torch.nn."""

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: Any = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> tuple[Any, Any]:
        """Run the layers over the sequences.

        Args:
            input: As in torch.nn; with a batch axis where there are `lengths` or `resets`.
            hx: The initial state, as in torch.nn; zeros without it.
            lengths: Number of time steps of each sequence, (N,). What stands behind a sequence's end
                reaches nothing; the outputs there are zero, and the final state is the one at the end.
            resets: Where True, the state of every layer and direction becomes zero before the step, in
                the order of running. (T, N), or (N, T) with `batch_first`.

        Returns:
            What torch.nn returns: the outputs, and the final states of all layers and directions.

        Raises:
            ShapeError: Beside `lengths` or `resets`, a tensor has the wrong shape.
            DtypeError: A tensor has the wrong dtype or is not dense, or `hx` is not what the layer takes.
            DeviceError: A tensor is not where the parameters are.
            LengthError: A length is not within 1..T.
            OptionError: There are `lengths` beside a PackedSequence.
        """
        if not (hx is None or torch.is_grad_enabled() or torch.compiler.is_compiling()):
            again = self._run_again(input, hx) if lengths is None and resets is None else None
            if again is not None:
                return again
        if hx is not None:
            check_hidden(hx, 2 if self.mode == "LSTM" else 1, self._example())
        if isinstance(input, PackedSequence):
            check_no_lengths(lengths)
            check_packed(input)
            check_device("input", input.data, self._example())
            if resets is not None or self._suits_kernels(input.data.unsqueeze(1), hx):
                return self._run_packed(input, hx, resets)
            return self._run_torch(input, hx)
        check_tensor("input", input, " or a PackedSequence")
        check_device("input", input, self._example())
        if resets is not None:
            return self._run_cells(input, hx, lengths, resets)
        if not self._suits_kernels(input, hx):
            return self._run_torch(input, hx) if lengths is None else self._run_ragged(input, hx, lengths)
        if input.dim() == 3 or lengths is not None:
            return self._run_cells(input, hx, lengths, None)
        batch = 0 if self.batch_first else 1
        state = None if hx is None else map_state(lambda part: part.unsqueeze(1), _as_state(hx))
        output, final_state = self._run_cells(input.unsqueeze(batch), state, None, None)
        return output.squeeze(batch), map_state(lambda part: part.squeeze(1), final_state)

    def initial_state(self, batch_size: int) -> Any:
        """Return the state of torch.nn that `batch_size` sequences start from: zeros."""
        num_states = self.num_layers * (2 if self.bidirectional else 1)
        hidden = self._example().new_zeros(num_states, batch_size, self.proj_size or self.hidden_size)
        if self.mode != "LSTM":
            return hidden
        return hidden, hidden.new_zeros(num_states, batch_size, self.hidden_size)

    def step(self, input: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Run one time step, as for a stream; the state it returns is the one to give it next.

        Args:
            input: The input at this time step, (N, I).
            state: The state after the step before, as in torch.nn; zeros without it.

        Raises:
            OptionError: The layer is bidirectional: it needs the end, which a stream does not have.
            ShapeError: The input is not (N, I).
            DtypeError: A tensor has the wrong dtype.
            DeviceError: A tensor is not where the parameters are.
        """
        if self.bidirectional:
            raise OptionError(
                "a bidirectional layer needs the last time step for the first output and cannot be stepped."
            )
        check_step_input(input, self.input_size)
        axis = 1 if self.batch_first else 0
        output, state = self.forward(input.unsqueeze(axis), state)
        return output.squeeze(axis), state

    def reset_state(self, state: State, sequences: Tensor) -> State:
        """Return `state` with zeros in the place of the states of some sequences.

        Args:
            state: As `forward` and `step` return it; its second axis is the batch.
            sequences: True for each sequence that starts anew, (N,).
        """
        fresh = self.initial_state(len(sequences))
        return map_state(lambda new, old: replace_rows(old, new, sequences, axis=1), fresh, state)

    def _run_again(self, input: Tensor | PackedSequence, hx: Any) -> tuple[Tensor, Any] | None:
        """Run a call of one layer like the one before; None if it is another, or any other layer."""
        cell = known_cell(self, 0)
        parts = hx if isinstance(hx, tuple) else (hx,)
        is_plain = self.num_layers == 1 and not self.bidirectional and not self.batch_first
        if cell is None or not is_plain or isinstance(input, PackedSequence):
            return None
        if not all(isinstance(part, Tensor) and part.dim() == 3 and len(part) == 1 for part in parts):
            return None
        state = tuple([part[0] for part in parts]) if isinstance(hx, tuple) else parts[0][0]
        again = run_again(cell, input, state, False, "auto", self._find)
        return None if again is None else (again[0], map_state(_stack, again[1]))

    def _find(self, name: str) -> Tensor:
        """Return the parameter of the first layer and direction by the name that its cell has for it."""
        return getattr(self, f"{name.rpartition('.')[2]}_l0")

    def explain(self) -> str:
        """Say which backend runs the layer, and why not a faster one."""
        weights = self._weights(0)
        example = self._example()
        if why_not(example.new_empty(1, 1, self.input_size)) is not None:
            return f"torch: torch.nn.{type(self).__name__} runs on {example.device.type} in {example.dtype}."
        return explain(cell_of(self, 0, self.input_size, weights))

    def _weights(self, index: int) -> dict[str, Tensor]:
        """Return the parameters of one layer and direction, by their names without its number."""
        return {name.split("_l")[0]: getattr(self, name) for name in self._all_weights[index]}

    def _suits_kernels(self, input: Tensor, hx: Any) -> bool:
        """Whether kernels take a call; what torch would refuse is left to torch and its words."""
        ranks = [part.dim() for part in state_tensors(_as_state(hx))] if hx is not None else [input.dim()]
        return (
            input.dim() in (2, 3)
            and all(rank == input.dim() for rank in ranks)
            and input.shape[-1] == self.input_size
            and input.numel() > 0
            and input.dtype == self._example().dtype
            and why_not(input if input.dim() == 3 else input.unsqueeze(1)) is None
        )

    def _run_ragged(self, input: Tensor, hx: Any, lengths: Tensor | Sequence[int]) -> tuple[Tensor, Any]:
        num_steps, batch_size = self._check(input, hx)
        ends = as_lengths(lengths, num_steps, batch_size)
        if batch_size == 0:  # which cannot be packed
            return self._run_torch(input, hx)
        packed = pack_padded_sequence(input, ends, self.batch_first, enforce_sorted=False)
        output, final_state = self._run_torch(packed, hx)
        return pad_packed_sequence(output, self.batch_first, total_length=num_steps)[0], final_state

    def _run_torch(self, input: Tensor | PackedSequence, hx: Any) -> tuple[Any, Any]:
        """Call torch's own operator, which knows of no budget."""
        if torch.is_grad_enabled() and chosen_memory() is not None:
            tensor = input.data if isinstance(input, PackedSequence) else input
            reason = why_not(tensor if tensor.dim() == 3 else tensor.unsqueeze(1))
            if reason is not None:  # else torch refuses the call
                raise GraphError(
                    "`memory` bounds what machine code keeps for a gradient, and this call is torch's own "
                    f"operator: {reason}"
                )
        return self._torch_forward(input, hx)

    def _run_packed(
        self, packed: PackedSequence, hx: Any, resets: Tensor | None
    ) -> tuple[PackedSequence, Any]:
        padded, lengths = unpack(packed, self.batch_first)
        output, final_state = self._run_cells(padded, hx, lengths, resets)
        return pack_like(output, lengths, packed, self.batch_first), final_state

    def _run_cells(
        self, input: Tensor, hx: Any, lengths: Tensor | Sequence[int] | None, resets: Tensor | None
    ) -> tuple[Tensor, Any]:
        num_steps, batch_size = self._check(input, hx)
        ends = None if lengths is None else as_lengths(lengths, num_steps, batch_size)
        starts = None if resets is None else as_resets(resets, input, self.batch_first)
        sequences = input.transpose(0, 1) if self.batch_first else input
        final_states = []
        with shared_by(self.num_layers * (1 + self.bidirectional)):
            for layer in range(self.num_layers):
                if layer > 0:
                    sequences = dropout(sequences, self.dropout, self.training)
                outputs = []
                for reverse in (False, True)[: 1 + self.bidirectional]:
                    batch = Batch(sequences, hx, ends, None, None, reverse)
                    output, final_state = self._run_cell(len(final_states), batch, starts)
                    outputs.append(output)
                    final_states.append(final_state)
                sequences = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=-1)
        output = sequences.transpose(0, 1) if self.batch_first else sequences
        return output, map_state(_stack, *final_states)

    def _run_cell(self, index: int, batch: Batch, resets: Tensor | None) -> tuple[Tensor, Any]:
        """Run one direction of one layer, the one that torch.nn gives this `index`."""
        weights = self._weights(index)
        find_cell = traced_cell_of if torch.compiler.is_compiling() else cell_of
        cell = find_cell(self, index, batch.input.shape[-1], weights)
        hx, batch_size = batch.state, batch.input.shape[1]
        fresh = None
        if hx is None or resets is not None:
            fresh = map_state(lambda part: part.to(batch.input), cell.initial_state(batch_size))
        state = fresh if hx is None else map_state(lambda part: part[index], _as_state(hx))
        starts = None if resets is None or fresh is None else Resets(resets, fresh)
        batch = batch._replace(state=state, resets=starts)
        return run(cell, batch, find=lambda name: weights[name.rpartition(".")[2]])

    def _check(self, input: Tensor, hx: Any) -> tuple[int, int]:
        """Check what torch does not check once the input is packed; return T and N."""
        check_input(input, self.input_size, self.batch_first)
        check_like("input", input, self._example())
        if hx is not None:
            self.check_forward_args(input, hx, None)
        num_steps, batch_size = input.shape[:2]
        return (batch_size, num_steps) if self.batch_first else (num_steps, batch_size)

    def _example(self) -> Tensor:
        """Return a parameter; a replica of torch's data parallelism has no list of them."""
        return getattr(self, self._all_weights[0][0])


def _as_state(hx: Any) -> Any:
    return tuple(hx) if isinstance(hx, list) else hx  # torch takes a list too


def _stack(*parts: Tensor) -> Tensor:
    return parts[0].unsqueeze(0) if len(parts) == 1 else torch.stack(parts)
