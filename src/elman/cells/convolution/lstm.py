"""The long short-term memory over images."""

import torch
from torch import Tensor, nn

from elman.cells.convolution.base import ConvCell
from elman.cells.options import check_choice, check_number
from elman.errors import OptionError


class ConvLSTMCell(ConvCell):
    """The long short-term memory over images: what moves from pixel to pixel is kept, and moved on.

    Use it for what changes in space and time together: radar images of rain, video, fields of sensors.

    Equations:
        (3.1) i_t = sigmoid(W_i * X_t + U_i * H_{t-1} + p_i . C_{t-1} + b_i)    where * is the convolution
        (3.2) f_t = sigmoid(W_f * X_t + U_f * H_{t-1} + p_f . C_{t-1} + b_f)
        (3.3) C_t = f_t . C_{t-1} + i_t . tanh(W_g * X_t + U_g * H_{t-1} + b_g)
        (3.4) o_t = sigmoid(W_o * X_t + U_o * H_{t-1} + p_o . C_t + b_o)
        (3.5) H_t = o_t . tanh(C_t)
        returns H_t, (H_t, C_t)

    Args:
        input_channels: Number of channels of the input, C.
        hidden_channels: Number of channels of the state, K.
        kernel_size: Odd size of the kernels along each axis of an image, (k,) for lines; k is short for
            (k, k). What moves faster than the kernel reaches in one step is lost.
        peepholes: Whether the gates see the cell state: "none"; with one weight a "channel"; or with one a
            "pixel", which needs `image_size`. The weights start at zero.
        padding_mode: What stands beyond the edge: "zeros", "reflect", "replicate" or "circular".
        image_size: The size of an image along each axis, where there is but one; any without it.
        forget_bias: The value b_f starts at.
        bias: Whether the b are there; without them `forget_bias` has no effect.

    Shape:
        input: (N, C, *image). state: (H, C), each (N, K, *image). output: (N, K, *image).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        X. Shi et al. (2015), "Convolutional LSTM network: a machine learning approach for precipitation
        nowcasting", NeurIPS.

    Differs from the paper:
        The paper has `peepholes="pixel"`. Weights stand in torch's order, i f g o.

    Example:
        >>> cell = ConvLSTMCell(input_channels=1, hidden_channels=4, kernel_size=5, peepholes="channel")
        >>> output, state = cell(torch.zeros(2, 1, 8, 6), cell.initial_state(2, image_size=(8, 6)))
        >>> output.shape, len(state)
        (torch.Size([2, 4, 8, 6]), 2)
    """

    weight_peephole: nn.Parameter | None

    def __init__(
        self,
        input_channels: int,
        hidden_channels: int,
        kernel_size: int | tuple[int, ...] = 3,
        *,
        peepholes: str = "none",
        padding_mode: str = "zeros",
        image_size: tuple[int, ...] | None = None,
        forget_bias: float = 1.0,
        bias: bool = True,
    ):
        check_choice("peepholes", peepholes, ("none", "channel", "pixel"))
        check_number("forget_bias", forget_bias)
        super().__init__(
            input_channels,
            hidden_channels,
            kernel_size,
            num_gates=4,
            padding_mode=padding_mode,
            image_size=image_size,
            bias=bias,
        )
        self.peepholes = peepholes
        self.forget_bias = forget_bias
        self.register_parameter("weight_peephole", self._make_peepholes())
        self._set_constants()

    def _make_peepholes(self) -> nn.Parameter | None:
        if self.peepholes == "none":
            return None
        size = (1,) * self.num_axes if self.peepholes == "channel" else self.image_size
        if size is None:
            raise OptionError("`peepholes='pixel'` needs `image_size`, but it is None.")
        return nn.Parameter(torch.empty(3 * self.hidden_channels, *size))

    def advance(
        self, projected: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Compute what of one time step depends on the state; `projected` is W * X + b of all gates."""
        hidden, memory = state
        input_gate, forget_gate, candidate, output_gate = (projected + self.from_hidden(hidden)).chunk(
            4, dim=1
        )
        input_gate = self._see(input_gate, memory, 0)
        forget_gate = self._see(forget_gate, memory, 1)
        memory = torch.sigmoid(forget_gate) * memory + torch.sigmoid(input_gate) * torch.tanh(candidate)
        output_gate = self._see(output_gate, memory, 2)
        hidden = torch.sigmoid(output_gate) * torch.tanh(memory)
        return hidden, (hidden, memory)

    def _see(self, gate: Tensor, memory: Tensor, index: int) -> Tensor:
        """Add to a gate what comes through its peephole, the one with this index."""
        if self.weight_peephole is None:
            return gate
        return gate + self.weight_peephole.chunk(3)[index] * memory

    def initial_state(
        self, batch_size: int, image_size: tuple[int, ...] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the fresh state (H, C) of `batch_size` sequences: zeros.

        Args:
            batch_size: Number of sequences, N.
            image_size: The size of an image along each axis; the cell's own without it.

        Raises:
            OptionError: Neither says how large an image is.
        """
        return self.zeros(batch_size, image_size), self.zeros(batch_size, image_size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the bias of the forget gate starts at `forget_bias`."""
        super().reset_parameters()
        self._set_constants()

    def _set_constants(self) -> None:
        if self.bias is not None:
            nn.init.constant_(self.bias[self.hidden_channels : 2 * self.hidden_channels], self.forget_bias)
        if self.weight_peephole is not None:
            nn.init.zeros_(self.weight_peephole)
