"""The gated recurrent unit over images."""

import torch
from torch import Tensor

from elman.cells.convolution.base import ConvCell
from elman.cells.options import check_choice


class ConvGRUCell(ConvCell):
    """The gated recurrent unit over images.

    Use it as a ConvLSTM with three quarters of the parameters and half of the state. The two points on which
    sources disagree are options, as in `elman.cells.GRUCell`; the defaults are those of torch.nn.

    Equations:
        (1) z_t = sigmoid(W_z * X_t + U_z * H_{t-1} + b_z)    where * is the convolution
        (2) r_t = sigmoid(W_r * X_t + U_r * H_{t-1} + b_r)
        (3) n_t = tanh(W * X_t + r_t . (U * H_{t-1}) + b)    if reset_gate="after_product"
        (3) n_t = tanh(W * X_t + U * (r_t . H_{t-1}) + b)    if reset_gate="before_product"
        (4) H_t = z_t . H_{t-1} + (1 - z_t) . n_t    if update_gate="keeps"
        (4) H_t = (1 - z_t) . H_{t-1} + z_t . n_t    if update_gate="writes"
        returns H_t, H_t

    Args:
        input_channels: Number of channels of the input, C.
        hidden_channels: Number of channels of the state, K.
        kernel_size: Odd size of the kernels along each axis of an image, (k,) for lines; k is short for
            (k, k).
        update_gate: What an update gate of 1 does: it "keeps" the old state, or "writes" the candidate.
        reset_gate: Whether r scales U * H, "after_product", or H, "before_product".
        padding_mode: What stands beyond the edge: "zeros", "reflect", "replicate" or "circular".
        image_size: The size of an image along each axis, where there is but one; any without it.
        bias: Whether the b are there.

    Shape:
        input: (N, C, *image). state: (N, K, *image). output: (N, K, *image).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        N. Ballas, L. Yao, C. Pal, A. Courville (2016), "Delving deeper into convolutional networks for
        learning video representations", ICLR.

    Differs from the paper:
        The paper has `update_gate="writes"`, `reset_gate="before_product"` and `bias=False`. Weights stand in
        torch's order, r z n.

    Example:
        >>> cell = ConvGRUCell(input_channels=1, hidden_channels=4, kernel_size=(5,))
        >>> output, state = cell(torch.zeros(2, 1, 9), cell.initial_state(2, image_size=(9,)))
        >>> output.shape
        torch.Size([2, 4, 9])
    """

    def __init__(
        self,
        input_channels: int,
        hidden_channels: int,
        kernel_size: int | tuple[int, ...] = 3,
        *,
        update_gate: str = "keeps",
        reset_gate: str = "after_product",
        padding_mode: str = "zeros",
        image_size: tuple[int, ...] | None = None,
        bias: bool = True,
    ):
        check_choice("update_gate", update_gate, ("keeps", "writes"))
        check_choice("reset_gate", reset_gate, ("after_product", "before_product"))
        super().__init__(
            input_channels,
            hidden_channels,
            kernel_size,
            num_gates=3,
            padding_mode=padding_mode,
            image_size=image_size,
            bias=bias,
        )
        self.update_gate = update_gate
        self.reset_gate = reset_gate

    def advance(self, projected: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute what of one time step depends on the state; `projected` is W * X + b of all gates."""
        gates, candidate = self._split(projected)
        if self.reset_gate == "after_product":
            from_gates, from_candidate = self._split(self.from_hidden(state))
            reset, update = torch.sigmoid(gates + from_gates).chunk(2, dim=1)
            candidate = torch.tanh(candidate + reset * from_candidate)
        else:
            of_gates, of_candidate = self._split(self.weight_hh, dim=0)
            reset, update = torch.sigmoid(gates + self.convolve(state, of_gates)).chunk(2, dim=1)
            candidate = torch.tanh(candidate + self.convolve(reset * state, of_candidate))
        if self.update_gate == "keeps":
            state = update * state + (1 - update) * candidate
        else:
            state = (1 - update) * state + update * candidate
        return state, state

    def _split(self, stacked: Tensor, dim: int = 1) -> tuple[Tensor, ...]:
        return stacked.split([2 * self.hidden_channels, self.hidden_channels], dim)
