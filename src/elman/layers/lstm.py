"""The long short-term memory layer of torch.nn."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells import Cell, LSTMCell
from elman.layers.torch_layer import TorchLayer


class ProjectedLSTMCell(Cell):
    """An LSTM cell whose hidden state is a linear map of the cell's own to fewer units.

    Args:
        cell: The LSTM cell; its `weight_hh` has `proj_size` columns once it is called.
        proj_size: Number of units of the hidden state.

    Reference:
        H. Sak, A. Senior, F. Beaufays (2014), "Long short-term memory recurrent neural network architectures
        for large scale acoustic modeling", Interspeech.
    """

    def __init__(self, cell: LSTMCell, proj_size: int):
        super().__init__(cell.input_size, cell.hidden_size)
        self.cell = cell
        self.output_size = proj_size
        self.weight_hr = nn.Parameter(torch.empty(proj_size, cell.hidden_size))

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute one time step."""
        hidden, (_, memory) = self.cell(input, state)
        projected = linear(hidden, self.weight_hr)
        return projected, (projected, memory)

    def initial_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Return the fresh state (h, c): zeros of the projection's size and of the cell's."""
        return self.zeros(batch_size, self.output_size), self.zeros(batch_size, self.hidden_size)


class _TwoStates(TorchLayer):
    """Has the methods that `torch.nn.LSTM.forward` calls, in the form for two states; abstract."""

    _torch_forward = nn.LSTM.forward
    check_forward_args = nn.LSTM.check_forward_args  # pyright: ignore[reportAssignmentType]
    get_expected_cell_size = nn.LSTM.get_expected_cell_size
    permute_hidden = nn.LSTM.permute_hidden  # pyright: ignore[reportAssignmentType]


class LSTM(_TwoStates):
    """`torch.nn.LSTM` that also takes `lengths` and `resets`.

    Arguments, parameters, first values and results are those of `torch.nn.LSTM`, so a state dictionary moves
    either way.

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
        num_layers: Number of layers, each reading the outputs of the one before.
        bias: Whether there are biases.
        batch_first: Whether input and output are (N, T, ...) instead of (T, N, ...).
        dropout: Probability that a value between two layers becomes zero in training.
        bidirectional: Whether a second direction reads each sequence from its end.
        proj_size: Number of units that the hidden state is projected to; 0 for no projection.
        device: Where the parameters are created.
        dtype: The dtype they are created with.

    Example:
        >>> layer = LSTM(input_size=3, hidden_size=5)
        >>> output, (hidden, memory) = layer(torch.ones(7, 2, 3), lengths=[7, 4])
        >>> output.shape, memory.shape
        (torch.Size([7, 2, 5]), torch.Size([1, 2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device=None,
        dtype=None,
    ):
        super().__init__(
            "LSTM",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device=device,
            dtype=dtype,
        )

    def make_cell(self, input_size: int) -> Cell:
        """Return the cell of one layer."""
        cell = LSTMCell(input_size, self.hidden_size, bias=self.bias, double_bias=self.bias)
        return ProjectedLSTMCell(cell, self.proj_size) if self.proj_size else cell
