"""The closed-form continuous-time network."""

import torch
from torch import Tensor, nn

from elman.cells.base import Cell
from elman.cells.options import brief, check_flag, check_number, check_size
from elman.errors import OptionError


class CfCCell(Cell):
    """The closed-form continuous-time cell: the state after the time that passed, without a solver.

    Use it for measurements at uneven times: with `elapsed_in_input` the time since the step before is read
    beside them, and decides how far the state moves from one head to the other.

    Equations:
        [B] = backbone.weight
        [a] = backbone.bias
        [W_f; W_g; W_h] = heads.weight
        [b_f; b_g; b_h] = heads.bias
        e_t = elapsed    if elapsed_in_input=False
        u_t = x_t    if elapsed_in_input=False
        e_t = x_t[-1:]    if elapsed_in_input=True
        u_t = x_t[:-1]    if elapsed_in_input=True
        z_t = concat(u_t, h_{t-1})
        z_t = 1.7159 * tanh(2 / 3 * (B z_t + a))    if has_backbone=True
        s_t = sigmoid(-e_t * (W_f z_t + b_f))
        (1) h_t = s_t * tanh(W_g z_t + b_g) + (1 - s_t) * tanh(W_h z_t + b_h)
        returns h_t, h_t

    Args:
        input_size: Number of features of the input, I; with `elapsed_in_input`, the time among them.
        hidden_size: Number of hidden units, H.
        backbone_size: Units of a layer that input and state go through before the three heads; None for no
            such layer.
        elapsed: The time from one step to the next, where it is always the same.
        elapsed_in_input: Whether the last feature of the input is that time; `elapsed` is not used then.

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        R. Hasani, M. Lechner, A. Amini, L. Liebenwein, A. Ray, M. Tschaikowski, G. Teschl, D. Rus (2022),
        "Closed-form continuous-time neural networks", Nature Machine Intelligence 4.

    Differs from the paper:
        The layer before the heads is optional and one deep, without dropout. The authors' program adds a term
        without the time to what the time gate squashes; here the gate is the paper's. Weights start as
        Glorot's, biases at zero.

    Example:
        >>> cell = CfCCell(input_size=3, hidden_size=5, backbone_size=16)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        backbone_size: int | None = None,
        elapsed: float = 1.0,
        elapsed_in_input: bool = False,
    ):
        super().__init__(input_size, hidden_size)
        check_flag("elapsed_in_input", elapsed_in_input)
        check_number("elapsed", elapsed)
        if elapsed <= 0:
            raise OptionError(f"`elapsed` must be positive, but it is {brief(elapsed)}.")
        if elapsed_in_input and input_size < 2:
            raise OptionError("`elapsed_in_input=True` needs an `input_size` of 2 or more, but it is 1.")
        self.backbone_size = backbone_size
        self.has_backbone = backbone_size is not None
        self.elapsed = elapsed
        self.elapsed_in_input = elapsed_in_input
        num_features = input_size - elapsed_in_input + hidden_size
        if backbone_size is not None:
            check_size("backbone_size", backbone_size)
            self.backbone = nn.Linear(num_features, backbone_size)
        self.heads = nn.Linear(backbone_size or num_features, 3 * hidden_size)
        self.reset_parameters()

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        elapsed = self.elapsed
        if self.elapsed_in_input:
            input, elapsed = input[:, :-1], input[:, -1:]
        features = torch.cat([input, state], dim=-1)
        if self.has_backbone:
            features = 1.7159 * torch.tanh(2 / 3 * self.backbone(features))
        gate, first, second = self.heads(features).chunk(3, dim=-1)
        share = torch.sigmoid(-elapsed * gate)
        hidden = share * torch.tanh(first) + (1 - share) * torch.tanh(second)
        return hidden, hidden

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        for child in self.children():
            assert isinstance(child, nn.Linear)
            nn.init.xavier_uniform_(child.weight)
            nn.init.zeros_(child.bias)
