"""A recurrence within a byte budget: states are kept at some steps alone, and the rest is computed again.

The steps are cut into spans. On the way forward nothing is kept but the state before each span. On the way
back, from the last span to the first, a span runs forward once more, keeps what its gradient needs, and runs
backward.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from elman.backends.llvm.blocks import borrow
from elman.backends.llvm.launch import Launcher, Span
from elman.compiler.call import REALS, Arguments, Call
from elman.compiler.kernels import kernel
from elman.compiler.options import Budget, Refusal, chosen_budget
from elman.compiler.tensors import (
    Gradients,
    allocate_results,
    gradient_like,
    lay_out,
    list_backward,
    list_forward,
)
from elman.errors import OptionError


class Sizes(NamedTuple):
    """Bytes that the gradient of a call takes.

    Attributes:
        kept: From the way forward to the way back.
        work: Beside that, at the height of either way.
    """

    kept: int
    work: int


def choose_room(call: Call, arguments: Arguments) -> int:
    """Return how many steps a span has: all T where the budget allows it, else the most that it allows.

    Args:
        call: What is run, with a way back.
        arguments: Its tensors.

    Raises:
        OptionError: The budget is too small for any number of steps; the message names the smallest one.
            Among several recurrences it is noted instead, and the one that needs most is told.
    """
    num_steps = len(arguments.input)
    if call.memory is None:
        return num_steps
    budget = chosen_budget()
    sizes = {room: _sum(sizes_of(call, arguments, room), budget.num_calls) for room in _rooms(num_steps)}
    fitting = [room for room, size in sizes.items() if size <= call.memory]
    if fitting:
        return max(fitting)
    refusal = _refuse(call, arguments, budget, min(sizes.values()))
    if budget.refusals is None:
        raise OptionError(refusal.message)
    budget.refusals.append(refusal)
    return min(sizes, key=lambda room: sizes[room])


def _refuse(call: Call, arguments: Arguments, budget: Budget, share: int) -> Refusal:
    num_bytes, num_shares, num_calls, _ = budget
    assert call.memory is not None
    least = -(-share * num_shares // 1000)
    shares = f"\n    {num_shares} layers and directions have equal shares of it." if num_shares > 1 else ""
    steps = f"\n    It holds what is kept of {num_calls} calls." if num_calls > 1 else ""
    num_steps, batch_size = arguments.input.shape[:2]
    return Refusal(
        share * num_shares,
        f"`memory` is too small for the gradient of {num_steps} time steps of a batch of {batch_size}: the "
        f"smallest that works is {least} kB, but it is {(num_bytes or call.memory) / 1000:g} kB."
        f"{shares}{steps}",
    )


def least_of(call: Call, arguments: Arguments) -> int:
    """Return the smallest budget that a call works with, in bytes.

    Args:
        call: What is run, with a way back.
        arguments: Its tensors.
    """
    return min(_sum(sizes_of(call, arguments, room)) for room in _rooms(len(arguments.input)))


def measure(call: Call, arguments: Arguments, room: int) -> int:
    """Return how many bytes a call keeps and works in, with spans of so many steps.

    Args:
        call: What is run, with a way back.
        arguments: Its tensors.
        room: Steps of a span; T for one span.
    """
    return _sum(sizes_of(call, arguments, room))


def _sum(sizes: Sizes, num_calls: int = 1) -> int:
    """Return the bytes of so many calls alike: all of them keep theirs, and one works at a time."""
    return sizes.kept * num_calls + sizes.work


def sizes_of(call: Call, arguments: Arguments, room: int) -> Sizes:
    """Return what a call keeps, and what it works in, with spans of so many steps.

    Args:
        call: What is run, with a way back.
        arguments: Its tensors.
        room: Steps of a span; T for one span.
    """
    num_steps, batch_size = arguments.input.shape[:2]
    launcher = _launcher(call, arguments)
    state = sum(part.nbytes for part in arguments.states)
    saved = launcher.saved_size(room, batch_size) * arguments.input.element_size()
    work = launcher.work_size(num_steps, batch_size, room, is_ragged=call.lengths is not None)
    num_spans = -(-num_steps // room)
    return Sizes(saved, work) if num_spans == 1 else Sizes(state * num_spans, saved + work + 3 * state)


def _rooms(num_steps: int) -> list[int]:
    powers = [1 << power for power in range(num_steps.bit_length())]
    return [*(room for room in powers if room < num_steps), num_steps]


def run_spans(call: Call, arguments: Arguments, room: int) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Run all steps; return the outputs, the final states, and the states before each span, (K, N, F) each.

    Args:
        call: What is run.
        arguments: Its tensors.
        room: Steps of a span.
    """
    num_steps, batch_size = arguments.input.shape[:2]
    launcher = kernel(call.recorded, None, REALS[arguments.input.dtype], call.cpu)
    laid_out = lay_out(arguments)
    output, finals = allocate_results(call, arguments)
    spans = _spans(num_steps, room)
    kept = [torch.empty(len(spans), *part.shape, dtype=part.dtype) for part in arguments.states]
    for states, part in zip(kept, arguments.states, strict=True):
        states[0] = part
    for number, span in enumerate(spans):
        before = [states[number] for states in kept]
        after = finals if number + 1 == len(spans) else [states[number + 1] for states in kept]
        if call.lengths is not None:
            for state, ended in zip(after, before, strict=True):
                state.copy_(ended)  # of sequences that have ended
        tensors = list_forward(call, replace(laid_out, states=before), None, output, after)
        launcher.run(tensors, num_steps, batch_size, is_reverse=call.is_reverse, is_backward=False, span=span)
    return output, finals, kept


