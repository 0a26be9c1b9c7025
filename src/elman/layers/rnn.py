"""The simple recurrent layer of torch.nn."""

from torch import nn

from elman.cells import ElmanCell
from elman.cells.options import check_choice
from elman.layers.torch_layer import TorchLayer


class RNN(TorchLayer):
    """`torch.nn.RNN` that also takes `lengths` and `resets`.

    Arguments, parameters, first values and results are those of `torch.nn.RNN`, so a state dictionary moves
    either way.

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        num_layers: Number of layers, each reading the outputs of the one before.
        nonlinearity: "tanh" or "relu".
        bias: Whether there are biases.
        batch_first: Whether input and output are (N, T, ...) instead of (T, N, ...).
        dropout: Probability that a value between two layers becomes zero in training.
        bidirectional: Whether a second direction reads each sequence from its end.
        device: Where the parameters are created.
        dtype: The dtype they are created with.

    Raises:
        OptionError: `nonlinearity` is not one of the two.

    Example:
        >>> import torch
        >>> layer = RNN(input_size=3, hidden_size=5)
        >>> output, final_state = layer(torch.ones(7, 2, 3), lengths=[7, 4])
        >>> output.shape, final_state.shape
        (torch.Size([7, 2, 5]), torch.Size([1, 2, 5]))
    """

    _torch_forward = nn.RNN.forward

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device=None,
        dtype=None,
    ):
        check_choice("nonlinearity", nonlinearity, ("tanh", "relu"))
        self.nonlinearity = nonlinearity
        super().__init__(
            f"RNN_{nonlinearity.upper()}",
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

    def make_cell(self, input_size: int) -> ElmanCell:
        """Return the cell of one layer."""
        options = {"activation": self.nonlinearity, "bias": self.bias, "double_bias": self.bias}
        return ElmanCell(input_size, self.hidden_size, **options)
