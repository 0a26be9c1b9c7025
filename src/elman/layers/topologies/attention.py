"""Attention over the steps of another sequence."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from elman.cells.options import check_size
from elman.errors import ShapeError
from elman.layers.lengths import as_lengths
from elman.layers.topologies.sequences import check_vector, live_steps


class Memory(NamedTuple):
    """What is attended to, made ready once for all queries.

    Args:
        values: (S, N, M), zero in the padding.
        keys: (S, N, A), the part of the score that no query changes.
        live: (S, N) of bool: whether a step belongs to its sequence.
    """

    values: Tensor
    keys: Tensor
    live: Tensor


class AdditiveAttention(nn.Module):
    """Bahdanau's attention: a weighted mean of the steps of a sequence, weighted anew by each query.

    Use it where an output depends on some steps of a long input, and one state cannot hold all of it. The
    cost grows with the product of both lengths.

    Equations:
        (1) e_s = v tanh(W q + U m_s + b)
        (2) a = softmax_s(e), over the steps that belong to the sequence
        (3) c = sum_s a_s m_s

    Args:
        query_size: Number of features of a query q, Q.
        memory_size: Number of features of a step m_s, M.
        attention_size: Number of units that compare the two, A; M without it.

    Shape:
        query: (N, Q). memory: (S, N, M). lengths: (N,). Result: (N, M), and the weights, (N, S).

    Raises:
        OptionError: A size is not a positive integer.

    Reference:
        D. Bahdanau, K. Cho, Y. Bengio (2015), "Neural machine translation by jointly learning to align and
        translate", ICLR.

    Example:
        >>> attention = AdditiveAttention(query_size=3, memory_size=5)
        >>> context, weights = attention(torch.ones(2, 3), torch.randn(4, 2, 5), lengths=[4, 1])
        >>> context.shape, weights[1].tolist()
        (torch.Size([2, 5]), [1.0, 0.0, 0.0, 0.0])
    """

    def __init__(self, query_size: int, memory_size: int, attention_size: int | None = None):
        super().__init__()
        width = memory_size if attention_size is None else attention_size
        for name, size in {
            "query_size": query_size,
            "memory_size": memory_size,
            "attention_size": width,
        }.items():
            check_size(name, size)
        self.query_size, self.memory_size = query_size, memory_size
        self.query = nn.Linear(query_size, width, bias=False)
        self.key = nn.Linear(memory_size, width)
        self.score = nn.Linear(width, 1, bias=False)

    def forward(
        self, query: Tensor, memory: Tensor, lengths: Tensor | Sequence[int] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the weighted mean of the memory's steps, and the weights.

        Args:
            query: What is asked.
            memory: The steps to choose from.
            lengths: Number of steps of each sequence; what stands behind its end gets the weight zero.

        Raises:
            ShapeError: A tensor has the wrong shape.
            LengthError: A length is not within 1..S.
        """
        check_vector("query", query, self.query_size)
        if memory.dim() != 3 or memory.shape[1:] != (len(query), self.memory_size):
            raise ShapeError(
                f"`memory` must have shape (S, N, M) = (S, {len(query)}, {self.memory_size}), "
                f"but it has shape {tuple(memory.shape)}."
            )
        ends = None if lengths is None else as_lengths(lengths, *memory.shape[:2])
        return self.attend(query, self.prepare(memory, ends))

    def prepare(self, memory: Tensor, lengths: Tensor | None) -> Memory:
        """Return the memory with what is the same for all queries computed.

        Args:
            memory: The steps to choose from.
            lengths: Number of steps of each sequence.
        """
        live = live_steps(lengths, memory.shape[0], memory.shape[1], memory.device)
        values = memory.masked_fill(~live[..., None], 0)  # 0 x NaN would be NaN
        return Memory(values, self.key(values), live)

    def attend(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Return what `forward` does, of a memory that was prepared.

        Args:
            query: What is asked.
            memory: From `prepare`.
        """
        scores = self.score(torch.tanh(self.query(query) + memory.keys))[..., 0]
        weights = scores.masked_fill(~memory.live, -torch.inf).softmax(0)
        return (weights[..., None] * memory.values).sum(0), weights.T
