"""Layer normalisation inside a cell."""

from torch import Tensor
from torch.nn.functional import layer_norm


def normalise(values: Tensor, gain: Tensor, shift: Tensor | None = None, *, num_sources: int) -> Tensor:
    """Bring each row to mean 0 and variance 1, then scale and shift it.

    What holds one number alone is only scaled and shifted: normalised, its sign would be all that is left.

    Args:
        values: What is normalised.
        gain: The factor of each feature.
        shift: What is added to each feature.
        num_sources: Number of features that the values were computed from.

    Shape:
        values: (N, F). gain: (F,). shift: (F,). Returns: (N, F).
    """
    if len(gain) > 2 and num_sources > 1:  # two numbers, normalised, are 1 and -1
        return layer_norm(values, gain.shape, gain, shift)
    return values * gain if shift is None else values * gain + shift
