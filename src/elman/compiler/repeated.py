"""Calls like the one before, without a gradient: a stream that is fed step by step spends its time here.

What the first such call found out is kept. A later one checks that nothing differs, and runs.
"""

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from elman.backends.llvm.launch import Ready
from elman.backends.llvm.threads import num_threads
from elman.cells import Cell
from elman.compiler.call import Arguments, Call
from elman.compiler.options import chosen_cpu
from elman.compiler.recordings import Recorded
from elman.compiler.running import ready_forward
from elman.compiler.transforms import transform_is_active

PLAIN = frozenset({Tensor, nn.Parameter})
MAX_ROWS = 64  # time steps of all sequences; beyond them, what is spared does not count


class Layout:
    """What a tensor must be like, to be read as another was.

    Args:
        tensor: The other.
    """

    def __init__(self, tensor: Tensor) -> None:
        self.shape, self.stride, self.dtype = tensor.shape, tensor.stride(), tensor.dtype

    def fits(self, tensor: Any) -> bool:
        """Whether a value is a plain tensor of this layout, with numbers in memory."""
        return (
            type(tensor) in PLAIN
            and tensor.layout is torch.strided
            and tensor.shape == self.shape
            and tensor.dtype is self.dtype
            and tensor.is_cpu
            and tensor.stride() == self.stride
            and tensor.data_ptr() != 0
            and not tensor.is_neg()
        )


class Repeated:
    """A call that can be made again.

    Args:
        known: The cell's recording; it depends on parameters as they stand, not on functions of them.
        ready: The kernel, ready for this shape.
        input: The input of the call, (T, N, I).
        states: Its initial states, (N, F) each.
        parameters: The cell's parameters.
        reverse: Whether it ran in reverse.
    """

    def __init__(
        self,
        known: Recorded,
        ready: Ready,
        input: Tensor,
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        reverse: bool,
    ) -> None:
        self.known, self.ready, self.reverse = known, ready, reverse
        self.watch = known.watch  # of these very parameters; another watch is of others
        self.input, self.states = Layout(input), [Layout(state) for state in states]
        self.parameters = [(parameter, Layout(parameter)) for parameter in parameters]
        self.num_threads, self.cpu = num_threads(), chosen_cpu()
        width = known.graph.type_of(known.graph.output).shape[0]
        self.output_shape = (*input.shape[:2], width)
        names = ready.frame.names
        places = [names.index("input"), names.index("output")]
        for k in range(len(states)):
            places += [names.index(f"initial.{k}"), names.index(f"final.{k}")]
        places += [names.index(f"parameter.{name}") for name in known.names["parameter"]]
        self.places = places

    def is_like(self, input: Tensor, state: Any, reverse: bool) -> bool:
        """Whether a call differs from this one in numbers alone, as far as input and state go."""
        states = state if isinstance(state, tuple) else (state,)
        if reverse != self.reverse or len(states) != len(self.states) or not self.input.fits(input):
            return False
        for layout, part in zip(self.states, states, strict=True):
            if not layout.fits(part):
                return False
        return num_threads() == self.num_threads and chosen_cpu() == self.cpu

    def stands_for(
        self, known: Recorded, input: Tensor, state: Any, reverse: bool, parameters: Sequence[Tensor]
    ) -> bool:
        """Whether a call is this one, so that nothing new is to be kept of it."""
        return (
            self.known is known
            and self.watch is not None
            and self.watch is known.watch
            and self.is_like(input, state, reverse)
            and all(
                own is parameter and layout.fits(parameter)
                for parameter, (own, layout) in zip(parameters, self.parameters, strict=True)
            )
        )

    def own_parameters(self) -> Sequence[Tensor] | None:
        """Return the cell's parameters; None if the cell may have changed."""
        watch = self.known.watch
        if watch is None or watch is not self.watch or not watch.sees_no_change():
            return None
        return [parameter for parameter, _ in self.parameters]

    def run(self, input: Tensor, state: Any, parameters: Sequence[Tensor]) -> tuple[Tensor, Any] | None:
        """Run it; None if a parameter lies in memory in another way than before."""
        states = state if isinstance(state, tuple) else (state,)
        output = torch.empty(self.output_shape, dtype=self.input.dtype)
        addresses = [input.data_ptr(), output.data_ptr()]
        finals = []
        for part in states:
            final = torch.empty(part.shape, dtype=part.dtype)
            finals.append(final)
            addresses += (part.data_ptr(), final.data_ptr())
        for parameter, (_, layout) in zip(parameters, self.parameters, strict=True):
            if not layout.fits(parameter):
                return None
            addresses.append(parameter.data_ptr())
        self.ready.run(zip(self.places, addresses, strict=True))
        return output, tuple(finals) if isinstance(state, tuple) else finals[0]


_repeated: WeakKeyDictionary[Cell, Repeated] = WeakKeyDictionary()


def run_again(
    cell: Cell,
    input: Tensor,
    state: Any,
    reverse: bool,
    backend: str,
    find: Callable[[str], Tensor] | None = None,
) -> tuple[Tensor, Any] | None:
    """Run a call like the one before; None if there was none, or if it was different.

    Args:
        cell: The cell.
        input: The input, (T, N, I), unchecked.
        state: The state before the first step, unchecked.
        reverse: Whether each sequence runs from its end.
        backend: "auto", "llvm" or "eager".
        find: Returns the tensor of a parameter's name, in the place of the cell's own.
    """
    known = _repeated.get(cell)
    if known is None or backend == "eager" or torch.is_grad_enabled() or torch.compiler.is_compiling():
        return None
    if transform_is_active():
        return None
    if torch.is_autocast_enabled("cpu") or not known.is_like(input, state, reverse):
        return None
    parameters = known.own_parameters() if find is None else known.known.parameters(cell, find)
    return None if parameters is None else known.run(input, state, parameters)


def remember(cell: Cell, known: Recorded, call: Call, arguments: Arguments, state: Any) -> None:
    """Keep a small call without gradient, lengths, resets and step inputs, so that the next one is quick.

    Args:
        cell: The cell.
        known: Its recording.
        call: What was run.
        arguments: Its tensors.
        state: The initial state as the caller gave it.
    """
    parts = state if isinstance(state, tuple) else (state,)
    input, parameters = arguments.input, arguments.parameters
    if not (
        input.shape[0] * input.shape[1] <= MAX_ROWS
        and call.lengths is None
        and call.resets is None
        and not arguments.steps
        and not known.recording.bindings.calls
        and all(isinstance(part, Tensor) and part.dim() == 2 for part in parts)
        and all(parameter.is_contiguous() for parameter in parameters)
    ):
        return
    before = _repeated.get(cell)
    if before is not None and before.stands_for(known, input, state, call.is_reverse, parameters):
        return
    ready = ready_forward(call, arguments)
    _repeated[cell] = Repeated(known, ready, input, arguments.states, parameters, call.is_reverse)
