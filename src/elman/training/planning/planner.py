"""What training will take, in memory and in time, for each way to get the gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from elman.cells.options import check_choice, check_size
from elman.errors import GraphError, OptionError, TraceError
from elman.training.planning.memory import CallCounter, Memory
from elman.training.planning.sensitivity import rtrl_need
from elman.training.planning.shapes import make_input
from elman.training.planning.timing import seconds_of_pass
from elman.training.through_time.bptt import BPTT
from elman.training.through_time.calls import check_layer
from elman.training.through_time.per_step import PerStep
from elman.training.through_time.rtrl import RTRL
from elman.training.through_time.schedule import Schedule
from elman.training.through_time.sizes import parse_bytes
from elman.training.through_time.tbptt import TBPTT

SEGMENT = 100  # time steps of the truncation that is shown where nobody chose one
# Beyond this, RTRL is not even tried out for a moment.
MOST_TO_TRY = 1_000_000_000

OPTIMIZERS: dict[str, tuple[Callable[..., torch.optim.Optimizer], int]] = {
    "adam": (torch.optim.Adam, 2),
    "adamw": (torch.optim.AdamW, 2),
    "rmsprop": (torch.optim.RMSprop, 1),
    "adagrad": (torch.optim.Adagrad, 1),
    "sgd": (torch.optim.SGD, 0),
}


@dataclass(frozen=True)
class PlannedMethod:
    """What one way to get the gradient will take.

    Args:
        method: The schedule.
        memory: At the height of a training step; None where it is refused.
        seconds: Of a pass through a batch, updates included; None where it was not timed.
        refusal: Why it cannot be used; None where it can.
        fits: Whether it is within the memory that was given.
    """

    method: Schedule
    memory: Memory | None
    seconds: float | None
    refusal: str | None
    fits: bool


class Planner:
    """Counts what training a layer takes, by schedule and length.

    Args:
        layer: Any layer over sequences.
        batch_size: Number of sequences, N.
        optimizer: One of "adam", "adamw", "rmsprop", "adagrad" and "sgd".

    Raises:
        OptionError: An option is not a legal one, or the layer is none over sequences.
    """

    def __init__(self, layer: nn.Module, batch_size: int, optimizer: str = "adam") -> None:
        check_layer(layer, is_cut=False)
        check_size("batch_size", batch_size)
        check_choice("optimizer", optimizer, OPTIMIZERS)
        if not any(one.requires_grad for one in layer.parameters()):
            raise OptionError(
                f"{type(layer).__name__} has no parameter that is trained, so there is no training to plan.\n"
                "    Give the network that it is a part of."
            )
        self.layer, self.batch_size = layer, batch_size
        self.optimizer, self.num_moments = OPTIMIZERS[optimizer]
        self.calls = CallCounter(layer, batch_size)

    def memory(self, method: Schedule, num_steps: int) -> Memory:
        """Return what a training step has in use at its height.

        Args:
            method: The schedule.
            num_steps: T.

        Raises:
            OptionError: The method is none for this layer, or its budget is too small.
            TraceError: RTRL needs a recorded cell, and this one cannot be.
        """
        check_layer(self.layer, is_cut=method.length is not None)
        reach = min(method.window or method.length or num_steps, num_steps)
        need = self.calls.need(reach, method.memory if isinstance(method, BPTT) else None)
        carried = rtrl_need(self.layer, self.batch_size, reach) if isinstance(method, RTRL) else None
        example = make_input(self.layer, 1, 0)
        step = self.batch_size * example.shape[-1] * example.element_size()
        trained = sum(p.nbytes for p in self.layer.parameters() if p.requires_grad)
        return Memory(
            parameters=sum(p.nbytes for p in self.layer.parameters()),
            gradients=trained,
            optimizer=self.num_moments * trained,
            buffers=need.tensors + need.gradients + step * (num_steps - reach),
            kept=need.kept + (carried.kept if carried else 0),
            work=max(need.work, carried.work if carried else 0),
        )

    def budgeted(self, num_steps: int, memory: int) -> BPTT:
        """Return BPTT with the budget that keeps a whole training step within memory.

        Args:
            num_steps: T.
            memory: Bytes of all.

        Raises:
            OptionError: There is no such budget.
        """
        plain = self.memory(BPTT(), num_steps)
        rest, least = memory - (plain.total - plain.of_gradient), self.calls.least(num_steps)
        if not self.calls.recurrences:
            raise OptionError("a budget is a matter of machine code, and this layer runs as a plain loop.")
        if rest < least:
            whole = plain.total - plain.of_gradient + least
            raise OptionError(
                f"{num_steps} time steps of a batch of {self.batch_size} take {-(-whole // 1000)} kB or more "
                f"with any budget, but `memory` is {memory / 1000:g} kB."
            )
        return BPTT(rest)

    def fits(self, method: Schedule, num_steps: int, memory: int) -> bool:
        """Return whether a training step stays within so many bytes; a budget is chosen anew.

        Args:
            method: The schedule; of a BPTT with a budget that it has one.
            num_steps: T.
            memory: Bytes of all.
        """
        if isinstance(method, BPTT) and method.memory is not None:
            try:
                self.budgeted(num_steps, memory)
            except OptionError:
                return False
            return True
        return self.memory(method, num_steps).total <= memory

    def seconds(self, method: Schedule, num_steps: int) -> float:
        """Return how long a pass through a batch takes, from some that are shorter.

        Args:
            method: The schedule.
            num_steps: T.
        """
        memory = method.memory if isinstance(method, BPTT) else None
        room = self.calls.room(num_steps, memory)

        def schedule_at(length: int) -> Schedule:
            if memory is None or length == num_steps:
                return method
            return BPTT(max(self.calls.budget_for(length, room), self.calls.least(length)))

        first = 4 * room if room < num_steps else 2 * (method.window or method.length or 8)
        sizes = (self.layer, self.batch_size, num_steps)
        return seconds_of_pass(*sizes, schedule_at, first, self.optimizer)

    def look_at(self, method: Schedule, num_steps: int, memory: int | None, is_timed: bool) -> PlannedMethod:
        """Return all about one method.

        Args:
            method: The schedule.
            num_steps: T.
            memory: Bytes of all; None for any number.
            is_timed: Whether to run a few steps.
        """
        try:
            needed = self.memory(method, num_steps)
        except (OptionError, TraceError, GraphError) as error:
            return PlannedMethod(method, None, None, str(error), fits=False)
        is_too_much = isinstance(method, RTRL) and needed.total > MOST_TO_TRY
        seconds = self.seconds(method, num_steps) if is_timed and not is_too_much else None
        return PlannedMethod(method, needed, seconds, None, memory is None or needed.total <= memory)


def plan(
    layer: nn.Module,
    num_steps: int,
    batch_size: int,
    *,
    memory: int | str | None = None,
    methods: Sequence[Schedule] | None = None,
    optimizer: str = "adam",
    is_timed: bool = True,
) -> tuple[PlannedMethod, ...]:
    """Say what training will take before it begins: bytes at its height, and the seconds of a pass.

    Use it to choose between exact gradients, a budget and a truncation, and to see whether a network fits.
    Memory is counted: parameters, gradients, what the optimizer keeps, input and outputs with their
    gradients, what is kept for the way back and worked in. Targets and the loss come on top, and for plain
    loops, eager or torch's, what autograd works in on its way back. Time is foretold from passes of a
    fraction of a second; the layer itself stays as it is.

    Args:
        layer: Any layer over sequences.
        num_steps: Time steps of a sequence, T.
        batch_size: Number of sequences, N.
        memory: What there is, such as "2GB". With it, one of the rows is a BPTT whose budget makes all fit.
        methods: The schedules to compare; without it BPTT, TBPTT(100), PerStep and RTRL.
        optimizer: One of "adam", "adamw", "rmsprop", "adagrad" and "sgd".
        is_timed: Whether to run a few steps to foretell the time.

    Returns:
        One entry for each method.

    Raises:
        OptionError: An option is not a legal one, or the layer is none over sequences.

    Example:
        >>> from elman import LSTM
        >>> exact, cut = plan(LSTM(8, 32), 10_000, 4, methods=[BPTT(), TBPTT(100)], is_timed=False)
        >>> exact.memory.kept == 100 * cut.memory.kept
        True
    """
    check_size("num_steps", num_steps)
    planner = Planner(layer, batch_size, optimizer)
    given = None if memory is None else parse_bytes("memory", memory)
    chosen = [BPTT(), TBPTT(min(SEGMENT, num_steps)), PerStep(), RTRL()] if methods is None else [*methods]
    rows = [planner.look_at(method, num_steps, given, is_timed) for method in chosen]
    if given is not None and methods is None and not rows[0].fits:
        rows.insert(1, _budgeted_row(planner, num_steps, given, is_timed))
    return tuple(rows)


def _budgeted_row(planner: Planner, num_steps: int, memory: int, is_timed: bool) -> PlannedMethod:
    try:
        method = planner.budgeted(num_steps, memory)
    except OptionError as error:
        return PlannedMethod(BPTT(memory), None, None, str(error), fits=False)
    return planner.look_at(method, num_steps, memory, is_timed)
