"""Bands as wide as they claim: each quantile's distance from the centre, stretched by what validation shows.

Split conformal prediction with one factor a level: if 80 % of the validation truths must lie within
the band, it is widened (or narrowed) until they do. The centre stays where it is.

Reference:
    Romano, Patterson, Candes (2019). Conformalized quantile regression. NeurIPS.

Differs from the paper:
    The correction multiplies the distance from the centre instead of adding to it, because the scale
    of the errors differs from window to window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from elman.tasks.forecast.quantiles import centre_of

_MIN_TRUTHS = 100
_LEAST, _MOST = 0.1, 10.0


@dataclass(frozen=True)
class Calibration:
    """Factors of the distance of each quantile from the centre.

    Args:
        levels: Q quantiles, ascending.
        factors: Q numbers above 0; 1 for the centre.
    """

    levels: tuple[float, ...]
    factors: tuple[float, ...]

    @classmethod
    def fit(cls, levels: tuple[float, ...], quantiles: np.ndarray, truth: np.ndarray) -> Calibration:
        """Choose the factors so that the share of truths below each quantile is its level.

        Args:
            levels: Q quantiles, ascending.
            quantiles: (..., Q) predictions for the validation part.
            truth: (...), NaN where missing. Fewer than 100 truths leave the quantiles as they are.
        """
        observed = np.isfinite(truth)
        if observed.sum() < _MIN_TRUTHS:
            return cls(levels, (1.0,) * len(levels))
        quantiles, truth = quantiles[observed], truth[observed]
        centre = centre_of(levels)
        factors = []
        for at, level in enumerate(levels):
            distance = quantiles[:, at] - quantiles[:, centre]
            usable = distance != 0
            if at == centre or not usable.any():
                factors.append(1.0)
                continue
            ratio = (truth - quantiles[:, centre])[usable] / distance[usable]
            share = level if at > centre else 1 - level
            # The finite-sample correction of conformal prediction.
            share = min(1.0, share * (1 + 1 / usable.sum()))
            factors.append(float(np.clip(np.quantile(ratio, share), _LEAST, _MOST)))
        return cls(levels, tuple(factors))

    def apply(self, quantiles: np.ndarray) -> np.ndarray:
        """Return (..., Q) calibrated quantiles; they do not cross."""
        centre = centre_of(self.levels)
        middle = quantiles[..., centre : centre + 1]
        distance = (quantiles - middle) * np.asarray(self.factors)
        above = np.maximum.accumulate(distance[..., centre:], axis=-1)
        below = np.minimum.accumulate(distance[..., centre::-1], axis=-1)[..., ::-1]
        return middle + np.concatenate([below[..., :-1], above], axis=-1)
