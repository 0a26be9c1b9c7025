"""Every setting of an experiment, checked."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from elman.cells.options import brief, check_number, check_size
from elman.errors import OptionError
from elman.experiments.memoryless import MEMORYLESS
from elman.experiments.naming import check_networks, parse_schedule
from elman.experiments.problems import ALL_PROBLEMS, Problem, Recipe

_MAX_SEED = 2**32 - 1
CELLS = ("elman", "elman:activation=relu", "gru", "lstm")


@dataclass(frozen=True)
class ExperimentSettings:
    """What is run, and for how long.

    A setting of None is the problem's own. What is given twice is run once.

    Args:
        name: Of the problem.
        lengths: Of the problem, ascending.
        cells: As `elman cells` lists them, options behind a colon.
        through_time: Gradient methods, each for every cell.
        seeds: One trial each.
        memoryless: Whether the two networks without memory are run beside.
        window: Time steps that these see.
        hidden_size: Hidden units of every network, H.
        batch_size: Sequences of an update, N.
        learning_rate: Of Adam.
        clip_norm: The largest norm of a gradient.
        max_sequences: After so many a trial ends.
        max_updates: After so many steps of the optimizer a trial ends.
        max_seconds: After so much time of learning a trial ends; it then depends on the machine.
        evaluate_every: Sequences from one evaluation to the next.
        threads: For tensor operations.

    Raises:
        OptionError: A setting is not legal.
    """

    name: str
    lengths: tuple[int, ...] = ()
    cells: tuple[str, ...] = CELLS
    through_time: tuple[str, ...] = ("bptt",)
    seeds: tuple[int, ...] = (0, 1, 2)
    memoryless: bool = True
    window: int = 10
    hidden_size: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    clip_norm: float = 1.0
    max_sequences: int | None = None
    max_updates: int | None = None
    max_seconds: float | None = None
    evaluate_every: int | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be run, before anything is."""
        if self.name not in ALL_PROBLEMS:
            known = ", ".join(ALL_PROBLEMS)
            raise OptionError(
                f"There is no experiment called {self.name!r}.\n    The experiments are {known}."
            )
        for name in ("hidden_size", "batch_size", "max_sequences", "max_updates", "evaluate_every"):
            if getattr(self, name) is not None:
                check_size(name, getattr(self, name))
        for name in ("window", "threads"):
            check_size(name, getattr(self, name))
        for name in ("learning_rate", "clip_norm", "max_seconds"):
            value = getattr(self, name)
            if value is not None:
                check_number(name, value)
                if value <= 0:
                    raise OptionError(f"`{name}` must be positive, but it is {brief(value)}.")
        for name in ("seeds", "through_time"):
            if not getattr(self, name):
                raise OptionError(f"`{name}` must have one element at least, but it is empty.")
        if not self.cells and not self.memoryless:
            raise OptionError("`cells` must have one element at least where `memoryless` is False.")
        for name in ("lengths", "cells", "through_time", "seeds"):  # one seed twice is no second trial
            object.__setattr__(self, name, tuple(dict.fromkeys(getattr(self, name))))
        self.problems()
        for seed in self.seeds:
            if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= _MAX_SEED:
                raise OptionError(
                    f"`seed` must be a whole number in [0, {_MAX_SEED}], but it is {brief(seed)}."
                )
        check_networks(self.cells, self.problems()[0].input_size, self.recipe.hidden_size)
        list(map(parse_schedule, self.through_time))

    def problems(self) -> list[Problem]:
        """Return the problem at each of its lengths."""
        problem = ALL_PROBLEMS[self.name]
        return [problem(length) for length in self.lengths or problem.default_lengths]

    @property
    def recipe(self) -> Recipe:
        """How a network is trained: the problem's recipe, and what is said otherwise here."""
        given = {one.name: getattr(self, one.name) for one in fields(Recipe)}
        known = {name: value for name, value in given.items() if value is not None}
        return replace(ALL_PROBLEMS[self.name].recipe, **known)

    def networks(self) -> list[tuple[str, str]]:
        """Return every network with its gradient method, those without memory first.

        What has no state has nothing to cut: it learns from whole sequences, whatever the others do.
        """
        plain = [(name, "bptt") for name in MEMORYLESS] if self.memoryless else []
        return plain + [(cell, method) for cell in self.cells for method in self.through_time]
