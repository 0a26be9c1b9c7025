"""What of a cell decides what helps it, read from the cell and from what its gates do."""

from __future__ import annotations

from elman.cells import Cell, GRUCell, LSTMCell, Wrapper
from elman.diagnostics.activity import LayerActivity
from elman.diagnostics.remedies import Traits

_NORMALISED: dict[type[Cell], str] = {LSTMCell: "LayerNormLSTMCell", GRUCell: "LayerNormGRUCell"}


def traits_of(cell: Cell, activity: LayerActivity) -> Traits:
    """Tell what of a cell decides what helps it.

    Args:
        cell: Of a wrapper, the cell inside counts.
        activity: What its gates do.
    """
    while isinstance(cell, Wrapper):
        cell = cell.cell
    gates = [value for value in activity.values if value.retention.any()]
    return Traits(
        type(cell).__name__,
        gates[0].name if gates else "",
        bool(gates) and bool(gates[0].retention.max() > 0),
        _forget_bias(cell),
        _NORMALISED.get(type(cell), ""),
        any(name == "weight_hh" and weight.dim() > 1 for name, weight in cell.named_parameters()),
    )


def _forget_bias(cell: Cell) -> str:
    """Return how its forget bias is set; `set_forget_bias_` reaches layers of torch.nn, too."""
    if isinstance(cell, LSTMCell):
        return "elman.training.set_forget_bias_(layer, {})"
    return f"{type(cell).__name__}(..., forget_bias={{}})" if hasattr(cell, "forget_bias") else ""
