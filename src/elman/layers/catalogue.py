"""Every cell that elman brings, described: its equations, its parameters, and what runs it."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass

from elman.cells import ALL_CELLS, Cell
from elman.cells.documentation import Documentation, brief_equations, read_documentation
from elman.cells.state import state_tensors
from elman.layers.named_cells import make_cell
from elman.layers.recurrent import Recurrent


@dataclass(frozen=True)
class CellDescription:
    """A cell at one size.

    Args:
        name: The class.
        key: Its short name, as in `ALL_CELLS`.
        equations: Those of its default options, one a line.
        documentation: What its docstring says.
        options: The default of each option.
        parameters: The shape of each parameter.
        state: The shape of each tensor of the state, without the batch.
        output_size: Number of features of the output.
        num_parameters: Numbers that training changes.
        explanation: Which backend runs it, and how; the first word is the backend.
    """

    name: str
    key: str
    equations: tuple[str, ...]
    documentation: Documentation
    options: Mapping[str, object]
    parameters: Mapping[str, tuple[int, ...]]
    state: tuple[tuple[int, ...], ...]
    output_size: int
    num_parameters: int
    explanation: str

    @property
    def backend(self) -> str:
        """The name of the backend alone."""
        return self.explanation.partition(":")[0].strip()


def describe_cells(input_size: int, hidden_size: int) -> list[CellDescription]:
    """Describe every cell, in the order of `ALL_CELLS`.

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.
    """
    return [describe_cell(key, input_size, hidden_size) for key in ALL_CELLS]


def describe_cell(name: str, input_size: int, hidden_size: int) -> CellDescription:
    """Describe one cell with its default options.

    Args:
        name: Its class or its short name, in upper or lower case; or FILE.py:CLASS.
        input_size: Number of features of the input, I.
        hidden_size: Number of hidden units, H.

    Raises:
        OptionError: There is no such cell, its file cannot be run, or a size is not positive.
    """
    cell = make_cell(name, input_size, hidden_size)
    keys = {cell_class: key for key, cell_class in ALL_CELLS.items()}
    return CellDescription(
        name=type(cell).__name__,
        key=keys.get(type(cell), name),
        equations=tuple(brief_equations(cell)),
        documentation=read_documentation(type(cell)),
        options=_options(type(cell)),
        parameters={name: tuple(parameter.shape) for name, parameter in cell.named_parameters()},
        state=tuple(tuple(part.shape[1:]) for part in state_tensors(cell.initial_state(1))),
        output_size=cell.output_size,
        num_parameters=sum(parameter.numel() for parameter in cell.parameters()),
        explanation=Recurrent(cell).explain(),
    )


def _options(cell_class: type[Cell]) -> dict[str, object]:
    parameters = inspect.signature(cell_class).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not one.empty}
