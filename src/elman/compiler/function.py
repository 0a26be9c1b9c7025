"""The one autograd function: every compiled recurrence goes through it."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from elman.backends.eager import Resets, StepInputs, run_loop
from elman.backends.reference import make_step
from elman.compiler.call import Arguments, Call
from elman.compiler.checkpoints import choose_room, run_spans, run_spans_backward
from elman.compiler.noting import note
from elman.compiler.running import run_backward, run_forward
from elman.compiler.transforms import is_batched


class Recurrence(torch.autograd.Function):
    """Runs a recurrence and its gradient as machine code.

    A gradient of a gradient is computed by running the recorded step again, op by op.
    """

    @staticmethod
    def forward(ctx: Any, call: Call, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs and the final states."""
        arguments = Arguments.split(call, tensors)
        room = choose_room(call, arguments)
        if room < len(arguments.input):
            output, finals, kept = run_spans(call, arguments, room)
        else:
            output, finals, saved = run_forward(call, arguments)
            kept = [saved]
        note(call, arguments, kept)
        ctx.room, ctx.num_kept = room, len(kept)
        ctx.set_materialize_grads(False)
        ctx.call, ctx.num_arguments = call, len(tensors)
        others = [t for t in (call.order, call.lengths, call.resets) if t is not None]
        # An output that is changed in place is then an error, and not a wrong gradient.
        ctx.save_for_backward(*tensors, output, *kept, *others)
        return output, *finals

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        """Return the gradients of all arguments."""
        call, saved_tensors = ctx.call, ctx.saved_tensors
        tensors = saved_tensors[: ctx.num_arguments]
        output, *kept = saved_tensors[ctx.num_arguments : ctx.num_arguments + 1 + ctx.num_kept]
        needs = ctx.needs_input_grad[1:]
        if torch.is_grad_enabled() or any(map(is_batched, gradients)):
            return None, *differentiable(call, tensors, gradients, needs)
        output_gradient, *finals = gradients
        arguments = Arguments.split(call, tensors)
        if ctx.room < len(arguments.input):
            made = run_spans_backward(call, arguments, output, kept, ctx.room, output_gradient, finals)
        else:
            made = run_backward(call, arguments, output, kept[0], output_gradient, finals)
        return None, *(gradient if needed else None for gradient, needed in zip(made, needs, strict=True))


def differentiable(
    call: Call, tensors: Sequence[Tensor], gradients: Sequence[Tensor | None], needs: Sequence[bool]
) -> list[Tensor | None]:
    """Return gradients of the arguments, by torch's operators; where gradients are on, they have their own.

    Args:
        call: What was run.
        tensors: Its arguments.
        gradients: Of the outputs and the final states.
        needs: Which arguments want a gradient.
    """
    has_gradients = torch.is_grad_enabled()
    with torch.enable_grad():
        # Two arguments may be one tensor, as a first and a fresh state; each has a gradient of its own.
        tensors = [tensor.view_as(tensor) for tensor in tensors]
        results = run_plain(call, Arguments.split(call, tensors))
    pairs = [(r, g) for r, g in zip(results, gradients, strict=True) if g is not None and r.requires_grad]
    wanted = [tensor for tensor, needed in zip(tensors, needs, strict=True) if needed]
    if not pairs:
        return [None] * len(tensors)
    outputs, weights = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(outputs, wanted, weights, create_graph=has_gradients, allow_unused=True))
    return [next(found) if needed else None for needed in needs]


def run_plain(call: Call, arguments: Arguments) -> tuple[Tensor, ...]:
    """Run the recorded step op by op; return outputs and final states.

    Args:
        call: What is run.
        arguments: Its tensors.
    """
    graph, names = call.recorded.graph, call.recorded.names
    lengths = None
    if call.lengths is not None and call.order is not None:
        lengths = torch.empty_like(call.lengths).scatter_(0, call.order, call.lengths)
    resets = None if call.resets is None else Resets(call.resets, _shaped(call, arguments.fresh))
    steps = {
        name: _as_drawn(call, name, step)
        for name, step in zip(names["step_input"], arguments.steps, strict=True)
    }
    output, finals = run_loop(
        make_step(graph, arguments.parameters),
        arguments.input,
        _shaped(call, arguments.states),
        lengths=lengths,
        resets=resets,
        reverse=call.is_reverse,
        step_inputs=StepInputs(steps, {}) if steps else None,
    )
    return output, *(final.flatten(1) for final in finals)


def _shaped(call: Call, states: Sequence[Tensor]) -> tuple[Tensor, ...]:
    graph = call.recorded.graph
    shapes = [graph.arguments[number].type.shape for number in graph.of_kind("state")]
    return tuple(state.view(len(state), *shape) for state, shape in zip(states, shapes, strict=True))


def _as_drawn(call: Call, name: str, step: Tensor) -> Tensor:
    """Return a step input as the step takes it: in its own shape, and boolean where it is."""
    kind = next(argument.type for argument in call.recorded.graph.arguments if argument.name == name)
    if not kind.per_row:
        step = step[:, 0, 0]
    elif kind.shape:
        step = step.unflatten(2, kind.shape)
    else:
        step = step.squeeze(2)
    return step != 0 if kind.dtype == "boolean" else step
