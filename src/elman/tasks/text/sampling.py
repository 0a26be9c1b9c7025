"""Drawing the next symbols from what a language model predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import torch

from elman.errors import OptionError
from elman.tasks.text.mixture import Mixture
from elman.tasks.text.network import TextNetwork


@dataclass(frozen=True)
class Sampling:
    """How the next symbol is drawn from what a model predicts.

    Use a temperature below 1, or `top_k` or `top_p`, for text that is more likely and less varied.

    Equations:
        z are the logits, s the temperature
        (1) p_i = exp(z_i / s) / sum_j exp(z_j / s)    if s > 0; all on the largest z_i if s = 0
        (2) only the `top_k` largest p_i are kept
        (3) of these only the fewest largest whose sum is at least `top_p`; then p is made to sum to 1

    Args:
        temperature: s, 0 or more.
        top_k: symbols that may be drawn; None for all.
        top_p: share of the probability that may be drawn from, in (0, 1].

    Raises:
        OptionError: a value is not a legal one.

    Reference:
        A. Holtzman, J. Buys, L. Du, M. Forbes, Y. Choi (2020), "The curious case of neural text
        degeneration", ICLR, for (3).

    Example:
        >>> Sampling(top_p=0.6).probabilities(np.log([0.5, 0.3, 0.2])).round(3).tolist()
        [0.625, 0.375, 0.0]
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what nothing can be drawn with."""
        for name in ("temperature", "top_p"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise OptionError(f"`{name}` must be a number, but it is {value!r}.")
        if not 0 <= self.temperature < inf:
            raise OptionError(
                f"`temperature` must be a finite number, 0 or more, but it is {self.temperature!r}."
            )
        if not 0 < self.top_p <= 1:
            raise OptionError(f"`top_p` must be in (0, 1], but it is {self.top_p!r}.")
        is_whole = isinstance(self.top_k, int) and not isinstance(self.top_k, bool)
        if self.top_k is not None and not (is_whole and self.top_k >= 1):
            raise OptionError(f"`top_k` must be a whole number, 1 or more, but it is {self.top_k!r}.")

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return the probability with which each symbol is drawn.

        Args:
            logits: (V,); minus infinity for what must not be drawn.
        """
        logits = np.asarray(logits, dtype=np.float64)
        if self.temperature == 0:
            return np.eye(len(logits))[logits.argmax()]
        with np.errstate(over="ignore"):  # of a temperature next to 0
            chances = np.exp((logits - logits.max()) / self.temperature)
        order = np.argsort(-chances, kind="stable")
        if self.top_k is not None:
            chances[order[self.top_k :]] = 0
        chances /= chances.sum()
        if self.top_p < 1:
            before = np.cumsum(chances[order]) - chances[order]
            chances[order[before >= self.top_p]] = 0
        return chances / chances.sum()


@torch.no_grad()
def draw_codes(
    network: TextNetwork,
    prompt: Sequence[int],
    length: int,
    sampling: Sampling,
    *,
    seed: int,
    forbidden: Sequence[int] = (),
    mixture: Mixture | None = None,
) -> list[int]:
    """Draw the codes that follow a prompt.

    Args:
        network: in evaluation mode.
        prompt: codes that are read first, at least one.
        length: codes to draw.
        sampling: how.
        seed: of the draws.
        forbidden: codes that are never drawn.
        mixture: what the network is mixed with.
    """
    generator, device = np.random.default_rng(seed), network.head.weight.device
    read, state, drawn = np.array(prompt)[:, None], None, []
    context = mixture and mixture.counts.begin(1)
    for _ in range(length):
        # Of a long prompt only what follows its end is wanted.
        features, state = network.features(torch.from_numpy(read).to(device), state)
        last = network.logits(features[-1:])[0, 0].double().log_softmax(dim=-1).cpu().numpy()
        if mixture is not None and context is not None:
            context = mixture.counts.follow(read, context)[:, -1]
            last = mixture.mix_all(context, last[None])[0]
        last[list(forbidden)] = -inf
        code = _draw(sampling.probabilities(last), generator)
        drawn.append(code)
        read = np.array([[code]])
    return drawn


def _draw(chances: np.ndarray, generator: np.random.Generator) -> int:
    """Return an index with its chance; one whose chance is zero is never returned."""
    reached = np.cumsum(chances)
    return int(np.searchsorted(reached, generator.random() * reached[-1], side="right"))
