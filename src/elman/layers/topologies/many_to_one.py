"""A sequence goes in, one vector comes out."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.cells.options import check_choice
from elman.layers.contract import SequenceLayer
from elman.layers.topologies.heads import check_head, head_size
from elman.layers.topologies.pooling import POOLINGS, Pooling
from elman.layers.topologies.sequences import check_layer, live_steps, open_input, swap_time


class ManyToOne(nn.Module):
    """Reads a sequence and gives one vector: classify a text, a gesture, a patient; regress on a history.

    Take "mean", "max" or "attention" where what matters may stand anywhere in a long sequence, and for
    bidirectional layers: at the last step their backward half has seen one step only.

    Args:
        layer: Runs over the sequences.
        head: Maps the pooled vector to the output, as nn.Linear(layer.output_size, num_classes) does; the
            output is the pooled vector without it.
        pooling: "last" takes the output at each sequence's own last step (of a layer with reverse=True: at
            its first, where it ends), "mean" and "max" go over its steps, "attention" is a mean with
            learned weights.

    Shape:
        input: (T, N, I), or (N, T, I) for a layer with `batch_first`, or a PackedSequence. lengths: (N,).
        resets: (T, N), or (N, T). output: (N, output_size).

    Raises:
        DtypeError: `layer` is not a layer over sequences, or `head` is no module.
        OptionError: `pooling` is not one of the four.

    Example:
        >>> from elman import LSTM
        >>> network = ManyToOne(LSTM(3, 5), torch.nn.Linear(5, 2), pooling="mean")
        >>> scores, final_state = network(torch.ones(7, 4, 3), lengths=[7, 2, 5, 1])
        >>> scores.shape
        torch.Size([4, 2])
    """

    def __init__(self, layer: SequenceLayer, head: nn.Module | None = None, *, pooling: str = "last"):
        super().__init__()
        check_layer("layer", layer)
        check_head(head)
        check_choice("pooling", pooling, POOLINGS)
        self.layer = layer
        self.pooling = Pooling(pooling, layer.output_size, reverse=getattr(layer, "reverse", False))
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
    ) -> tuple[Tensor, Any]:
        """Return one vector a sequence, and the layer's final state.

        Args:
            input: The sequences.
            initial_state: The state before the first step, as the layer's.
            lengths: Number of time steps of each sequence; what stands behind its end counts for nothing.
            resets: Where True, the state becomes fresh before the step.

        Raises:
            ElmanError: What the layer refuses.
        """
        padded, ends = open_input(self.layer, input, lengths)
        output, final_state = self.layer(padded, initial_state, lengths=ends, resets=resets)
        outputs = swap_time(self.layer, output)
        pooled = self.pooling(outputs, live_steps(ends, outputs.shape[0], outputs.shape[1], outputs.device))
        return pooled if self.head is None else self.head(pooled), final_state
