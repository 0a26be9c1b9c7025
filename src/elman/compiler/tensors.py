"""The tensors of a call, made and laid out as kernels take them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from elman.backends.llvm.kernel import Kernel
from elman.backends.llvm.pages import empty
from elman.compiler.call import Arguments, Call
from elman.errors import DeviceError


@dataclass(frozen=True)
class Gradients:
    """The gradients of a call's arguments, as its kernel leaves them.

    Args:
        input: (T, N, I); None if it is not wanted.
        states: Of the initial states, (N, F) each.
        fresh: Of what a reset puts in place, (N, F) each; none without resets.
        steps: Of the step inputs, (T, N, F) each; None where there is none.
        pieces: Of all parameters that the kernel differentiates by, side by side, (P, W). It sums over each
            of P pieces of the batch, and leaves the whole sum at the first.
    """

    input: Tensor | None
    states: list[Tensor]
    fresh: list[Tensor]
    steps: list[Tensor | None]
    pieces: Tensor

    @classmethod
    def allocate(cls, call: Call, arguments: Arguments, compiled: Kernel) -> "Gradients":
        """Make room for them; those that are added to begin with zero.

        Args:
            call: What was run.
            arguments: Its tensors.
            compiled: What runs it.
        """
        input, batch_size = arguments.input, arguments.input.shape[1]
        make = torch.zeros if call.lengths is not None else empty
        is_wanted = call.wanted is not None and "input" in call.wanted
        return cls(
            make(input.shape, dtype=input.dtype) if is_wanted else None,
            [torch.empty(state.shape, dtype=state.dtype) for state in arguments.states],
            [torch.zeros(fresh.shape, dtype=fresh.dtype) for fresh in arguments.fresh],
            _make_steps(compiled, arguments.steps, make) if arguments.steps else [],
            torch.zeros((compiled.num_pieces(batch_size), compiled.num_weights), dtype=input.dtype),
        )

    def of_parameters(self, call: Call, arguments: Arguments, compiled: Kernel) -> list[Tensor | None]:
        """Return the gradient of each parameter, zeros where the kernel has none.

        Args:
            call: What was run.
            arguments: Its tensors.
            compiled: What ran it.
        """
        parts = iter(self.pieces[0].split_with_sizes(compiled.weight_sizes))
        names, found = call.recorded.names["parameter"], []
        for name, parameter in zip(names, arguments.parameters, strict=True):
            if name in compiled.weights:
                found.append(next(parts).view(parameter.shape))
            else:
                found.append(torch.zeros_like(parameter) if name in (call.wanted or ()) else None)
        return found


def _make_steps(
    compiled: Kernel, steps: Sequence[Tensor], make: Callable[..., Tensor]
) -> list[Tensor | None]:
    """Make room for the gradients of step inputs; two that are the same have the same room."""
    made: dict[str, Tensor] = {}
    for array, step in zip(compiled.step_gradients, steps, strict=True):
        if array and array not in made:
            made[array] = make(step.shape, dtype=step.dtype)
    return [made.get(array) for array in compiled.step_gradients]


def lay_out(arguments: Arguments) -> Arguments:
    """Return arguments as kernels read them, with the numbers of a sequence at a step side by side.

    Args:
        arguments: The tensors of a call.
    """
    return Arguments(
        side_by_side(arguments.input),
        [side_by_side(state) for state in arguments.states],
        [side_by_side(fresh) for fresh in arguments.fresh],
        [side_by_side(step) for step in arguments.steps],
        [side_by_side(one).contiguous() if one.dim() else one for one in arguments.parameters],
    )


def list_forward(
    call: Call, arguments: Arguments, saved: Tensor | None, output: Tensor, finals: Sequence[Tensor | None]
) -> list[Tensor | None]:
    """List the tensors of a way forward, in the order of `Kernel.given`.

    Args:
        call: What is run.
        arguments: Its tensors, laid out.
        saved: What it saves for the way back, if there is one.
        output: Its outputs.
        finals: Its final states.
    """
    fresh = arguments.fresh or [None] * len(arguments.states)
    return [
        *(saved, None, call.order, call.lengths, call.resets, None, None),
        *(arguments.input, *arguments.states, *fresh, *arguments.steps, *arguments.parameters),
        *(output, *finals),
    ]


def list_backward(
    call: Call,
    arguments: Arguments,
    saved: Tensor,
    output: Tensor,
    output_gradient: Tensor,
    final_gradients: Sequence[Tensor],
    gradients: Gradients,
) -> list[Tensor | None]:
    """List the tensors of a way back, in the order of `Kernel.given`.

    Args:
        call: What was run.
        arguments: Its tensors, laid out.
        saved: What it saved.
        output: Its outputs.
        output_gradient: Of the outputs.
        final_gradients: Of the final states.
        gradients: Where to put the gradients.
    """
    nowhere = [None] * len(arguments.states)
    return [
        *list_forward(call, arguments, saved, output, nowhere),
        *(output_gradient, *final_gradients),
        *(gradients.input, *gradients.states, *(gradients.fresh or nowhere)),
        *(*gradients.steps, gradients.pieces),
    ]


def allocate_results(call: Call, arguments: Arguments) -> tuple[Tensor, list[Tensor]]:
    """Make room for the outputs and the final states.

    Args:
        call: What is run.
        arguments: Its tensors.
    """
    make = torch.zeros if call.lengths is not None else empty  # no step writes behind an end
    graph, input = call.recorded.graph, arguments.input
    output = make((*input.shape[:2], graph.type_of(graph.output).shape[0]), dtype=input.dtype)
    return output, [torch.empty(state.shape, dtype=state.dtype) for state in arguments.states]


def gradient_like(gradient: Tensor | None, like: Tensor) -> Tensor:
    """Return a gradient as a kernel reads it: zeros where there is none.

    Args:
        gradient: The gradient, if any.
        like: What it is the gradient of.
    """
    if gradient is None:
        return like.new_zeros(like.shape[-1]).expand(like.shape)
    return side_by_side(gradient)


def side_by_side(tensor: Tensor) -> Tensor:
    """Return a tensor whose last axis lies side by side in memory, itself if it does."""
    if tensor.is_contiguous() and tensor.data_ptr() and not tensor.is_neg():
        return tensor
    if tensor._is_zerotensor() or tensor.is_neg():  # whose numbers stand nowhere, or with the other sign
        return torch.zeros_like(tensor, memory_format=torch.contiguous_format).add_(tensor)
    if not tensor.data_ptr() and tensor.numel():
        raise DeviceError(f"a tensor of shape {tuple(tensor.shape)} has no memory: its storage was freed.")
    return tensor if tensor.stride(-1) == 1 or tensor.shape[-1] == 1 else tensor.contiguous()
