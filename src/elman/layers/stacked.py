"""Layers on top of one another."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.cells import Cell
from elman.cells.convolution import ConvCell
from elman.cells.options import brief, check_flag, check_number
from elman.cells.state import state_shapes
from elman.compiler import shared_by
from elman.errors import OptionError, ShapeError
from elman.layers.bidirectional import Bidirectional
from elman.layers.contract import SequenceLayer
from elman.layers.dropout import drop
from elman.layers.lengths import as_lengths, check_no_lengths
from elman.layers.packed import check_packed, pack_like, unpack
from elman.layers.parts import as_layer


class Stacked(SequenceLayer):
    """Layers of any kind on top of one another, each reading the outputs of the one before.

    Use it where layers differ in kind or size, for dropout between them, and for residual connections.

    Equations:
        (1) u_1 = x
        (2) u_{l+1} = layer_l(dropout(u_l))    the first layer has no dropout before it
        (3) u_{l+1} = u_l + layer_l(dropout(u_l))    if the layer has a residual connection
        returns u_{L+1}

    Args:
        layers: From the first to the last; a cell stands for `Recurrent(cell)`, or
            `ConvRecurrent(cell)`.
        dropout: Probability that a value between two layers becomes zero in training.
        residual: Whether every layer adds its input to its output; or the numbers, from 0, of those that do.
            What is added is the input before dropout.
        batch_first: Whether input, output and resets have the batch as their first axis; all layers agree.

    Shape:
        input: (T, N, I), or (N, T, I) with `batch_first`, or a PackedSequence.
        initial_state: a tuple of the layers' states. lengths: (N,).
        resets: (T, N), or (N, T) with `batch_first`.
        output: (T, N, output_size), or (N, T, output_size), or a PackedSequence, as the input.

    Raises:
        DtypeError: One of the layers is neither a layer nor a cell.
        OptionError: There is no layer, an option has a value that is not legal, or a layer cannot read what
            the one before puts out, or cannot add it to its own output.

    Reference:
        A. Graves, A. Mohamed, G. Hinton (2013), "Speech recognition with deep recurrent neural networks",
        ICASSP. Residual connections: Y. Wu et al. (2016), "Google's neural machine translation system",
        arXiv:1609.08144.

    Example:
        >>> from elman.cells import ElmanCell, GRUCell
        >>> layer = Stacked(GRUCell(64, 256, double_bias=True), ElmanCell(256, 128), dropout=0.2)
        >>> [sum(p.numel() for p in one.parameters()) for one in layer.layers]
        [247296, 49280]
        >>> output, final_state = layer(torch.ones(7, 2, 64), lengths=[7, 4])
        >>> output.shape, [part.shape for part in final_state]
        (torch.Size([7, 2, 128]), [torch.Size([2, 256]), torch.Size([2, 128])])
    """

    def __init__(
        self,
        *layers: SequenceLayer | Cell | ConvCell,
        dropout: float = 0.0,
        residual: bool | Sequence[int] = False,
        batch_first: bool = False,
    ):
        super().__init__()
        check_flag("batch_first", batch_first)
        check_number("dropout", dropout)
        if not 0 <= dropout <= 1:
            raise OptionError(f"`dropout` must be a probability in 0..1, but it is {brief(dropout)}.")
        made = [
            as_layer(f"layers[{index}]", one, batch_first=batch_first) for index, one in enumerate(layers)
        ]
        _check_chain(made, batch_first)
        self.layers = nn.ModuleList(made)
        self.input_size, self.output_size = made[0].input_size, made[-1].output_size
        self.dropout = dropout
        self.residual = _find_residual(residual, made)
        self.batch_first = batch_first

    def initial_state(self, batch_size: int) -> tuple[Any, ...]:
        """Return the states that `batch_size` sequences start from where none are given, one a layer."""
        return tuple([layer.initial_state(batch_size) for layer in self._layers()])

    def forward(
        self,
        input: Tensor | PackedSequence,
        initial_state: Any = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> tuple[Any, Any]:
        """Run all layers over the sequences.

        Args:
            input: The sequences.
            initial_state: The states before the first step, one a layer; fresh ones without it.
            lengths: Number of time steps of each sequence; all T without it.
            resets: Where True, the state of every layer becomes its fresh state before the step, in the order
                of running.

        Returns:
            The outputs of the last layer, and the tuple of the states of all layers after each sequence's
            own last step.

        Raises:
            ShapeError: A tensor has the wrong shape, or there is not one state a layer.
            DtypeError: A tensor has the wrong dtype.
            DeviceError: A tensor is not where the parameters are.
            LengthError: A length is not within 1..T.
            OptionError: There are `lengths` beside a PackedSequence.
        """
        if isinstance(input, PackedSequence):
            check_no_lengths(lengths)
            check_packed(input)
            padded, ends = unpack(input, self.batch_first)
            output, final_state = self._run(padded, initial_state, ends, resets)
            return pack_like(output, ends, input, self.batch_first), final_state
        return self._run(input, initial_state, lengths, resets)

    def step(self, input: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Run one time step through all layers; the states it returns are those to give it next.

        Args:
            input: The input at this time step, (N, I).
            state: The states after the step before, one a layer; fresh ones without it.

        Raises:
            OptionError: A layer reads from the end, which a stream does not have.
            ShapeError: A tensor has the wrong shape, or there is not one state a layer.
            DtypeError: A tensor has the wrong dtype.
            DeviceError: A tensor is not where the parameters are.
        """
        final_states = []
        with shared_by(len(self.layers)):
            for index, (layer, own) in enumerate(self._pair(state, "state")):
                output, own = layer.step(self._drop(index, input), own)
                final_states.append(own)
                input = input + output if index in self.residual else output
        return input, tuple(final_states)

    def reset_state(self, state: Any, sequences: Tensor) -> Any:
        """Return `state` with fresh states in the place of those of some sequences.

        Args:
            state: As `forward` and `step` return it.
            sequences: True for each sequence that starts anew, (N,).
        """
        return tuple([layer.reset_state(own, sequences) for layer, own in self._pair(state, "state")])

    def extra_repr(self) -> str:
        """Name the options that differ from their defaults."""
        defaults = {"dropout": 0.0, "residual": (), "batch_first": False}
        options = {name: getattr(self, name) for name in defaults}
        return ", ".join(f"{name}={value!r}" for name, value in options.items() if value != defaults[name])

    def _run(
        self,
        input: Tensor,
        initial_state: Any,
        lengths: Tensor | Sequence[int] | None,
        resets: Tensor | None,
    ) -> tuple[Tensor, Any]:
        final_states = []
        with shared_by(len(self.layers)):
            for index, (layer, state) in enumerate(self._pair(initial_state, "initial_state")):
                output, state = layer(self._drop(index, input), state, lengths=lengths, resets=resets)
                final_states.append(state)
                if index in self.residual:
                    output = output + (input if index else self._clear_padding(input, lengths))
                input = output
        return input, tuple(final_states)

    def _clear_padding(self, input: Tensor, lengths: Tensor | Sequence[int] | None) -> Tensor:
        """Put zeros behind the sequences' ends; the first layer does not read there, a sum would."""
        if lengths is None:
            return input
        num_steps, batch_size = input.shape[:2][::-1] if self.batch_first else input.shape[:2]
        dead = torch.arange(num_steps)[:, None] >= as_lengths(lengths, num_steps, batch_size)
        dead = (dead.T if self.batch_first else dead).to(input.device)
        return input.masked_fill(dead.view(*dead.shape, *[1] * (input.dim() - 2)), 0)

    def _layers(self) -> list[SequenceLayer]:
        return [layer for layer in self.layers if isinstance(layer, SequenceLayer)]

    def _pair(self, state: Any, name: str) -> list[tuple[SequenceLayer, Any]]:
        """Return each layer with its own part of the states."""
        layers = self._layers()
        if state is None:
            return [(layer, None) for layer in layers]
        if not isinstance(state, tuple) or len(state) != len(layers):
            raise ShapeError(
                f"`{name}` must be a tuple of {len(layers)} states, one a layer, "
                f"but it has {brief(state_shapes(state))}."
            )
        return list(zip(layers, state, strict=True))

    def _drop(self, index: int, input: Tensor) -> Tensor:
        return drop(input, self.dropout) if index and self.dropout and self.training else input


