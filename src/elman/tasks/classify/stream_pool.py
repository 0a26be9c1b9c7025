"""Pooling over the steps so far, step by step."""

from __future__ import annotations

import torch
from torch import Tensor

from elman.layers.topologies.pooling import Pooling


class RunningPool:
    """What `Pooling` makes of the outputs of one sequence so far, in memory that does not grow.

    Sums are taken in the order of time, so that a mean and attention differ from it by rounding.

    Equations:
        (1) mean: s_t = s_(t-1) + y_t, p_t = s_t / t
        (2) attention, with scores e_t and m_t = max(m_(t-1), e_t):
            n_t = exp(m_(t-1) - m_t) n_(t-1) + exp(e_t - m_t)
            s_t = exp(m_(t-1) - m_t) s_(t-1) + exp(e_t - m_t) y_t, p_t = s_t / n_t

    Args:
        pooling: what it follows; not in reverse.

    Reference:
        Milakov, Gimelshein (2018). Online normalizer calculation for softmax. arXiv:1805.02867.
    """

    def __init__(self, pooling: Pooling) -> None:
        self._pooling = pooling
        self._sum = self._weight = torch.zeros(())
        self._largest = torch.tensor(-torch.inf)

    def push(self, output: Tensor) -> Tensor:
        """Take in the output of one step; return the pooled vector after it.

        Shape:
            output: (1, O). Result: (1, O).
        """
        if self._pooling.kind == "last":
            return output
        if self._pooling.kind == "max":
            self._largest = torch.maximum(self._largest.to(output.device), output)
            return self._largest
        score = output.new_zeros(()) if self._pooling.score is None else self._pooling.score(output)[0, 0]
        largest = torch.maximum(self._largest.to(score.device), score)
        before, now = (self._largest.to(score.device) - largest).exp(), (score - largest).exp()
        self._weight = before * self._weight.to(score.device) + now
        self._sum = before * self._sum.to(score.device) + now * output
        self._largest = largest
        return self._sum / self._weight
