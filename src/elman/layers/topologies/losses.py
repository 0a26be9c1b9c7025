"""The loss of predictions at every step of sequences of unequal length."""

from collections.abc import Sequence

from torch import Tensor, nn

from elman.errors import ShapeError
from elman.layers.lengths import as_lengths
from elman.layers.topologies.sequences import live_steps


def sequence_loss(
    predictions: Tensor,
    targets: Tensor,
    lengths: Tensor | Sequence[int] | None = None,
    *,
    batch_first: bool = False,
) -> Tensor:
    """Return the mean loss over all steps that belong to their sequences; padding counts for nothing.

    Args:
        predictions: Logits of symbols, or values.
        targets: The symbols, integers, for the cross-entropy; or values, for the squared error.
        lengths: Number of steps of each target; all T without it.
        batch_first: Whether the batch is the first axis.

    Shape:
        predictions: (T, N, K). targets: (T, N) of integers, or (T, N, K). lengths: (N,).

    Raises:
        ShapeError: The targets do not fit the predictions.
        LengthError: A length is not within 1..T.

    Example:
        >>> logits = torch.zeros(3, 2, 4)
        >>> loss = sequence_loss(logits, torch.tensor([[0, 1], [2, -1], [3, -1]]), lengths=[3, 1])
        >>> bool(loss.isclose(torch.tensor(4.0).log()))
        True
    """
    is_symbols = not targets.is_floating_point()
    expected = predictions.shape[:2] if is_symbols else predictions.shape
    if predictions.dim() != 3 or targets.shape != expected:
        raise ShapeError(
            f"`targets` must have shape {tuple(expected)}, like the predictions {tuple(predictions.shape)}, "
            f"but they have shape {tuple(targets.shape)}."
        )
    if batch_first:
        predictions, targets = predictions.transpose(0, 1), targets.transpose(0, 1)
    num_steps, batch_size = predictions.shape[:2]
    ends = None if lengths is None else as_lengths(lengths, num_steps, batch_size)
    live = live_steps(ends, num_steps, batch_size, predictions.device)
    if is_symbols:
        return nn.functional.cross_entropy(predictions[live], targets[live])
    return nn.functional.mse_loss(predictions[live], targets[live])
