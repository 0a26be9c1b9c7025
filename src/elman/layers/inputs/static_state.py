"""From what does not change to the state that a layer starts from."""

from torch import Tensor, nn

from elman.cells.state import State, map_state, state_tensors
from elman.errors import OptionError
from elman.layers.contract import SequenceLayer


class StaticState(nn.Module):
    """Adds a linear map of features to the fresh state of a layer.

    Equations:
        (1) s_0 = fresh + W e + b    for all tensors of the state, side by side

    Args:
        num_features: How many features there are, E.
        layer: The layer whose state it is.

    Raises:
        OptionError: The layer has no state, or one whose batch has no axis of its own.
    """

    def __init__(self, num_features: int, layer: SequenceLayer):
        super().__init__()
        two, three = (state_tensors(layer.initial_state(size)) for size in (2, 3))
        self.axes = [_differing_axis(*shapes) for shapes in zip(two, three, strict=True)]
        self.widths = [part.numel() // 2 for part in two]
        if not self.axes:
            raise OptionError(
                f"`static_to` can be 'state' only over a layer that has one, "
                f"but {type(layer).__name__} has none."
            )
        self.linear = nn.Linear(num_features, sum(self.widths))

    def forward(self, features: Tensor, fresh: State) -> State:
        """Return the state to start from.

        Args:
            features: Those of each sequence.
            fresh: The state of as many sequences.

        Shape:
            features: (N, E). fresh: any, N along one axis of each tensor.
        """
        rows = iter(zip(self.axes, self.linear(features).split(self.widths, dim=-1), strict=True))

        def shift(part: Tensor) -> Tensor:
            axis, row = next(rows)
            return part + row.reshape(part.movedim(axis, 0).shape).movedim(0, axis)

        return map_state(shift, fresh)


def _differing_axis(two: Tensor, three: Tensor) -> int:
    axes = [axis for axis, sizes in enumerate(zip(two.shape, three.shape, strict=False)) if sizes == (2, 3)]
    if two.dim() != three.dim() or len(axes) != 1:
        raise OptionError(
            "`static_to` can be 'state' only over a layer whose states have one axis for the batch, "
            f"but for two and three sequences it has {tuple(two.shape)} and {tuple(three.shape)}."
        )
    return axes[0]
