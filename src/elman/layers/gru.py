"""The gated recurrent layer of torch.nn."""

from torch import nn

from elman.cells import GRUCell
from elman.layers.torch_layer import TorchLayer


class GRU(TorchLayer):
    """`torch.nn.GRU` that also takes `lengths` and `resets`.

    Arguments, parameters, first values and results are those of `torch.nn.GRU`, so a state dictionary moves
    either way.

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        num_layers: Number of layers, each reading the outputs of the one before.
        bias: Whether there are biases.
        batch_first: Whether input and output are (N, T, ...) instead of (T, N, ...).
        dropout: Probability that a value between two layers becomes zero in training.
        bidirectional: Whether a second direction reads each sequence from its end.
        device: Where the parameters are created.
        dtype: The dtype they are created with.

    Example:
        >>> import torch
        >>> layer = GRU(input_size=3, hidden_size=5, bidirectional=True)
        >>> output, final_state = layer(torch.ones(7, 2, 3), lengths=[7, 4])
        >>> output.shape, final_state.shape
        (torch.Size([7, 2, 10]), torch.Size([2, 2, 5]))
    """

    _torch_forward = nn.GRU.forward

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device=None,
        dtype=None,
    ):
        super().__init__(
            "GRU",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device=device,
            dtype=dtype,
        )

    def make_cell(self, input_size: int) -> GRUCell:
        """Return the cell of one layer."""
        return GRUCell(input_size, self.hidden_size, bias=self.bias, double_bias=self.bias)
