"""A cell run over sequences by the fastest backend that takes it."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from elman.backends.eager import Resets, StepInputs, run_loop
from elman.backends.llvm.target import target
from elman.cells import Cell
from elman.cells.state import State, map_state, state_tensors
from elman.compiler.call import REALS, Arguments, Call
from elman.compiler.function import Recurrence
from elman.compiler.kernels import kernel
from elman.compiler.options import chosen_cpu, chosen_memory
from elman.compiler.recordings import Recorded, recorded
from elman.compiler.repeated import remember
from elman.compiler.running import run_forward
from elman.compiler.tensors import side_by_side
from elman.compiler.transforms import transform_is_active
from elman.errors import EagerWarning, GraphError, TraceError
from elman.trace.bindings import named_slots

Find = Callable[[str], Tensor]


class Batch(NamedTuple):
    """The sequences of one call, checked.

    Attributes:
        input: (T, N, I).
        state: Before the first step that runs.
        lengths: (N,) integers on the CPU; None where all sequences have T steps.
        resets: Where states start anew; None for nowhere.
        step_inputs: What the cell drew; None where it draws nothing.
        reverse: Whether each sequence runs from its own last step.
    """

    input: Tensor
    state: State
    lengths: Tensor | None = None
    resets: Resets | None = None
    step_inputs: StepInputs | None = None
    reverse: bool = False


def run(cell: Cell, batch: Batch, backend: str = "auto", find: Find | None = None) -> tuple[Tensor, Any]:
    """Run a cell over sequences; return the outputs and the final states.

    Args:
        cell: What one time step computes.
        batch: The sequences.
        backend: "auto", "llvm" or "eager".
        find: Returns the tensor of a parameter's name, in the place of the cell's own.

    Raises:
        TraceError: `backend` is "llvm" and the cell cannot be recorded.
        GraphError: `backend` is "llvm" and no kernel takes the cell, or this call; or the memory for the
            gradient is bounded, and the call runs eagerly.
        OptionError: That memory is too small.
    """
    if torch.compiler.is_compiling() and backend != "eager":
        return _run_traced(cell, batch, backend, find)
    if backend != "eager":
        reason = why_not(batch.input)
        if reason is None:
            try:
                return _run_compiled(cell, batch, find)
            except (TraceError, GraphError) as error:
                if backend == "llvm":
                    raise
                # A mistake in the cell shows here, and needs no warning.
                result = _run_eager(cell, batch, find, str(error))
                warn_once(cell, str(error))
                return result
        elif backend == "llvm":
            raise GraphError(f'backend="llvm" cannot run this call: {reason}.')
        return _run_eager(cell, batch, find, reason)
    return _run_eager(cell, batch, find, 'backend="eager" asks for the plain loop')


def why_not(input: Tensor) -> str | None:
    """Say why a call with an input (T, N, I) is none for kernels; None if it is one."""
    if input.device.type != "cpu":
        return f"there are no kernels for {input.device.type}"
    if input.dtype not in REALS and not torch.is_autocast_enabled("cpu"):
        return f"there are no kernels for {input.dtype}"
    if not input.shape[1]:
        return "the batch is empty"
    if type(input) not in (Tensor, nn.Parameter):
        return f"the input is a {type(input).__name__}"
    return _why_not_here()


def _why_not_here() -> str | None:
    if not target(chosen_cpu()).is_supported:
        return "the processor has no fused multiply-add of vectors"
    if transform_is_active():
        return "a function transform such as vmap is at work, or derivatives are computed forward"
    return None


_why_not_here._dynamo_marked_constant = True  # pyright: ignore[reportFunctionMemberAccess] - run, not read


def _run_compiled(cell: Cell, batch: Batch, find: Find | None) -> tuple[Tensor, Any]:
    known = recorded(cell)
    arguments = _arguments(cell, known, batch, find)
    return _as_results(_run_call(cell, known, batch, arguments), batch)


def _run_traced(cell: Cell, batch: Batch, backend: str, find: Find | None) -> tuple[Tensor, Any]:
    """Do as `run` does, in words that torch.compile can read."""
    from elman.compiler.traced import find_options, find_recording, run_operator, warn_while_tracing

    reason = why_not(batch.input)
    if reason is None:
        known, reason = find_recording(cell)
        if known is not None:
            arguments = _arguments(cell, known, batch, find)
            options, reason = find_options(known, _wanted(known, arguments), batch.reverse, arguments)
            if options is not None:
                resets = None if batch.resets is None else batch.resets.steps
                return _as_results(run_operator(options, arguments, batch.lengths, resets), batch)
        if backend == "auto":
            warn_while_tracing(cell, reason)
    if backend == "llvm":
        raise GraphError(f'backend="llvm" cannot run this call: {reason}.')
    return _run_eager(cell, batch, find, reason)


def _arguments(cell: Cell, known: Recorded, batch: Batch, find: Find | None) -> Arguments:
    dtype = _dtype(cell, known, batch.input)
    parameters = known.parameters(cell, find)
    return Arguments(
        batch.input if batch.input.dtype == dtype else batch.input.to(dtype),
        [_flat(part, dtype) for part in state_tensors(batch.state)],
        [_flat(part, dtype) for part in state_tensors(batch.resets.fresh_state)] if batch.resets else [],
        _lay_out_steps(known, batch, dtype),
        [p if p.dtype == dtype else _as_number(p, dtype) for p in parameters],
    )


def _as_results(tensors: Sequence[Tensor], batch: Batch) -> tuple[Tensor, Any]:
    output, *finals = tensors
    left = iter(finals)
    return output, map_state(lambda part: _shaped_like(next(left), part), batch.state)


def _shaped_like(final: Tensor, state: Tensor) -> Tensor:
    return final if final.shape == state.shape else final.view(state.shape)  # a view costs autograd a node


def _dtype(cell: Cell, known: Recorded, input: Tensor) -> torch.dtype:
    """Return what is computed in: the cell's own dtype; the input's if the cell has no numbers of its own."""
    dtype = known.recording.dtype
    if input.dtype != dtype and not any(t.is_floating_point() for t in named_slots(cell).values()):
        dtype = _dtype_of_input(known, input)
    if dtype not in REALS:  # under autocast
        raise GraphError(f"there are no kernels for {dtype}.")
    return dtype


def _dtype_of_input(known: Recorded, input: Tensor) -> torch.dtype:
    dtype = known.recording.dtype
    if known.names["parameter"]:
        raise GraphError(
            f"a cell without parameters makes tensors of {dtype}, and its input is {input.dtype}."
        )
    return input.dtype


def _run_call(cell: Cell, known: Recorded, batch: Batch, arguments: Arguments) -> tuple[Tensor, ...]:
    order = lengths = None
    if batch.lengths is not None and not bool((batch.lengths == len(batch.input)).all()):
        lengths, order = batch.lengths.sort(descending=True, stable=True)
    steps = None if batch.resets is None else batch.resets.steps
    tensors = arguments.all
    names = _wanted(known, arguments)
    wanted = None if names is None else frozenset(names)
    call = Call(known, wanted, batch.reverse, order, lengths, steps, chosen_cpu(), chosen_memory())
    if wanted is None:
        output, finals, _ = run_forward(call, arguments)
        remember(cell, known, call, arguments, batch.state)
        return output, *finals
    # A refusal comes before autograd is involved.
    kernel(known, wanted, REALS[arguments.input.dtype], call.cpu)
    return Recurrence.apply(call, *tensors)  # pyright: ignore[reportReturnType]


def _wanted(known: Recorded, arguments: Arguments) -> tuple[str, ...] | None:
    """Return the names of the arguments, but for states, that want a gradient; None without any gradient."""
    if not (torch.is_grad_enabled() and any(tensor.requires_grad for tensor in arguments.all)):
        return None
    names = ("input", *known.names["step_input"], *known.names["parameter"])
    tensors = (arguments.input, *arguments.steps, *arguments.parameters)
    return tuple([name for name, tensor in zip(names, tensors, strict=True) if tensor.requires_grad])


def _flat(state: Tensor, dtype: torch.dtype) -> Tensor:
    state = state if state.dtype == dtype else state.to(dtype)
    return state if state.dim() == 2 else state.reshape(len(state), -1)


def _as_number(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    if tensor.is_complex() or (tensor.is_floating_point() and not torch.is_autocast_enabled("cpu")):
        raise GraphError(f"a parameter has the dtype {tensor.dtype} beside others of {dtype}.")
    return tensor.to(dtype)


def _lay_out_steps(known: Recorded, batch: Batch, dtype: torch.dtype) -> list[Tensor]:
    """Return step inputs as (T, N, F), without a copy where they repeat themselves."""
    num_steps, batch_size = batch.input.shape[:2]
    laid_out = []
    for name in known.names["step_input"]:
        drawn = batch.step_inputs
        assert drawn is not None
        if name in drawn.moving:
            tensor = drawn.moving[name]
            tensor = tensor[:, None, None] if tensor.dim() == 1 else tensor
        else:
            tensor = drawn.fixed[name][None]
        tensor = tensor[..., None] if tensor.dim() == 2 else tensor.flatten(2)
        tensor = tensor.to(dtype)
        if not torch.compiler.is_compiling():  # the operator looks at its memory
            tensor = side_by_side(tensor)
        laid_out.append(tensor.expand(num_steps, batch_size, -1))
    return laid_out


def _run_eager(cell: Cell, batch: Batch, find: Find | None, reason: str) -> tuple[Tensor, Any]:
    if torch.is_grad_enabled() and chosen_memory() is not None:
        raise GraphError(
            f"`memory` bounds what machine code keeps for a gradient, and this call is a plain loop: {reason}"
        )
    return run_loop(
        cell if find is None else _with_weights(cell, find),
        batch.input,
        batch.state,
        lengths=batch.lengths,
        resets=batch.resets,
        reverse=batch.reverse,
        step_inputs=batch.step_inputs,
    )


def _with_weights(cell: Cell, find: Find) -> Callable[..., Any]:
    weights = {name: find(name) for name, _ in cell.named_parameters()}

    def step(*arguments: Any, **more: Any) -> Any:
        return torch.func.functional_call(cell, weights, arguments, more)

    return step


_warned: set[tuple[type, str]] = set()


def warn_once(cell: Cell, reason: str) -> None:
    """Say that a cell runs slowly, and why; once for each kind of cell and reason."""
    key = type(cell), reason
    if key not in _warned:
        _warned.add(key)
        text = f"{type(cell).__name__} runs as a plain loop, step by step: {reason}"
        warnings.warn(text, EagerWarning, stacklevel=2)
