"""What the layers that stand in for those of torch.nn share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from elman.cells import Cell, map_state
from elman.layers.checks import as_resets, check_device, check_input, check_like, check_tensor
from elman.layers.lengths import as_lengths, check_no_lengths
from elman.layers.packed import check_packed, pack_like, unpack
from elman.layers.recurrent import Recurrent
from elman.layers.states import check_hidden
from elman.layers.torch_options import check_torch_options


class TorchLayer(nn.RNNBase, ABC):
    """A layer of torch.nn that also takes `lengths` and `resets`; abstract.

    Without resets it calls torch's own operator. With resets each layer and direction is a cell in a loop,
    on the layer's own parameters.
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
        if hx is not None:
            check_hidden(hx, 2 if self.mode == "LSTM" else 1, self._example())
        if isinstance(input, PackedSequence):
            check_no_lengths(lengths)
            check_packed(input)
            check_device("input", input.data, self._example())
            return self._torch_forward(input, hx) if resets is None else self._run_packed(input, hx, resets)
        check_tensor("input", input, " or a PackedSequence")
        check_device("input", input, self._example())
        if resets is not None:
            return self._run_cells(input, hx, lengths, resets)
        return self._torch_forward(input, hx) if lengths is None else self._run_ragged(input, hx, lengths)

    def _run_ragged(self, input: Tensor, hx: Any, lengths: Tensor | Sequence[int]) -> tuple[Tensor, Any]:
        num_steps, batch_size = self._check(input, hx)
        ends = as_lengths(lengths, num_steps, batch_size)
        if batch_size == 0:  # which cannot be packed
            return self._torch_forward(input, hx)
        packed = pack_padded_sequence(input, ends, self.batch_first, enforce_sorted=False)
        output, final_state = self._torch_forward(packed, hx)
        return pad_packed_sequence(output, self.batch_first, total_length=num_steps)[0], final_state

    def _run_packed(self, packed: PackedSequence, hx: Any, resets: Tensor) -> tuple[PackedSequence, Any]:
        padded, lengths = unpack(packed, self.batch_first)
        output, final_state = self._run_cells(padded, hx, lengths, resets)
        return pack_like(output, lengths, packed, self.batch_first), final_state

    def _run_cells(
        self, input: Tensor, hx: Any, lengths: Tensor | Sequence[int] | None, resets: Tensor
    ) -> tuple[Tensor, Any]:
        self._check(input, hx)
        options = {"lengths": lengths, "resets": as_resets(resets, input, self.batch_first)}
        sequences = input.transpose(0, 1) if self.batch_first else input
        final_states = []
        for layer in range(self.num_layers):
            if layer > 0:
                sequences = dropout(sequences, self.dropout, self.training)
            outputs = []
            for reverse in (False, True)[: 1 + self.bidirectional]:
                output, final_state = self._run_cell(len(final_states), reverse, sequences, hx, options)
                outputs.append(output)
                final_states.append(final_state)
            sequences = torch.cat(outputs, dim=-1)
        output = sequences.transpose(0, 1) if self.batch_first else sequences
        return output, map_state(lambda *parts: torch.stack(parts), *final_states)

    def _run_cell(
        self, index: int, reverse: bool, input: Tensor, hx: Any, options: dict[str, Any]
    ) -> tuple[Tensor, Any]:
        """Run one direction of one layer, the one that torch.nn gives this `index`."""
        with torch.device("meta"):  # the cell brings the equation, the layer the parameters
            loop = Recurrent(self.make_cell(input.shape[-1]), reverse=reverse)
        mine = {name.split("_l")[0]: getattr(self, name) for name in self._all_weights[index]}
        weights = {name: mine[name.split(".")[-1]] for name, _ in loop.named_parameters()}
        state = tuple(hx) if isinstance(hx, list) else hx  # torch takes a list too
        initial_state = None if hx is None else map_state(lambda part: part[index], state)
        return functional_call(loop, weights, (input, initial_state), options)

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
