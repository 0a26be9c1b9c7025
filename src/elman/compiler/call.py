"""One call of a compiled recurrence: its tensors, as kernels take them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from elman.backends.llvm.kernel import Kernel
from elman.backends.llvm.launch import Ready
from elman.backends.llvm.memory import Source
from elman.backends.llvm.pages import empty
from elman.compiler.kernels import kernel
from elman.compiler.recordings import Step
from elman.errors import DeviceError
from elman.ir import SequencePlan

REALS = {torch.float32: "float32", torch.float64: "float64"}


@dataclass(frozen=True)
class Call:
    """What a call is besides its tensors.

    Args:
        recorded: One step.
        wanted: Names of the arguments whose gradients are wanted; None for a forward pass alone.
        is_reverse: Whether each sequence runs from its end.
        order: The sequences, the longest first, (N,); None where all have T steps.
        lengths: Their lengths, in that order.
        resets: Where states start anew, (T, N); None for nowhere.
        cpu: LLVM's name of the processor; None for the one at hand.
        memory: Bytes that the call may keep and work in; None for as many as are needed.
    """

    recorded: Step
    wanted: frozenset[str] | None
    is_reverse: bool
    order: Tensor | None
    lengths: Tensor | None
    resets: Tensor | None
    cpu: str | None
    memory: int | None = None


@dataclass(frozen=True)
class Arguments:
    """The tensors of a call that gradients may be wanted of.

    Args:
        input: (T, N, I).
        states: Before the first step, (N, F) each.
        fresh: What a reset puts in place, (N, F) each; none without resets.
        steps: Step inputs, (T, N, F) each.
        parameters: The parameter arguments.
    """

    input: Tensor
    states: Sequence[Tensor]
    fresh: Sequence[Tensor]
    steps: Sequence[Tensor]
    parameters: Sequence[Tensor]

    @property
    def all(self) -> tuple[Tensor, ...]:
        """All of them, in order."""
        return (self.input, *self.states, *self.fresh, *self.steps, *self.parameters)

    @classmethod
    def split(cls, call: Call, tensors: Sequence[Tensor]) -> "Arguments":
        """Undo `all`."""
        names = call.recorded.names
        num_states = len(names["state"])
        counts = (num_states, num_states if call.resets is not None else 0, len(names["step_input"]))
        input, *rest = tensors
        parts = []
        for count in counts:
            parts.append(rest[:count])
            rest = rest[count:]
        states, fresh, steps = parts
        return cls(input, states, fresh, steps, rest)


def run_forward(call: Call, arguments: Arguments) -> tuple[Tensor, list[Tensor], Tensor | None]:
    """Run all steps; return the outputs, the final states, and what is saved for the way back.

    Args:
        call: What is run.
        arguments: Its tensors.
    """
    input = arguments.input
    num_steps, batch_size = input.shape[:2]
    launcher = kernel(call.recorded, call.wanted, REALS[input.dtype], call.cpu)
    tensors = name_tensors(call, arguments)
    output, finals = allocate_results(call, arguments)
    tensors["output"] = output
    for place, final in enumerate(finals):
        tensors[f"final.{place}"] = final
    saved = None
    if call.wanted is not None:
        saved = empty((launcher.saved_size(num_steps, batch_size),), input.dtype)
        tensors["saved"] = saved
    launcher.run(tensors, num_steps, batch_size, is_reverse=call.is_reverse, is_backward=False)
    return output, finals, saved


def ready_forward(call: Call, arguments: Arguments) -> Ready:
    """Return the kernel, ready for another call of this shape without a gradient.

    Args:
        call: What is run.
        arguments: Its tensors.
    """
    num_steps, batch_size = arguments.input.shape[:2]
    width = call.recorded.graph.type_of(call.recorded.graph.output).shape[0]
    tensors = name_tensors(call, arguments)
    tensors["output"] = arguments.input.new_empty(num_steps, batch_size, width)
    tensors |= {f"final.{place}": torch.empty_like(state) for place, state in enumerate(arguments.states)}
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
    input = arguments.input
    num_steps, batch_size = input.shape[:2]
    launcher = kernel(call.recorded, call.wanted, REALS[input.dtype], call.cpu)
    tensors = name_tensors(call, arguments) | {"output": output, "saved": saved}
    tensors["gradient.output"] = gradient_like(output_gradient, output)
    for place, (gradient, state) in enumerate(zip(final_gradients, arguments.states, strict=True)):
        tensors[f"gradient.final.{place}"] = gradient_like(gradient, state)
    gradients = allocate_gradients(call, arguments, launcher.kernel)
    tensors |= {name: tensor for name, tensor in gradients.items() if tensor is not None}
    launcher.run(tensors, num_steps, batch_size, is_reverse=call.is_reverse, is_backward=True)
    return [*gradients.values()]


def name_tensors(call: Call, arguments: Arguments) -> dict[str, Tensor]:
    """Name the tensors that both directions read, as a kernel knows them.

    Args:
        call: What is run.
        arguments: Its tensors.
    """
    arrays = call.recorded.arrays
    groups = [("input", [arguments.input]), ("state", arguments.states), ("step_input", arguments.steps)]
    if arguments.fresh:
        groups.append(("fresh", arguments.fresh))
    tensors = {
        name: side_by_side(tensor)
        for kind, group in groups
        for name, tensor in zip(arrays[kind], group, strict=True)
    }
    for name, parameter in zip(arrays["parameter"], arguments.parameters, strict=True):
        tensors[name] = side_by_side(parameter).contiguous() if parameter.dim() else parameter
    own = {"order": call.order, "lengths": call.lengths, "resets": call.resets}
    return tensors | {name: tensor for name, tensor in own.items() if tensor is not None}


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


def allocate_gradients(call: Call, arguments: Arguments, compiled: Kernel) -> dict[str, Tensor | None]:
    """Make room for the gradients, in the order of `Arguments.all`; those that are added to begin with zero.

    Args:
        call: What was run.
        arguments: Its tensors.
        compiled: What runs it.
    """
    wanted, names = call.wanted or frozenset(), call.recorded.names
    make = torch.zeros if call.lengths is not None else empty
    dtype = arguments.input.dtype
    gradients: dict[str, Tensor | None] = {
        "gradient.input": make(arguments.input.shape, dtype=dtype) if "input" in wanted else None
    }
    for place, state in enumerate(arguments.states):
        gradients[f"gradient.initial.{place}"] = torch.empty(state.shape, dtype=dtype)
    for place, fresh in enumerate(arguments.fresh):
        gradients[f"gradient.fresh.{place}"] = torch.zeros(fresh.shape, dtype=dtype)
    arrays = _step_gradient_arrays(compiled.plan, compiled.memory.values)
    for name, step in zip(names["step_input"], arguments.steps, strict=True):
        array = arrays.get(name)
        gradients[array or f"no gradient of {name}"] = make(step.shape, dtype=dtype) if array else None
    for name, parameter in zip(names["parameter"], arguments.parameters, strict=True):
        zeros = torch.zeros(parameter.shape, dtype=dtype) if name in wanted else None
        gradients[f"gradient.parameter.{name}"] = zeros
    return gradients


def _step_gradient_arrays(plan: SequencePlan, values: Mapping[str, Source]) -> dict[str, str]:
    arguments, gradient = plan.graph.arguments, plan.gradient
    assert gradient is not None
    return {
        arguments[part.argument].name: values[gradient.observed[part.gradient]].array
        for part in gradient.sums
        if arguments[part.argument].kind == "step_input"
    }


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