def _check_chain(layers: list[SequenceLayer], batch_first: bool) -> None:
    if not layers:
        raise OptionError("`layers` must be one or more, but there is none.")
    for index, layer in enumerate(layers):
        if layer.batch_first != batch_first:
            raise OptionError(
                f"all layers must have batch_first={batch_first} as the stack has, "
                f"but layers[{index}] has batch_first={layer.batch_first}."
            )
        if isinstance(layer, Bidirectional) and layer.merge == "none":
            raise OptionError(f"layers[{index}] has merge='none', two outputs, and a stack takes one.")
        size = layers[index - 1].output_size
        if index and layer.input_size != size:
            raise OptionError(
                f"layers[{index}] must read the {size} features that layers[{index - 1}] puts out, "
                f"but its input_size is {layer.input_size}."
            )


def _find_residual(residual: object, layers: list[SequenceLayer]) -> tuple[int, ...]:
    """Return the numbers of the layers that add their input to their output."""
    numbers = range(len(layers))
    chosen = list(numbers) if residual is True else [] if residual is False else residual
    if not isinstance(chosen, Sequence) or not all(type(n) is int and n in numbers for n in chosen):
        raise OptionError(
            f"`residual` must be True, False or numbers of layers in 0..{len(layers) - 1}, "
            f"but it is {brief(residual)}."
        )
    fitting = tuple([index for index in chosen if layers[index].input_size == layers[index].output_size])
    for index in chosen:
        if index not in fitting:
            layer = layers[index]
            raise OptionError(
                f"layers[{index}] cannot add its input to its output: it reads {layer.input_size} features "
                f"and puts out {layer.output_size}.\n    Name the layers that can: residual={fitting}."
            )
    return fitting
