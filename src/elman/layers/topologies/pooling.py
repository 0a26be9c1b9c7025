"""Outputs at all time steps -> one vector a sequence; steps behind a sequence's end count for nothing."""

import torch
from torch import Tensor, nn

POOLINGS = ("last", "mean", "max", "attention")


class Pooling(nn.Module):
    """Brings the outputs of T steps to one vector a sequence.

    Equations:
        (1) last: p = y_T
        (2) mean: p = (1 / T) sum_t y_t
        (3) max: p_j = max_t y_tj
        (4) attention: p = sum_t a_t y_t, a = softmax_t(v tanh(W y_t + b))

    Args:
        kind: One of `POOLINGS`.
        size: Number of features of an output.
        reverse: Whether the layer runs in reverse, so that the first step is the one it comes to last.

    Reference:
        Z. Yang, D. Yang, C. Dyer, X. He, A. Smola, E. Hovy (2016), "Hierarchical attention networks for
        document classification", NAACL; for the attention.
    """

    def __init__(self, kind: str, size: int, *, reverse: bool = False):
        super().__init__()
        self.kind = kind
        self.reverse = reverse
        self.score = None
        if kind == "attention":
            self.score = nn.Sequential(nn.Linear(size, size), nn.Tanh(), nn.Linear(size, 1, bias=False))

    def forward(self, outputs: Tensor, live: Tensor) -> Tensor:
        """Return one vector a sequence.

        Args:
            outputs: Of all steps.
            live: Whether a step belongs to its sequence.

        Shape:
            outputs: (T, N, O). live: (T, N) of bool. Result: (N, O).
        """
        if self.kind == "last":
            if self.reverse:
                return outputs[0]
            last = live.sum(0) - 1
            return outputs[last, torch.arange(len(last), device=last.device)]
        if self.kind == "max":
            return outputs.masked_fill(~live[..., None], -torch.inf).amax(0)
        # What stands in the padding may be anything, and 0 x NaN is NaN.
        return (self.weights(outputs, live)[..., None] * outputs.masked_fill(~live[..., None], 0)).sum(0)

    def weights(self, outputs: Tensor, live: Tensor) -> Tensor:
        """Return what each step counts in a mean or under attention; each sequence's weights sum to 1.

        Args:
            outputs: Of all steps.
            live: Whether a step belongs to its sequence.

        Shape:
            outputs: (T, N, O). live: (T, N) of bool. Result: (T, N).
        """
        if self.score is None:
            return live.to(outputs.dtype) / live.sum(0)
        scores = self.score(outputs.masked_fill(~live[..., None], 0))[..., 0]
        return scores.masked_fill(~live, -torch.inf).softmax(0)

    def extra_repr(self) -> str:
        """Name the kind."""
        return self.kind
