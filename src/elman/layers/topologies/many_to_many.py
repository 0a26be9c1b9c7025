"""A sequence goes in, an output comes out at each of its steps."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.cells.state import State
from elman.layers.contract import SequenceLayer
from elman.layers.topologies.heads import check_head, head_size
from elman.layers.topologies.sequences import check_layer, live_steps, open_input, swap_time


class ManyToMany(SequenceLayer):
    """A head on a layer, at every time step: tag words, filter a signal.

    It is a layer itself: it runs, steps, stacks and streams as the layer in it does.

    Equations:
        (1) y_t = head(h_t)

    Args:
        layer: Runs over the sequences.
        head: Maps the layer's output at one step to the output: nn.Linear, nn.Sequential(nn.Linear(...),
            nn.Softmax(-1)), ...; any module that works on the last axis.

    Shape:
        input: (T, N, I), or (N, T, I) for a layer with `batch_first`, or a PackedSequence; (N, I) of `step`.
        lengths, sequences: (N,). resets: (T, N), or (N, T). output: (T, N, output_size), or as the input.

    Raises:
        DtypeError: `layer` is not a layer over sequences, or `head` is no module.

    Example:
        >>> from elman import GRU
        >>> tagger = ManyToMany(GRU(3, 5, bidirectional=True), torch.nn.Linear(10, 4))
        >>> output, final_state = tagger(torch.ones(7, 2, 3), lengths=[7, 4])
        >>> output.shape, bool(output[4:, 1].any())
        (torch.Size([7, 2, 4]), False)
    """

    def __init__(self, layer: SequenceLayer, head: nn.Module):
        super().__init__()
        check_layer("layer", layer)
        check_head(head)
        self.layer = layer
        self.head = head
        self.input_size = layer.input_size
        self.output_size = head_size(head, layer.output_size)
        self.batch_first = layer.batch_first

    def forward(
        self,
        input: Tensor | PackedSequence,
        initial_state: Any = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> tuple[Any, Any]:
        """Return the outputs at all steps, and the layer's final state.

        Args:
            input: The sequences.
            initial_state: The state before the first step, as the layer's.
            lengths: Number of time steps of each sequence; outputs behind its end are zero.
            resets: Where True, the state becomes fresh before the step.

        Raises:
            ElmanError: What the layer refuses.
        """
        if isinstance(input, PackedSequence):
            packed, final_state = self.layer(input, initial_state, lengths=lengths, resets=resets)
            return packed._replace(data=self.head(packed.data)), final_state
        padded, ends = open_input(self.layer, input, lengths)
        output, final_state = self.layer(padded, initial_state, lengths=ends, resets=resets)
        output = self.head(output)
        if ends is None:
            return output, final_state
        steps = swap_time(self.layer, output)
        live = live_steps(ends, steps.shape[0], steps.shape[1], steps.device)
        return swap_time(self.layer, steps.masked_fill(~live[..., None], 0)), final_state

    def step(self, input: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Run one time step; the state it returns is the one to give it next.

        Args:
            input: The input at this time step, (N, I).
            state: The state after the step before; the layer's fresh state without it.

        Raises:
            OptionError: The layer reads sequences from their ends.
        """
        output, state = self.layer.step(input, state)
        return self.head(output), state

    def initial_state(self, batch_size: int) -> Any:
        """Return the state that `batch_size` sequences start from where none is given."""
        return self.layer.initial_state(batch_size)

    def reset_state(self, state: State, sequences: Tensor) -> State:
        """Return `state` with the fresh state in the place of that of some sequences.

        Args:
            state: As `forward` and `step` return it.
            sequences: True for each sequence that starts anew.
        """
        return self.layer.reset_state(state, sequences)
