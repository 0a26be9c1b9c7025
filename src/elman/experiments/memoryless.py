"""Two networks without a memory, called like layers: what they see is a window."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import pad

from elman.cells.options import check_size


class DenseWindow(nn.Module):
    """A layer of dense units that sees the last few time steps side by side.

    Equations:
        (1) y_t = tanh(W_2 tanh(W_1 [x_{t-w+1} ... x_t] + b_1) + b_2), zeros before the first step

    Args:
        input_size: Features of the input, I.
        hidden_size: Units of both layers, H.
        window: Time steps that are seen, w.

    Shape:
        input: (T, N, I). Returns: (T, N, H) and no state.

    Raises:
        OptionError: A size is not a positive integer.
    """

    def __init__(self, input_size: int, hidden_size: int, window: int) -> None:
        super().__init__()
        check_size("window", window)
        self.window = window
        self.first = nn.Linear(window * input_size, hidden_size)
        self.second = nn.Linear(hidden_size, hidden_size)

    def forward(self, input: Tensor, *_state: object, **_options: object) -> tuple[Tensor, tuple[()]]:
        """Return the output of every step; there is no state, and what is padding reaches no earlier step."""
        padded = pad(input, (0, 0, 0, 0, self.window - 1, 0))
        seen = padded.unfold(0, self.window, 1).flatten(2)
        return self.second(self.first(seen).tanh()).tanh(), ()


class ConvolutionWindow(nn.Module):
    """Two causal 1-D convolutions over time; together they see as far as the dense window.

    Equations:
        (1) y = tanh(K_2 * tanh(K_1 * x + b_1) + b_2), zeros before the first step
        (2) w = k_1 + k_2 - 1, the k as equal as can be

    Args:
        input_size: Features of the input, I.
        hidden_size: Channels of both layers, H.
        window: Time steps that are seen, w.

    Shape:
        input: (T, N, I). Returns: (T, N, H) and no state.

    Raises:
        OptionError: A size is not a positive integer.
    """

    def __init__(self, input_size: int, hidden_size: int, window: int) -> None:
        super().__init__()
        check_size("window", window)
        self.window = window
        first = (window + 2) // 2
        self.first = nn.Conv1d(input_size, hidden_size, first)
        self.second = nn.Conv1d(hidden_size, hidden_size, window + 1 - first)

    def forward(self, input: Tensor, *_state: object, **_options: object) -> tuple[Tensor, tuple[()]]:
        """Return the output of every step; there is no state, and what is padding reaches no earlier step."""
        seen = pad(input.permute(1, 2, 0), (self.window - 1, 0))
        return self.second(self.first(seen).tanh()).tanh().permute(2, 0, 1), ()


MEMORYLESS: dict[str, type[nn.Module]] = {"dense": DenseWindow, "convolution": ConvolutionWindow}
