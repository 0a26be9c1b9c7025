"""A cell over images, run over sequences of them."""

from collections.abc import Sequence
from typing import Any, cast

from torch import Tensor

from elman.backends.eager import Resets, run_loop
from elman.cells import Cell
from elman.cells.convolution import ConvCell
from elman.cells.options import check_flag
from elman.cells.state import map_state, state_tensors
from elman.errors import DtypeError, OptionError
from elman.layers.checks import as_resets, check_like
from elman.layers.contract import SequenceLayer
from elman.layers.convolution.checks import SizedCell, check_images
from elman.layers.frames import live_steps, map_frames
from elman.layers.lengths import as_lengths
from elman.layers.states import check_state, example_of, fresh_state, replace_rows


class ConvRecurrent(SequenceLayer):
    """Runs a cell over a batch of sequences of images, of equal or unequal length.

    Use it where the output is an image too, or where it matters what stands beside what; where one vector
    for each frame will do, `TimeDistributed` and a layer over vectors are faster. What the cell makes of its
    input alone is one convolution over all time steps at once; the rest is a loop over time.

    Args:
        cell: What one time step computes.
        reverse: Whether each sequence is read from its own last step to its first; outputs stay at their t.
        batch_first: Whether input, output and resets have the batch as their first axis.

    Attributes:
        input_size: Number of channels of the input, C.
        output_size: Number of channels of the output, K.

    Shape:
        input: (T, N, C, *image), or (N, T, C, *image) with `batch_first`; an image has one axis, L, two,
        H and W, or three, as the cell's kernel.
        initial_state: as `cell.initial_state(N, image)`. lengths: (N,).
        resets: (T, N), or (N, T) with `batch_first`.
        output: as the input, with K channels.

    Raises:
        DtypeError: `cell` is not a `ConvCell`.
        OptionError: A flag is not a bool.

    Example:
        >>> from elman.cells import ConvLSTMCell
        >>> layer = ConvRecurrent(ConvLSTMCell(input_channels=1, hidden_channels=4, kernel_size=3))
        >>> video = torch.rand(5, 2, 1, 8, 6)
        >>> output, (hidden, memory) = layer(video, lengths=[5, 3])
        >>> output.shape, memory.shape
        (torch.Size([5, 2, 4, 8, 6]), torch.Size([2, 4, 8, 6]))
    """

    def __init__(self, cell: ConvCell, *, reverse: bool = False, batch_first: bool = False):
        super().__init__()
        if not isinstance(cell, ConvCell):
            hint = "\n    Cells over vectors are run by elman.Recurrent." if isinstance(cell, Cell) else ""
            raise DtypeError(
                f"`cell` must be an elman.cells.ConvCell, but it is a {type(cell).__name__}.{hint}"
            )
        check_flag("reverse", reverse)
        check_flag("batch_first", batch_first)
        self.cell = cell
        self.input_size, self.output_size = cell.input_channels, cell.hidden_channels
        self.reverse = reverse
        self.batch_first = batch_first

    @property
    def is_causal(self) -> bool:
        """Whether every output waits for no later input, so that the layer can be stepped."""
        return not self.reverse

    def initial_state(self, batch_size: int, image_size: tuple[int, ...] | None = None) -> Any:
        """Return the state that sequences start from where none is given.

        Args:
            batch_size: Number of sequences, N.
            image_size: The size of an image along each axis; the cell's own without it.

        Raises:
            OptionError: Neither says how large an image is.
        """
        return self.cell.initial_state(batch_size, image_size)

    def forward(
        self,
        input: Tensor,
        initial_state: Any = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> tuple[Tensor, Any]:
        """Run the cell from the first time step to the last.

        Args:
            input: The sequences, floating point.
            initial_state: The state before the first step; the cell's fresh state without it.
            lengths: Number of time steps of each sequence; all T without it. What stands behind a
                sequence's end reaches nothing; its outputs there are zero.
            resets: Where True, the state becomes the cell's fresh state before the step, in the order of
                running. Resets behind a sequence's end are ignored.

        Returns:
            The outputs, and the state after each sequence's own last step.

        Raises:
            ShapeError: A tensor has the wrong shape, or there is no time step.
            DtypeError: A tensor has the wrong dtype.
            DeviceError: A tensor is not where the parameters are.
            LengthError: A length is not within 1..T.
        """
        check_images(input, self.cell, "N, T" if self.batch_first else "T, N")
        starts = None if resets is None else as_resets(resets, input, self.batch_first)
        steps = input.transpose(0, 1) if self.batch_first else input
        ends = None if lengths is None else as_lengths(lengths, *steps.shape[:2])
        output, final_state = self._run(steps, initial_state, ends, starts, "initial_state")
        return output.transpose(0, 1) if self.batch_first else output, final_state

    def step(self, input: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Run one time step, as for a stream; the state it returns is the one to give it next.

        Args:
            input: The images at this time step, (N, C, *image).
            state: The state after the step before; the cell's fresh state without it.

        Raises:
            OptionError: The layer runs in reverse, from an end that a stream does not have.
            ShapeError: A tensor has the wrong shape.
            DtypeError: A tensor has the wrong dtype.
            DeviceError: A tensor is not where the parameters are.
        """
        if self.reverse:
            raise OptionError("a layer with reverse=True starts at the last time step and cannot be stepped.")
        check_images(input, self.cell, "N")
        output, state = self._run(input.unsqueeze(0), state, None, None, "state")
        return output.squeeze(0), state

    def reset_state(self, state: Any, sequences: Tensor) -> Any:
        """Return `state` with the fresh state in the place of that of some sequences.

        Args:
            state: As `forward` and `step` return it.
            sequences: True for each sequence that starts anew, (N,).
        """
        image_size = tuple(state_tensors(state)[0].shape[2:])
        fresh = self.initial_state(len(sequences), image_size)
        return map_state(lambda new, old: replace_rows(old, new, sequences), fresh, state)

    def extra_repr(self) -> str:
        """Name the options that differ from their defaults."""
        flags = {"reverse": self.reverse, "batch_first": self.batch_first}
        return ", ".join(f"{name}=True" for name, flag in flags.items() if flag)

    def _run(
        self, input: Tensor, state: Any, lengths: Tensor | None, resets: Tensor | None, state_name: str
    ) -> tuple[Tensor, Any]:
        example, owner = example_of(self, input)
        check_like("input", input, example, owner)
        num_steps, batch_size = input.shape[:2]
        cell = cast(Cell, SizedCell(self.cell, tuple(input.shape[3:])))
        if state is not None:
            check_state(state, cell, batch_size, example, owner, state_name)
        fresh = fresh_state(cell, batch_size, input) if state is None or resets is not None else ()
        return run_loop(
            self.cell.advance,
            map_frames(self.cell.from_input, input, live_steps(num_steps, lengths)),
            fresh if state is None else state,
            lengths=lengths,
            resets=None if resets is None else Resets(resets, fresh),
            reverse=self.reverse,
        )
