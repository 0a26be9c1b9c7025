"""Two layers that read the same sequences, one from each end."""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from elman.cells import Cell
from elman.cells.convolution import ConvCell
from elman.cells.options import brief, check_choice
from elman.cells.state import state_shapes
from elman.compiler import shared_by
from elman.errors import OptionError, ShapeError
from elman.layers.contract import SequenceLayer
from elman.layers.lengths import check_no_lengths
from elman.layers.packed import check_packed, pack_like, unpack
from elman.layers.parts import as_layer, reversed_twin

MERGES: dict[str, Callable[[Tensor, Tensor], Any]] = {
    "concat": lambda ahead, back: torch.cat([ahead, back], dim=2),  # images have axes behind it
    "sum": torch.add,
    "mul": torch.mul,
    "mean": lambda ahead, back: (ahead + back) / 2,
    "none": lambda ahead, back: (ahead, back),
}


class Bidirectional(SequenceLayer):
    """Two layers that read the same sequences, one from the start and one from the end.

    Use it where an output may depend on what comes later: to label each step of a sequence that is there as
    a whole. A stream has no end to start from.

    Equations:
        (1) h_t = forward(h_{t-1}, x_t)
        (2) g_t = backward(g_{t+1}, x_t)    from each sequence's own last step
        (3) o_t = merge(h_t, g_t)

    Args:
        forward: The layer that reads from the start; a cell stands for `Recurrent(cell)`, or
            `ConvRecurrent(cell)`.
        backward: The one that reads from the end, with `reverse=True`; a cell stands for
            `Recurrent(cell, reverse=True)`. Without it, a twin of `forward` with parameters of its own, drawn
            anew.
        merge: What becomes of the two outputs at t: "concat", "sum", "mul" or "mean"; "none" leaves them a
            pair, with `output_size` features in all.
        batch_first: Whether input, output and resets have the batch as their first axis; both layers agree.

    Shape:
        input: (T, N, I), or (N, T, I) with `batch_first`, or a PackedSequence.
        initial_state: a pair, that of `forward` and that of `backward`. lengths: (N,).
        resets: (T, N), or (N, T) with `batch_first`.
        output: (T, N, output_size), or (N, T, output_size), or a PackedSequence, as the input.

    Raises:
        DtypeError: One is neither a layer nor a cell.
        OptionError: A layer reads from the wrong end, the sizes of the two do not fit, `merge` is none of the
            five, or no twin can be made.

    Reference:
        M. Schuster, K. K. Paliwal (1997), "Bidirectional recurrent neural networks", IEEE Transactions on
        Signal Processing 45(11).

    Example:
        >>> from elman.cells import LSTMCell
        >>> layer = Bidirectional(LSTMCell(input_size=10, hidden_size=64))
        >>> sum(parameter.numel() for parameter in layer.parameters())
        38400
        >>> output, (final_forward, final_backward) = layer(torch.ones(7, 2, 10), lengths=[7, 4])
        >>> output.shape
        torch.Size([7, 2, 128])
    """

    def __init__(
        self,
        forward: SequenceLayer | Cell | ConvCell,
        backward: SequenceLayer | Cell | ConvCell | None = None,
        merge: str = "concat",
        *,
        batch_first: bool = False,
    ):
        super().__init__()
        check_choice("merge", merge, MERGES)
        ahead = as_layer("forward", forward, batch_first=batch_first)
        if backward is None:
            back = reversed_twin(ahead)
        else:
            back = as_layer("backward", backward, batch_first=batch_first, reverse=True)
        _check_pair(ahead, back, merge, batch_first)
        self.forward_layer, self.backward_layer = ahead, back
        self.merge = merge
        self.batch_first = batch_first
        self.input_size = ahead.input_size
        is_wide = merge in ("concat", "none")
        self.output_size = ahead.output_size + (back.output_size if is_wide else 0)

    @property
    def is_causal(self) -> bool:
        """False: the backward layer waits for the end."""
        return False

    def initial_state(self, batch_size: int) -> tuple[Any, Any]:
        """Return the states that `batch_size` sequences start from where none are given, one a direction."""
        return self.forward_layer.initial_state(batch_size), self.backward_layer.initial_state(batch_size)

    def forward(
        self,
        input: Tensor | PackedSequence,
        initial_state: Any = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> tuple[Any, Any]:
        """Run both layers over the sequences.

        Args:
            input: The sequences.
            initial_state: The states before the first step of each direction; fresh ones without it.
            lengths: Number of time steps of each sequence; all T without it. The backward layer starts at a
                sequence's own last step.
            resets: Where True, the state of either direction becomes its fresh state before the step, in its
                order of running.

        Returns:
            The merged outputs, and the pair of the states after the last step of each direction: those of the
            backward layer belong to t = 0.

        Raises:
            ShapeError: A tensor has the wrong shape, or there is not one state a direction.
            DtypeError: A tensor has the wrong dtype.
            DeviceError: A tensor is not where the parameters are.
            LengthError: A length is not within 1..T.
            OptionError: There are `lengths` beside a PackedSequence.
        """
        if not isinstance(input, PackedSequence):
            return self._run(input, initial_state, lengths, resets)
        check_no_lengths(lengths)
        check_packed(input)
        padded, ends = unpack(input, self.batch_first)
        output, final_state = self._run(padded, initial_state, ends, resets)
        outputs = output if isinstance(output, tuple) else (output,)
        packed = tuple([pack_like(one, ends, input, self.batch_first) for one in outputs])
        return (packed if self.merge == "none" else packed[0]), final_state

    def step(self, input: Tensor, state: Any = None) -> NoReturn:
        """Refuse to run one time step.

        Args:
            input: The input at this time step, (N, I).
            state: The states after the step before.

        Raises:
            OptionError: Always: the first output needs the last time step, which a stream does not have.
        """
        del input, state
        raise OptionError(
            "a bidirectional layer needs the last time step for the first output and cannot be stepped.\n"
            "    Call it on whole sequences, or step its `forward_layer` alone."
        )

    def reset_state(self, state: Any, sequences: Tensor) -> tuple[Any, Any]:
        """Return `state` with fresh states in the place of those of some sequences.

        Args:
            state: As `forward` returns it.
            sequences: True for each sequence that starts anew, (N,).
        """
        ahead, back = state
        return self.forward_layer.reset_state(ahead, sequences), self.backward_layer.reset_state(
            back, sequences
        )

    def extra_repr(self) -> str:
        """Name the options that differ from their defaults."""
        defaults = {"merge": "concat", "batch_first": False}
        options = {name: getattr(self, name) for name in defaults}
        return ", ".join(f"{name}={value!r}" for name, value in options.items() if value != defaults[name])

    def _run(
        self,
        input: Tensor,
        initial_state: Any,
        lengths: Tensor | Sequence[int] | None,
        resets: Tensor | None,
    ) -> tuple[Any, tuple[Any, Any]]:
        if initial_state is None:
            initial_state = None, None
        elif not isinstance(initial_state, tuple) or len(initial_state) != 2:
            raise ShapeError(
                "`initial_state` must be a pair, the state of the forward layer and of the backward one, "
                f"but it has {brief(state_shapes(initial_state))}."
            )
        options = {"lengths": lengths, "resets": resets}
        with shared_by(2):
            ahead, final_ahead = self.forward_layer(input, initial_state[0], **options)
            back, final_back = self.backward_layer(input, initial_state[1], **options)
        return MERGES[self.merge](ahead, back), (final_ahead, final_back)


def _check_pair(ahead: SequenceLayer, back: SequenceLayer, merge: str, batch_first: bool) -> None:
    if not ahead.is_causal:
        raise OptionError("`forward` must read from the start, but it is a layer that starts at the end.")
    if back.is_causal:
        raise OptionError("`backward` must read from the end: give it reverse=True.")
    for name, layer in {"forward": ahead, "backward": back}.items():
        if layer.batch_first != batch_first:
            raise OptionError(
                f"both layers must have batch_first={batch_first} as the whole has, "
                f"but `{name}` has batch_first={layer.batch_first}."
            )
    if back.input_size != ahead.input_size:
        raise OptionError(
            f"`backward` must read the {ahead.input_size} features that `forward` reads, "
            f"but its input_size is {back.input_size}."
        )
    if merge not in ("concat", "none") and back.output_size != ahead.output_size:
        raise OptionError(
            f'merge="{merge}" needs outputs of one size, but `forward` puts out {ahead.output_size} features '
            f'and `backward` {back.output_size}.\n    merge="concat" takes any.'
        )
