"""Dropout whose masks take a tenth of the random numbers."""

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from elman.errors import OptionError

LEVELS = 1 << 16  # a random word of 64 bits decides about four features


class Dropout(nn.Module):
    """Leaves out features at random in training, and scales the others up; as `torch.nn.Dropout`, but faster.

    Use it where a mask is drawn for every feature at every time step: drawing it can cost more than the
    recurrence. On a processor the share is rounded to 1/65536, and four features share one random word.

    Args:
        p: Share of features that are left out, in [0, 1].

    Shape:
        input: any. output: as the input.

    Raises:
        OptionError: p is not within [0, 1].

    Reference:
        N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov (2014), "Dropout: A simple way
        to prevent neural networks from overfitting", Journal of Machine Learning Research 15.

    Example:
        >>> torch.manual_seed(0)  # doctest: +ELLIPSIS
        <torch._C.Generator object at ...>
        >>> output = Dropout(0.25)(torch.ones(1000))
        >>> sorted({round(value, 4) for value in output.tolist()})
        [0.0, 1.3333]
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise OptionError(f"`p` must be within [0, 1], but it is {p}.")
        self.p = p

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with features left out; in evaluation, the input itself."""
        return drop(input, self.p) if self.training and self.p else input

    def extra_repr(self) -> str:
        """Name the share."""
        return f"p={self.p}"


def drop(input: Tensor, p: float) -> Tensor:
    """Leave out features at random, and scale the others up.

    Args:
        input: Any features.
        p: Share that is left out, in [0, 1].

    Shape:
        input: any. Returns: as the input.
    """
    num_dropped = round(p * LEVELS)
    if input.device.type != "cpu" or not 0 < num_dropped < LEVELS:
        return dropout(input, p)
    words = torch.empty(-(-input.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
    levels = words.view(torch.int16)[: input.numel()].view(input.shape)
    kept = (levels >= num_dropped - LEVELS // 2).to(input.dtype)
    return input * kept.mul_(LEVELS / (LEVELS - num_dropped))
