"""A vector goes in, a vector comes out: the ordinary network that a layer is for one step."""

from torch import Tensor, nn

from elman.layers.checks import check_step_input
from elman.layers.contract import SequenceLayer
from elman.layers.topologies.heads import check_head, head_size
from elman.layers.topologies.sequences import check_layer


class OneToOne(nn.Module):
    """One step of a layer from its fresh state, as a network without time.

    Use it to compare a recurrent network with what it is without recurrence, or to train its input weights
    and head on single vectors before sequences.

    Equations:
        (1) y = head(h_1), h_1 = f(x, h_0)

    Args:
        layer: Runs over sequences, here of one step.
        head: Maps the layer's output to the output; the output is the layer's without it.

    Shape:
        input: (N, I). output: (N, output_size).

    Raises:
        DtypeError: `layer` is not a layer over sequences, or `head` is no module.

    Example:
        >>> from elman import RNN
        >>> layer = RNN(3, 5)
        >>> x = torch.ones(2, 3)
        >>> dense = torch.tanh(x @ layer.weight_ih_l0.T + layer.bias_ih_l0 + layer.bias_hh_l0)
        >>> torch.allclose(OneToOne(layer)(x), dense, atol=1e-6)
        True
    """

    def __init__(self, layer: SequenceLayer, head: nn.Module | None = None):
        super().__init__()
        check_layer("layer", layer)
        check_head(head)
        self.layer = layer
        self.head = head
        self.input_size = layer.input_size
        self.output_size = head_size(head, layer.output_size)

    def forward(self, input: Tensor) -> Tensor:
        """Return the output for each vector.

        Args:
            input: The vectors.

        Raises:
            ShapeError: It is not (N, I).
            DtypeError: It is not of the layer's dtype.
        """
        check_step_input(input, self.input_size)
        axis = 1 if self.layer.batch_first else 0
        output = self.layer(input.unsqueeze(axis))[0].squeeze(axis)
        return output if self.head is None else self.head(output)
