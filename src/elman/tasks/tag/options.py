"""What can be chosen about a tagger, in one place; the command line shows the same names and defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from elman.cells.options import check_choice, check_flag, check_size
from elman.errors import OptionError
from elman.tasks.networks import cell_name, check_cell
from elman.tasks.tag.through_time import parse_schedule
from elman.tasks.through_time import parse_memory
from elman.training import Schedule, TrainingOptions, check_device
from elman.training.keywords import with_named_keywords


@with_named_keywords
@dataclass(frozen=True)
class TagOptions:
    """How a tagger is made; `docs/architecture.md` says what the defaults were tried on.

    Args:
        stream: read every sequence from its start only, so that a tag waits for nothing that comes later.
        characters: read the spelling of symbols, too, which tells something of one that training did not
            see. None: where a hundredth of the symbols of the validation part are new.
        class_weights: "none", or "balanced" to let rare labels weigh as much as frequent ones.
        validation: share of the sequences held out to tune, in (0, 1).
        test: share held out at the end to judge, in [0, 1).
        cell: a name of `elman.cells.ALL_CELLS`; your own, as FILE.py:CLASS or MODULE:CLASS; or a function of
            (input_size, hidden_size) that makes a cell.
        hidden_size: units of each layer and direction.
        num_layers: layers.
        dropout: share of features dropped in training, in [0, 1).
        batch_size: sequences a step.
        segment: steps; longer training sequences are cut into pieces of this length. Whole ones are tagged.
        training: steps, learning rate, clipping, seed.
        through_time: "bptt" for exact gradients and a move of the weights for each batch. With `stream`, also
            "tbptt:STEPS": a move after every so many steps of a batch, the state carried on, its gradient
            cut; "tbptt:STEPS:WINDOW", which sees WINDOW steps back from the newest; "per-step", for
            comparison. A step of `training` is a batch in each case.
        memory: bytes that the gradient of a batch may take, such as "64MB"; None for as many as it needs.
        device: "cpu", "cuda", "cuda:1", ...

    Raises:
        OptionError: a value is not a legal one.
    """

    stream: bool = False
    characters: bool | None = None
    class_weights: str = "none"
    validation: float = 0.1
    test: float = 0.1
    cell: str | Callable[[int, int], Any] = "lstm"
    hidden_size: int = 100
    num_layers: int = 1
    dropout: float = 0.3
    batch_size: int = 32
    segment: int = 500
    training: TrainingOptions = field(
        default_factory=lambda: TrainingOptions(num_steps=1000, learning_rate=5e-3, averaging=0.98)
    )
    through_time: str = "bptt"
    memory: str | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        """Refuse what no tagger can use."""
        check_flag("stream", self.stream)
        if self.characters is not None:
            check_flag("characters", self.characters)
        check_choice("class_weights", self.class_weights, ("none", "balanced"))
        for name in ("hidden_size", "num_layers", "batch_size", "segment"):
            check_size(name, getattr(self, name))
        for name in ("validation", "test", "dropout"):
            _check_share(name, getattr(self, name))
        if self.validation == 0:
            raise OptionError("`validation` must not be 0: the validation part decides when to stop.")
        if self.validation + self.test >= 1:
            raise OptionError(
                f"`validation` and `test` must leave something to learn from, but they are "
                f"{self.validation} and {self.test}."
            )
        check_cell(self.cell)
        self.schedule  # noqa: B018 - refuses what is none
        parse_memory(self.memory)
        check_device(self.device)

    @property
    def schedule(self) -> Schedule:
        """How far back gradients reach, and when the weights move."""
        return parse_schedule(self.through_time, stream=self.stream)

    @property
    def cell_name(self) -> str:
        """The cell as shown to people."""
        return cell_name(self.cell)


def _check_share(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise OptionError(f"`{name}` must be a share in [0, 1), but it is {value!r}.")
