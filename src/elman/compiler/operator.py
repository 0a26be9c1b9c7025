"""The recurrence as an operator of torch: graphs of torch.compile hold no Python object."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from elman.compiler.call import REALS, Arguments, Call
from elman.compiler.function import differentiable
from elman.compiler.kernels import kernel
from elman.compiler.recordings import Step, step_of
from elman.compiler.running import run_backward, run_forward
from elman.errors import LengthError

NONE = "\n"  # no name of an argument


class Options(NamedTuple):
    """What an operator is told besides tensors, in types that a graph can hold.

    Attributes:
        step: One step, as text.
        wanted: Names of the arguments whose gradients are wanted, one a line; `NONE` without a way back.
        is_reverse: Whether each sequence runs from its end.
        cpu: LLVM's name of the processor; empty for the one at hand.
    """

    step: str
    wanted: str
    is_reverse: bool
    cpu: str


def describe(step: Step, wanted: frozenset[str] | None, is_reverse: bool, cpu: str | None) -> Options:
    """Return the options of a call.

    Args:
        step: One step.
        wanted: Names of the arguments whose gradients are wanted; None for a forward pass alone.
        is_reverse: Whether each sequence runs from its end.
        cpu: LLVM's name of the processor; None for the one at hand.
    """
    return Options(step.text, NONE if wanted is None else "\n".join(sorted(wanted)), is_reverse, cpu or "")


@torch.library.custom_op("elman::recurrence", mutates_args=())
def recurrence(
    tensors: list[Tensor],
    lengths: Tensor | None,
    resets: Tensor | None,
    step: str,
    wanted: str,
    is_reverse: bool,
    cpu: str,
) -> list[Tensor]:
    """Return outputs, final states, and what is saved for the way back."""
    call = _call(tensors, lengths, resets, Options(step, wanted, is_reverse, cpu))
    output, finals, saved = run_forward(call, Arguments.split(call, tensors))
    return [output, *finals, output.new_empty(0) if saved is None else saved]


@recurrence.register_fake
def _(tensors: list[Tensor], *others: Any) -> list[Tensor]:
    options = Options(*others[-len(Options._fields) :])
    known, names = step_of(options.step), _names(options.wanted)
    input, *states = tensors[: 1 + len(known.names["state"])]
    num_steps, batch_size = input.shape[:2]
    output = input.new_empty(num_steps, batch_size, known.graph.type_of(known.graph.output).shape[0])
    finals = [state.new_empty(state.shape) for state in states]
    if names is None:
        return [output, *finals, input.new_empty(0)]
    launcher = kernel(known, names, REALS[input.dtype], options.cpu or None)
    return [output, *finals, input.new_empty(launcher.saved_size(num_steps, batch_size))]


@torch.library.custom_op("elman::recurrence_backward", mutates_args=())
def recurrence_backward(
    tensors: list[Tensor],
    lengths: Tensor | None,
    resets: Tensor | None,
    output: Tensor,
    saved: Tensor,
    output_gradient: Tensor | None,
    final_gradients: list[Tensor | None],
    step: str,
    wanted: str,
    is_reverse: bool,
    cpu: str,
) -> list[Tensor]:
    """Return the gradients of the arguments; an empty tensor where there is none."""
    call = _call(tensors, lengths, resets, Options(step, wanted, is_reverse, cpu))
    arguments = Arguments.split(call, tensors)
    made = run_backward(call, arguments, output, saved, output_gradient, final_gradients)
    # No two results of an operator may share their memory, as gradients of parameters do.
    return [output.new_empty(0) if one is None else one.clone() if one._is_view() else one for one in made]


@recurrence_backward.register_fake
def _(tensors: list[Tensor], *others: Any) -> list[Tensor]:
    options, resets = Options(*others[-len(Options._fields) :]), others[1]
    found = _have_gradients(options, has_resets=resets is not None)
    return [
        tensor.new_empty(tensor.shape if has_gradient else 0)
        for tensor, has_gradient in zip(tensors, found, strict=True)
    ]


def _have_gradients(options: Options, *, has_resets: bool) -> list[bool]:
    """Say which arguments the kernel computes a gradient of."""
    names, wanted = step_of(options.step).names, _names(options.wanted) or frozenset()
    num_states = len(names["state"]) * (1 + has_resets)
    others = [name in wanted for name in (*names["step_input"], *names["parameter"])]
    return ["input" in wanted, *[True] * num_states, *others]


def _call(tensors: list[Tensor], lengths: Tensor | None, resets: Tensor | None, options: Options) -> Call:
    order = ends = None
    if lengths is not None:
        num_steps = tensors[0].shape[0]
        if not bool(((lengths >= 1) & (lengths <= num_steps)).all()):
            raise LengthError(f"every length must be within 1..{num_steps}, but they are {lengths.tolist()}.")
        ends, order = lengths.sort(descending=True, stable=True)
    return Call(
        step_of(options.step),
        _names(options.wanted),
        options.is_reverse,
        order,
        ends,
        resets,
        options.cpu or None,
    )


def _names(wanted: str) -> frozenset[str] | None:
    return None if wanted == NONE else frozenset(filter(None, wanted.split("\n")))


def _keep(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    tensors, lengths, resets, *options = inputs
    ctx.options, ctx.num_arguments = Options(*options), len(tensors)
    first, *_, saved = output
    ctx.save_for_backward(*tensors, first, saved, lengths, resets)


def _differentiate(ctx: Any, gradients: list[Tensor | None]) -> tuple[Any, ...]:
    *tensors, output, saved, lengths, resets = ctx.saved_tensors
    output_gradient, *finals, _ = gradients
    needs = [tensor.requires_grad for tensor in tensors]
    if torch.is_grad_enabled():
        call = _call(tensors, lengths, resets, ctx.options)
        found = differentiable(call, tensors, [output_gradient, *finals], needs)
    else:
        found = recurrence_backward(
            tensors, lengths, resets, output, saved, output_gradient, finals, *ctx.options
        )
    return [g if needed else None for g, needed in zip(found, needs, strict=True)], *[None] * 6


recurrence.register_autograd(_differentiate, setup_context=_keep)