def run_spans_backward(
    call: Call,
    arguments: Arguments,
    output: Tensor,
    kept: Sequence[Tensor],
    room: int,
    output_gradient: Tensor | None,
    final_gradients: Sequence[Tensor | None],
) -> list[Tensor | None]:
    """Run all steps backward; return the gradients of the arguments, in the order of `Arguments.all`.

    Args:
        call: What was run.
        arguments: Its tensors.
        output: Its outputs; they are written once more, with the numbers they have.
        kept: The states before each span.
        room: Steps of a span.
        output_gradient: Of the outputs; None where no loss reads them.
        final_gradients: Of the final states.
    """
    num_steps, batch_size = arguments.input.shape[:2]
    launcher = _launcher(call, arguments)
    saved = borrow(launcher.saved_size(room, batch_size), output.dtype)
    laid_out, output_gradient = lay_out(arguments), gradient_like(output_gradient, output)
    gradients = Gradients.allocate(call, arguments, launcher.kernel)
    carried = [
        gradient_like(gradient, state).clone(memory_format=torch.contiguous_format)
        for gradient, state in zip(final_gradients, arguments.states, strict=True)
    ]
    spare = gradients.states
    run = partial(launcher.run, num_steps=num_steps, batch_size=batch_size, is_reverse=call.is_reverse)
    for number, span in reversed([*enumerate(_spans(num_steps, room))]):
        own = replace(laid_out, states=[states[number] for states in kept])
        # Nobody reads the final states.
        run(list_forward(call, own, saved, output, spare), is_backward=False, span=span)
        for before, after in zip(spare, carried, strict=True):
            before.copy_(after)  # of sequences that have ended
        to = replace(gradients, states=spare)
        run(
            list_backward(call, own, saved, output, output_gradient, carried, to),
            is_backward=True,
            span=span,
        )
        carried, spare = spare, carried
    weights = gradients.of_parameters(call, arguments, launcher.kernel)
    return [gradients.input, *carried, *gradients.fresh, *gradients.steps, *weights]


def _launcher(call: Call, arguments: Arguments) -> Launcher:
    return kernel(call.recorded, call.wanted, REALS[arguments.input.dtype], call.cpu)


def _spans(num_steps: int, room: int) -> list[Span]:
    return [Span(begin, min(begin + room, num_steps), room) for begin in range(0, num_steps, room)]
