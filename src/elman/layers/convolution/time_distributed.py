"""A module applied to every frame of sequences."""

from collections.abc import Sequence
from typing import Any, cast

from torch import Tensor, nn

from elman.cells.options import check_flag, check_size
from elman.errors import DtypeError, ShapeError
from elman.layers.checks import as_resets, check_tensor
from elman.layers.contract import SequenceLayer
from elman.layers.frames import live_steps, map_frames
from elman.layers.lengths import as_lengths
from elman.layers.sizes import declared_input_size, declared_output_size


class TimeDistributed(SequenceLayer):
    """A layer without memory: the same module at every time step, as a convolutional encoder of frames.

    Use it before or behind a recurrent layer. The frames of all sequences and steps go through the module
    side by side, in one call. Frames behind a sequence's end do not go through it at all: they change no
    number, no gradient, and no statistics.

    In training, a module that mixes the rows of its batch mixes frames: batch normalization takes its mean
    and variance over the frames of all sequences and steps, so that the first frame sees the last. Layer or
    group normalization does not.

    Args:
        module: Maps (M, ...) to (M, ...), one row a frame.
        input_size: What the layer says its number of features or channels is; the module's own
            `input_size`, `in_features` or `in_channels` without it, else None.
        output_size: The same for the output; the module's `output_size`, `out_features`, `out_channels` or
            `embedding_dim` without it, else None.
        batch_first: Whether input, output and resets have the batch as their first axis.

    Shape:
        input: (T, N, ...), or (N, T, ...) with `batch_first`, of any dtype that the module takes.
        lengths: (N,). resets: (T, N), or (N, T). output: (T, N, ...), or (N, T, ...).

    Raises:
        DtypeError: `module` is not a torch module.
        OptionError: A size is not a positive integer, or the flag not a bool.

    Example:
        >>> encoder = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten())
        >>> frames = TimeDistributed(encoder, output_size=4 * 6 * 4)
        >>> features, _ = frames(torch.rand(5, 2, 1, 8, 6), lengths=[5, 3])
        >>> features.shape
        torch.Size([5, 2, 96])
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        input_size: int | None = None,
        output_size: int | None = None,
        batch_first: bool = False,
    ):
        super().__init__()
        if not isinstance(module, nn.Module):
            raise DtypeError(f"`module` must be a torch.nn.Module, but it is a {type(module).__name__}.")
        for name, size in {"input_size": input_size, "output_size": output_size}.items():
            if size is not None:
                check_size(name, size)
        check_flag("batch_first", batch_first)
        self.module = module
        # A size may be None, which fits no other layer; so a stack refuses the layer, and nobody else asks.
        self.input_size = cast(int, declared_input_size(module) if input_size is None else input_size)
        self.output_size = cast(int, declared_output_size(module) if output_size is None else output_size)
        self.batch_first = batch_first

    def initial_state(self, batch_size: int) -> tuple[()]:  # noqa: ARG002
        """Return the state, which has no parts, of `batch_size` sequences."""
        return ()

    def forward(
        self,
        input: Tensor,
        initial_state: Any = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> tuple[Tensor, tuple[()]]:
        """Apply the module to every frame.

        Args:
            input: The sequences.
            initial_state: The empty tuple, or nothing.
            lengths: Number of time steps of each sequence; all T without it. Outputs behind a sequence's
                end are zero.
            resets: Change nothing, for there is no state.

        Returns:
            The outputs, and the empty tuple.

        Raises:
            ShapeError: A tensor has the wrong shape, or there is no time step; or the module does not
                return a row for each frame.
            DtypeError: An argument has the wrong type.
            LengthError: A length is not within 1..T.
        """
        self._check(input, initial_state, "initial_state", num_axes=2)
        if resets is not None:
            as_resets(resets, input, self.batch_first)
        num_steps, batch_size = input.shape[:2][:: -1 if self.batch_first else 1]
        if num_steps == 0:
            raise ShapeError(
                f"`input` must have at least one time step, but it has shape {tuple(input.shape)}."
            )
        alive = None
        if lengths is not None:
            alive = live_steps(num_steps, as_lengths(lengths, num_steps, batch_size))
        where = alive.T if alive is not None and self.batch_first else alive
        return map_frames(self.module, input, where), ()

    def step(self, input: Tensor, state: Any = None) -> tuple[Tensor, tuple[()]]:
        """Apply the module to one frame of each sequence.

        Args:
            input: The frames at this time step, (N, ...).
            state: The empty tuple, or nothing.

        Raises:
            ShapeError: `input` has no axis, or `state` is not empty.
            DtypeError: `input` is no dense tensor.
        """
        self._check(input, state, "state", num_axes=1)
        return map_frames(self.module, input.unsqueeze(0)).squeeze(0), ()

    def extra_repr(self) -> str:
        """Name the option that differs from its default."""
        return "batch_first=True" if self.batch_first else ""

    def _check(self, input: Any, state: Any, state_name: str, num_axes: int) -> None:
        check_tensor("input", input)
        if input.dim() < num_axes:
            layout = "(N, ...)" if num_axes == 1 else "(N, T, ...)" if self.batch_first else "(T, N, ...)"
            raise ShapeError(f"`input` must have shape {layout}, but it has shape {tuple(input.shape)}.")
        if state is not None and state != ():
            raise ShapeError(f"`{state_name}` must be () or None, for the layer has no state.")
