"""A call run by its kernel, forward and backward."""

from collections.abc import Sequence

from torch import Tensor

from elman.backends.llvm.blocks import borrow
from elman.backends.llvm.launch import Ready
from elman.compiler.call import REALS, Arguments, Call
from elman.compiler.kernels import kernel
from elman.compiler.tensors import (
    Gradients,
    allocate_results,
    gradient_like,
    lay_out,
    list_backward,
    list_forward,
)


def run_forward(call: Call, arguments: Arguments) -> tuple[Tensor, list[Tensor], Tensor | None]:
    """Run all steps; return the outputs, the final states, and what is saved for the way back.

    Args:
        call: What is run.
        arguments: Its tensors.
    """
    input = arguments.input
    num_steps, batch_size = input.shape[:2]
    launcher = kernel(call.recorded, call.wanted, REALS[input.dtype], call.cpu)
    output, finals = allocate_results(call, arguments)
    saved = None
    if call.wanted is not None:
        saved = borrow(launcher.saved_size(num_steps, batch_size), input.dtype)
    tensors = list_forward(call, lay_out(arguments), saved, output, finals)
    launcher.run(tensors, num_steps, batch_size, is_reverse=call.is_reverse, is_backward=False)
    return output, finals, saved


def ready_forward(call: Call, arguments: Arguments) -> Ready:
    """Return the kernel, ready for another call of this shape without a gradient.

    Args:
        call: What is run.
        arguments: Its tensors.
    """
    num_steps, batch_size = arguments.input.shape[:2]
    tensors = list_forward(call, lay_out(arguments), None, *allocate_results(call, arguments))
    launcher = kernel(call.recorded, None, REALS[arguments.input.dtype], call.cpu)
    return launcher.ready(
        tensors, num_steps, batch_size, is_reverse=call.is_reverse, is_backward=False, room=num_steps
    )


def run_backward(
    call: Call,
    arguments: Arguments,
    output: Tensor,
    saved: Tensor,
    output_gradient: Tensor | None,
    final_gradients: Sequence[Tensor | None],
) -> list[Tensor | None]:
    """Run all steps backward; return the gradients of the arguments, in the order of `Arguments.all`.

    Args:
        call: What was run.
        arguments: Its tensors.
        output: Its outputs.
        saved: What it saved.
        output_gradient: Of the outputs; None where no loss reads them.
        final_gradients: Of the final states.
    """
    num_steps, batch_size = arguments.input.shape[:2]
    launcher = kernel(call.recorded, call.wanted, REALS[arguments.input.dtype], call.cpu)
    finals = [
        gradient_like(gradient, state)
        for gradient, state in zip(final_gradients, arguments.states, strict=True)
    ]
    gradients = Gradients.allocate(call, arguments, launcher.kernel)
    tensors = list_backward(
        *(call, lay_out(arguments), saved, output),
        *(gradient_like(output_gradient, output), finals, gradients),
    )
    launcher.run(tensors, num_steps, batch_size, is_reverse=call.is_reverse, is_backward=True)
    weights = gradients.of_parameters(call, arguments, launcher.kernel)
    return [gradients.input, *gradients.states, *gradients.fresh, *gradients.steps, *weights]
