"""What a benchmark measures, and for how long."""

from dataclasses import dataclass, replace

from elman.benchmark.shapes import FOR_CELLS, FOR_LENGTHS, FOR_MEMORY, STANDING, Shape
from elman.benchmark.work import MODES
from elman.cells.options import check_choice
from elman.errors import OptionError

KIND_NAMES = ("rnn-tanh", "rnn-relu", "gru", "lstm")
SECTIONS = ("layers", "cells", "lengths", "first-call", "peak", "memory", "step")
PEERS = ("jax", "torch.compile")


@dataclass(frozen=True)
class BenchmarkSettings:
    """What to measure.

    Args:
        sections: Which parts.
        kinds: Which layers.
        modes: "train" is forward and backward, "train-input" the same with a gradient of the input, "forward"
            is without any gradient.
        shapes: Of the layers.
        cell_shapes: Of the cells.
        length_shapes: Of the ragged batches.
        memory_shapes: Of the training steps whose memory is measured.
        num_first_calls: Number of cells whose first call is timed, each in a fresh process.
        peers: Which others are timed besides torch.nn, where they are installed.
        seconds: For one measurement, once both sides are warm.
        repeats: Rounds of one measurement, at least, however long they take.
        threads: Of torch; as many as torch chooses without it.

    Raises:
        OptionError: A name is unknown, or a number too small.
    """

    sections: tuple[str, ...] = SECTIONS
    kinds: tuple[str, ...] = KIND_NAMES
    modes: tuple[str, ...] = MODES
    shapes: tuple[Shape, ...] = STANDING
    cell_shapes: tuple[Shape, ...] = FOR_CELLS
    length_shapes: tuple[Shape, ...] = FOR_LENGTHS
    memory_shapes: tuple[Shape, ...] = FOR_MEMORY
    num_first_calls: int = 3
    peers: tuple[str, ...] = ("jax",)
    seconds: float = 1.5
    repeats: int = 5
    threads: int | None = None

    def __post_init__(self) -> None:
        """Refuse names that are unknown and numbers that are too small."""
        legal = {"section": SECTIONS, "kind": KIND_NAMES, "mode": MODES, "peer": PEERS}
        for name, choices in legal.items():
            for value in getattr(self, f"{name}s"):
                check_choice(name, value, choices)
        for name in ("repeats", "threads"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise OptionError(f"`{name}` must be 1 or more, but it is {value}.")
        if not self.seconds >= 0:
            raise OptionError(f"`seconds` must not be negative, but it is {self.seconds}.")


def quick_settings(settings: BenchmarkSettings) -> BenchmarkSettings:
    """Return settings for about a minute: fewer and smaller shapes, fewer rounds.

    Args:
        settings: What else is asked for; shapes that are not the standing ones are kept.
    """
    small = tuple(shape for shape in STANDING if shape.hidden_size <= 128 and shape.num_steps <= 100)
    return replace(
        settings,
        shapes=small if settings.shapes == STANDING else settings.shapes,
        cell_shapes=FOR_CELLS[:1],
        length_shapes=FOR_LENGTHS[:1],
        memory_shapes=FOR_MEMORY[:1],
        num_first_calls=1,
        seconds=min(settings.seconds, 0.2),
        repeats=min(settings.repeats, 3),
    )
