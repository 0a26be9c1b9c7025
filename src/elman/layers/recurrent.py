"""A cell run over sequences."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.backends.eager import Resets, draw_step_inputs
from elman.cells import Cell
from elman.cells.options import check_choice, check_flag, what_came
from elman.cells.state import map_state, state_tensors
from elman.compiler import Batch, explain, run, run_again, show
from elman.errors import DtypeError, OptionError
from elman.layers.checks import as_resets, check_input, check_like, check_step_input
from elman.layers.contract import SequenceLayer
from elman.layers.lengths import as_lengths, check_no_lengths
from elman.layers.packed import check_packed, pack_like, unpack
from elman.layers.states import check_state, example_of, fresh_state


class Recurrent(SequenceLayer):
    """Runs a cell over a batch of sequences, of equal or unequal length.

    Args:
        cell: What one time step computes.
        reverse: Whether each sequence is read from its own last step to its first; outputs stay at their t.
        batch_first: Whether input, output and resets have the batch as their first axis.
        backend: "auto" runs machine code made from the cell, and the plain loop over the cell where none can
            be made, with one warning that says why; "llvm" makes that an error; "eager" asks for the plain
            loop.
        learn_initial_state: Whether the fresh state, from which sequences start and to which resets return,
            is learned: `learned_state` holds a parameter for each tensor of `cell.initial_state(1)`, and
            starts from it.

    Shape:
        input: (T, N, I), or (N, T, I) with `batch_first`, or a PackedSequence.
        initial_state: as `cell.initial_state(N)`. lengths: (N,).
        resets: (T, N), or (N, T) with `batch_first`.
        output: (T, N, output_size), or (N, T, output_size), or a PackedSequence, as the input.

    Raises:
        DtypeError: `cell` is not a `Cell`.
        OptionError: `backend` is not one of the backends, a flag is not a bool, or the cell learns its
            initial state itself.

    Example:
        >>> from elman.cells import GRUCell
        >>> layer = Recurrent(GRUCell(input_size=3, hidden_size=5))
        >>> output, final_state = layer(torch.ones(7, 2, 3), lengths=torch.tensor([7, 4]))
        >>> output.shape, final_state.shape
        (torch.Size([7, 2, 5]), torch.Size([2, 5]))
        >>> bool(output[4:, 1].any())
        False
    """

    def __init__(
        self,
        cell: Cell,
        *,
        reverse: bool = False,
        batch_first: bool = False,
        backend: str = "auto",
        learn_initial_state: bool = False,
    ):
        super().__init__()
        if not isinstance(cell, Cell):
            raise DtypeError(f"`cell` must be an elman.Cell, but it is {what_came(cell)}.")
        check_flag("reverse", reverse)
        check_flag("batch_first", batch_first)
        check_choice("backend", backend, ("auto", "llvm", "eager"))
        check_flag("learn_initial_state", learn_initial_state)
        self.cell = cell
        self.input_size, self.output_size = cell.input_size, cell.output_size
        self.reverse = reverse
        self.batch_first = batch_first
        self.backend = backend
        self.learned_state = _make_learned_state(cell) if learn_initial_state else None

    @property
    def is_causal(self) -> bool:
        """Whether every output waits for no later input, so that the layer can be stepped."""
        return not self.reverse

    def initial_state(self, batch_size: int) -> Any:
        """Return the state that `batch_size` sequences start from where none is given."""
        fresh = self.cell.initial_state(batch_size)
        if self.learned_state is None:
            return fresh
        learned = iter(self.learned_state)
        return map_state(lambda part: next(learned).expand_as(part), fresh)

    def reset_parameters(self) -> None:
        """Draw the parameters of the cell anew; a learned state returns to the cell's own."""
        self.cell.reset_parameters()
        if self.learned_state is not None:
            for parameter, fresh in zip(self.learned_state, _rows(self.cell), strict=True):
                parameter.data.copy_(fresh)

    def forward(
        self,
        input: Tensor | PackedSequence,
        initial_state: Any = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> tuple[Any, Any]:
        """Run the cell from the first time step to the last.

        Args:
            input: The sequences. Integer input is refused; embed it first.
            initial_state: The state before the first step; the cell's fresh state without it.
            lengths: Number of time steps of each sequence; all T without it. What stands behind a
                sequence's end reaches nothing; its outputs there are zero.
            resets: Where True, the state becomes the cell's fresh state before the step, in the order of
                running. Resets behind a sequence's end are ignored.

        Returns:
            The outputs, and the state after each sequence's own last step, in the order of the input.

        Raises:
            ShapeError: A tensor has the wrong shape, or there is no time step.
            DtypeError: A tensor has the wrong dtype.
            DeviceError: A tensor is not where the parameters are.
            LengthError: A length is not within 1..T.
            OptionError: There are `lengths` beside a PackedSequence.
        """
        if not isinstance(input, PackedSequence):
            return self._run(input, initial_state, lengths, resets)
        check_no_lengths(lengths)
        check_packed(input)
        padded, lengths = unpack(input, self.batch_first)
        output, final_state = self._run(padded, initial_state, lengths, resets)
        return pack_like(output, lengths, input, self.batch_first), final_state

    def step(self, input: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Run one time step, as for a stream; the state it returns is the one to give it next.

        Args:
            input: The input at this time step, (N, I).
            state: The state after the step before; the cell's fresh state without it.

        Raises:
            OptionError: The layer runs in reverse, from an end that a stream does not have.
            ShapeError: A tensor has the wrong shape.
            DtypeError: A tensor has the wrong dtype.
            DeviceError: A tensor is not where the parameters are.
        """
        if self.reverse:
            raise OptionError("a layer with reverse=True starts at the last time step and cannot be stepped.")
        if isinstance(input, Tensor) and state is not None:
            again = run_again(self.cell, input.unsqueeze(0), state, self.reverse, self.backend)
            if again is not None:
                return again[0].squeeze(0), again[1]
        check_step_input(input, self.cell.input_size)
        steps = input.unsqueeze(1 if self.batch_first else 0)
        output, state = self._run(steps, state, None, None, state_name="state")
        return output.squeeze(1 if self.batch_first else 0), state

    def explain(self) -> str:
        """Say which backend runs the cell, and why not a faster one."""
        return explain(self.cell, self.backend)

    def show(self, stage: str) -> str:
        """Return one stage of the cell's way to machine code, as text.

        Args:
            stage: "graph", "canonical", "gradient", "plan", "llvm" or "assembly".

        Raises:
            OptionError: There is no such stage.
            TraceError: The cell cannot be recorded.
            GraphError: No machine code can be made of it.
        """
        return show(self.cell, stage)

    def extra_repr(self) -> str:
        """Name the options that differ from their defaults."""
        defaults = {"reverse": False, "batch_first": False, "backend": "auto"}
        options = {name: getattr(self, name) for name in defaults}
        changed = [f"{name}={value!r}" for name, value in options.items() if value != defaults[name]]
        return ", ".join(changed + ["learn_initial_state=True"] * (self.learned_state is not None))

    def _run(
        self,
        input: Tensor,
        initial_state: Any,
        lengths: Tensor | Sequence[int] | None,
        resets: Tensor | None,
        state_name: str = "initial_state",
    ) -> tuple[Tensor, Any]:
        if lengths is None and resets is None and initial_state is not None and not self.batch_first:
            again = run_again(self.cell, input, initial_state, self.reverse, self.backend)
            if again is not None:
                return again
        check_input(input, self.cell.input_size, self.batch_first)
        example, owner = example_of(self, input)
        check_like("input", input, example)
        steps = input.transpose(0, 1) if self.batch_first else input
        num_steps, batch_size = steps.shape[:2]
        if initial_state is not None:
            check_state(initial_state, self.cell, batch_size, example, owner, state_name)
        starts = None if resets is None else as_resets(resets, input, self.batch_first)
        fresh = fresh_state(self, batch_size, input) if initial_state is None or resets is not None else ()
        batch = Batch(
            steps,
            fresh if initial_state is None else initial_state,
            None if lengths is None else as_lengths(lengths, num_steps, batch_size),
            None if starts is None else Resets(starts, fresh),
            draw_step_inputs(self.cell.step_inputs, num_steps, batch_size, like=steps),
            self.reverse,
        )
        output, final_state = run(self.cell, batch, self.backend)
        return output.transpose(0, 1) if self.batch_first else output, final_state


def _make_learned_state(cell: Cell) -> nn.ParameterList:
    rows = _rows(cell)
    if any(row.requires_grad for row in rows):
        raise OptionError(
            f"{type(cell).__name__} learns its initial state itself; leave `learn_initial_state` out."
        )
    return nn.ParameterList([nn.Parameter(row.clone()) for row in rows])


def _rows(cell: Cell) -> list[Tensor]:
    """Return the tensors of the cell's own fresh state, of one sequence."""
    return [part[0] for part in state_tensors(cell.initial_state(1))]
