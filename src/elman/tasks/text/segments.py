"""A text as segments: places in it are read side by side, each from where the last segment ended."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor


class Segments:
    """The batches of truncated backpropagation through time over one long text.

    The text is cut into N rows that are read in parallel, T symbols a step. At the beginning of a pass the
    rows begin elsewhere, and from a fresh state. What stands in a batch depends on the seed and the step
    alone. A text shorter than a segment makes one short row.

    Args:
        codes: the training part, two symbols at least.
        length: T, steps of a segment.
        batch_size: N, rows at most.
        seed: of where the rows begin.
        device: where the batches go.
    """

    def __init__(
        self, codes: np.ndarray, *, length: int, batch_size: int, seed: int, device: str = "cpu"
    ) -> None:
        self.codes, self.seed, self.device = codes, seed, device
        num_pairs = len(codes) - 1
        self.num_rows = max(1, min(batch_size, num_pairs // length))
        self.row_length = num_pairs // self.num_rows
        self.length = min(length, self.row_length)
        self._rows_of = lru_cache(maxsize=1)(self._make_rows)

    @property
    def steps_per_pass(self) -> int:
        """Segments in a pass over the text; the last one may be shorter."""
        return -(-self.row_length // self.length)

    def begins_pass(self, step: int) -> bool:
        """Tell whether the state is fresh before step 1, 2, ..."""
        return (step - 1) % self.steps_per_pass == 0

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the symbols of step 1, 2, ... and those that follow them, (T, N) each."""
        number, index = divmod(step - 1, self.steps_per_pass)
        rows = self._rows_of(number)
        begin = index * self.length
        end = min(begin + self.length, self.row_length)
        return rows[begin:end], rows[begin + 1 : end + 1]

    def _make_rows(self, number: int) -> Tensor:
        """Return the rows of a pass, (row_length + 1, N): each ends with the first symbol of the next."""
        shift = int(np.random.default_rng((self.seed, number)).integers(len(self.codes))) if number else 0
        starts = shift + self.row_length * np.arange(self.num_rows)
        places = (starts + np.arange(self.row_length + 1)[:, None]) % len(self.codes)
        return torch.from_numpy(self.codes[places]).to(self.device)
