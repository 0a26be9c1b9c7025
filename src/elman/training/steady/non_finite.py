"""Finding the first number that is NaN or infinite: in which parameter, at which step, of which sequence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from elman.training.through_time import Part
from elman.training.through_time.calls import LayerCall, StateRows


@dataclass(frozen=True)
class NonFinite:
    """A number that is NaN or infinite, and where it stands.

    Args:
        kind: "parameter", "input", "initial state", "state", "output", "target", "loss" or "gradient".
        value: NaN or an infinity.
        name: Of the parameter, for a parameter or a gradient.
        step: The time step of the batch.
        sequence: The row of the batch.
        num_others: How many more parameters, or gradients, hold such a number.
    """

    kind: str
    value: float
    name: str | None = None
    step: int | None = None
    sequence: int | None = None
    num_others: int = 0

    def __str__(self) -> str:
        """Say it in a sentence without its full stop."""
        if self.name is not None:
            what = "the gradient of " if self.kind == "gradient" else "the parameter "
            others = _others(self.num_others)
            return f"{what}`{self.name}` holds {self.value}{others}"
        step = "" if self.step is None else f" at step {self.step}"
        sequence = "" if self.sequence is None else f" of sequence {self.sequence}"
        return f"the {self.kind}{step}{sequence} is {self.value}"


def _others(number: int) -> str:
    return {0: "", 1: ", and so does 1 other"}.get(number, f", and so do {number} others")


def find_non_finite(
    model: nn.Module, loss: Tensor | None = None, part: Part | None = None
) -> NonFinite | None:
    """Find what was first to be NaN or infinite: parameter, input, state, output, target, loss or gradient.

    Use it after `backward` and before `optimizer.step()`, when a loss or a norm is not finite. With a part,
    the layer runs again one step at a time, which takes long but tells the step and the sequence.

    Args:
        model: Its parameters and their gradients are looked at.
        loss: The loss; it is not looked at without it.
        part: The part of a schedule that the loss was computed on; nothing but `model` and `loss` without it.

    Shape:
        loss: ().

    Returns:
        The first in the order above, within one kind the earliest step; None if all is finite.

    Example:
        >>> from elman import TBPTT, Recurrent
        >>> from elman.cells import GRUCell
        >>> from elman.training import SequenceBatch
        >>> layer, input = Recurrent(GRUCell(input_size=1, hidden_size=4)), torch.zeros(20, 2, 1)
        >>> input[13, 1] = float("inf")
        >>> for part in TBPTT(10).parts(layer, SequenceBatch(input)):
        ...     loss = part.output.mean()
        ...     print(find_non_finite(layer, loss, part))
        None
        the input at step 13 of sequence 1 is inf
    """
    found = _find_parameter(model)
    if found is None and part is not None:
        found = _find_in_part(part)
    if found is None and loss is not None and not bool(loss.isfinite().all()):
        target = None if part is None else _find_in_target(part)
        found = target or NonFinite("loss", _first_value(loss))
    return found or _find_gradient(model)


def find_parameter(model: nn.Module) -> NonFinite | None:
    """Return the first parameter, or else the first gradient, that is not finite.

    Args:
        model: Whose.
    """
    return _find_parameter(model) or _find_gradient(model)


def _find_parameter(model: nn.Module) -> NonFinite | None:
    return _find_named("parameter", [(name, one.detach()) for name, one in model.named_parameters()])


def _find_gradient(model: nn.Module) -> NonFinite | None:
    named = [(name, one.grad) for name, one in model.named_parameters() if one.grad is not None]
    return _find_named("gradient", [(name, _numbers(gradient)) for name, gradient in named])


def _numbers(gradient: Tensor) -> Tensor:
    """Return the numbers that a gradient holds; a sparse one holds few."""
    if gradient.layout == torch.strided:
        return gradient
    return (gradient.coalesce() if gradient.layout == torch.sparse_coo else gradient).values()


def _find_named(kind: str, tensors: list[tuple[str, Tensor]]) -> NonFinite | None:
    bad = [(name, tensor) for name, tensor in tensors if not bool(tensor.isfinite().all())]
    if not bad:
        return None
    return NonFinite(kind, _first_value(bad[0][1]), name=bad[0][0], num_others=len(bad) - 1)


def _first_value(tensor: Tensor) -> float:
    return float(tensor.detach()[~tensor.isfinite()][0])


def _find_in_part(part: Part) -> NonFinite | None:
    call, rows = part.call, StateRows(part.call.layer)
    is_whole = not any(
        getattr(module, flag, False) is True
        for module in call.layer.modules()
        for flag in ("bidirectional", "reverse")
    )
    for kind, tensors, step in _inputs(call, rows):
        found = _find_row(kind, tensors, step, call.rows)
        if found:
            return found
    with torch.no_grad():
        for kind, tensors, step, live in _rerun(call, rows) if is_whole else ():
            found = _find_row(kind, tensors, step, live)
            if found:
                return found
    swap = bool(getattr(call.layer, "batch_first", False))
    output = part.output.transpose(0, 1) if swap else part.output
    return _find_by_step("output", output, part.start)


def _inputs(call: LayerCall, rows: StateRows) -> Iterator[tuple[str, list[Tensor], int]]:
    """Yield the state that a call began with, and its inputs step by step; the padding is made zero."""
    if call.state is not None:
        yield "initial state", rows.first_axis(call.state), call.start
    for t, input in enumerate(call.input):
        if input.is_floating_point():
            live = None if call.lengths is None else (call.lengths > t).to(input.device)
            shape = (-1, *[1] * (input.dim() - 1))
            yield "input", [input if live is None else input.where(live.view(shape), 0)], call.start + t


def _rerun(call: LayerCall, rows: StateRows) -> Iterator[tuple[str, list[Tensor], int, Tensor | None]]:
    """Run one step at a time, and yield the states and outputs of the sequences that run."""
    state, batch_size = call.state, call.input.shape[1]
    for t in range(len(call.input)):
        live = None if call.lengths is None else (call.lengths > t).nonzero().squeeze(1)
        if live is not None and not len(live):
            return
        piece = call.step(t, state, live, rows)
        output, new = piece.run()
        numbers = live if call.rows is None else call.rows if live is None else call.rows[live]
        yield "state", rows.first_axis(new), call.start + t, numbers
        yield "output", [output[0]], call.start + t, numbers
        state = new if live is None else rows.put(state, live, new, batch_size)


def _find_row(kind: str, tensors: list[Tensor], step: int, numbers: Tensor | None) -> NonFinite | None:
    """Find the first row, along the first axis, that is not finite."""
    for tensor in tensors:
        wrong = (~tensor.isfinite()).flatten(1).any(1).nonzero()
        if len(wrong):
            row = int(wrong[0])
            value = _first_value(tensor[row])
            return NonFinite(kind, value, step=step, sequence=row if numbers is None else int(numbers[row]))
    return None


def _find_by_step(kind: str, tensor: Tensor, start: int) -> NonFinite | None:
    for t, one in enumerate(tensor.detach()):
        found = _find_row(kind, [one.reshape(len(one), -1)], start + t, None)
        if found:
            return found
    return None


def _find_in_target(part: Part) -> NonFinite | None:
    if part.target is None or not part.target.is_floating_point():
        return None
    mask = part.mask.view(*part.mask.shape, *[1] * (part.target.dim() - 2)).to(part.target.device)
    target = part.target.where(mask, 0)
    swap = bool(getattr(part.call.layer, "batch_first", False))
    return _find_by_step("target", target.transpose(0, 1) if swap else target, part.start)
