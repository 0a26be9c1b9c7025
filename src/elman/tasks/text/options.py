"""What can be chosen about a language model, in one place; the command line shows the same names."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

from elman.cells.options import check_choice
from elman.data.vocabulary import check_unit
from elman.errors import OptionError
from elman.tasks.networks import cell_name, check_cell
from elman.tasks.text.through_time import parse_segment
from elman.training.devices import check_device
from elman.training.keywords import with_named_keywords
from elman.training.options import RECOVERIES, TrainingOptions
from elman.training.through_time.sizes import parse_bytes

DEFAULT_SECONDS = 300.0
_MAX_DROPOUT, _HALF_WAY = 0.5, 8.0  # passes after which half of the largest share is dropped
_MAX_NGRAM = 32
_MAX_SEED = 2**32 - 1


@with_named_keywords
@dataclass(frozen=True)
class TextOptions:
    """How a language model is made and trained. Every default was chosen on validation data.

    Args:
        unit: what is predicted: "character", "byte" or "word".
        vocabulary_size: characters or words with a code of their own, at most.
        validation: share of the text before the test part that decides which weights are kept, in (0, 1);
            None takes a twentieth, but at most 10,000 symbols.
        test: share at the end of the text that is scored once, in [0, 1).
        cell: a name of `elman.cells.ALL_CELLS`; or your own, FILE.py:CLASS or MODULE:CLASS.
        hidden_size: units of each layer.
        num_layers: layers.
        embedding_size: features of a symbol; None takes 64, with more than 256 symbols 128, and what the
            layers put out if `tied`.
        ngram: n of the n-grams of the training part that the network is mixed with, as much as the validation
            part says; a saved model then holds that text. 0 leaves the network alone.
        tied: whether the read-out uses the embedding's weights.
        dropout: share of features dropped between layers and before the read-out, in [0, 1); None drops more
            and more as the text is read again and again, see `dropout_after`.
        input_dropout: share of features of the embedded symbols dropped, in [0, 1).
        weight_dropout: share of recurrent weights dropped for a whole segment, in [0, 1).
        segment: steps through which gradients flow; the state is carried on to the next segment.
        through_time: "tbptt:STEPS", the segment as it is said for all tasks; None takes `segment`.
        memory: bytes that the layers' gradient may take, such as "64MB"; None for as many as it needs.
        batch_size: places in the text that are read side by side.
        seconds: budget of training; the learning rate falls to zero at its end. None with `num_steps`.
        num_steps: budget in steps of the optimizer, for runs that repeat bit by bit.
        learning_rate: its peak.
        warmup: share of the budget over which it rises, in [0, 1); then it falls along a cosine.
        weight_decay: AdamW's.
        clip_norm: largest norm of the whole gradient.
        patience: evaluations in a row without a better validation loss before training stops early.
        seed: of everything random.
        recovery: what is done where a number is not finite: "halve" or "skip", as in `TrainingOptions`; the
            segment after one that is left out begins with a fresh state.
        max_recoveries: times in a row before training gives up.
        device: "cpu", "cuda", ...

    Raises:
        OptionError: a value is not a legal one.

    Example:
        >>> TextOptions(num_steps=100).seconds is None, TextOptions().seconds
        (True, 300.0)
    """

    unit: str = "character"
    vocabulary_size: int = 10_000
    validation: float | None = None
    test: float = 0.1
    cell: str = "gru"
    hidden_size: int = 512
    num_layers: int = 1
    embedding_size: int | None = None
    ngram: int = 8
    tied: bool = False
    dropout: float | None = None
    input_dropout: float = 0.0
    weight_dropout: float = 0.0
    segment: int = 64
    through_time: str | None = None
    memory: str | None = None
    batch_size: int = 32
    seconds: float | None = None
    num_steps: int | None = None
    learning_rate: float = 4e-3
    warmup: float = 0.05
    weight_decay: float = 0.2
    clip_norm: float = 1.0
    patience: int = 8
    seed: int = 0
    recovery: str = TrainingOptions.recovery
    max_recoveries: int = TrainingOptions.max_recoveries
    device: str = "cpu"

    def __post_init__(self) -> None:
        """Refuse what no language model can use, and settle the budget."""
        check_unit(self.unit)
        for name in ("vocabulary_size", "hidden_size", "num_layers", "segment", "batch_size", "patience"):
            self._require_whole(name, 1, inf)
        for name in ("embedding_size", "num_steps"):
            if getattr(self, name) is not None:
                self._require_whole(name, 1, inf)
        self._require_whole("seed", 0, _MAX_SEED)
        self._require_whole("ngram", 0, _MAX_NGRAM)
        self._require_whole("max_recoveries", 0, inf)
        check_choice("recovery", self.recovery, RECOVERIES)
        for name in ("test", "dropout", "input_dropout", "weight_dropout", "warmup"):
            if getattr(self, name) is not None:
                self._require(name, 0 <= self._number(name) < 1, "in [0, 1)")
        self._require("learning_rate", 0 < self._number("learning_rate") < inf, "a finite number above 0")
        self._require("weight_decay", 0 <= self._number("weight_decay") < inf, "a finite number, 0 or more")
        self._require("clip_norm", self._number("clip_norm") > 0, "above 0")
        if self.validation is not None:
            self._require("validation", 0 < self._number("validation") < 1, "in (0, 1)")
        check_cell(self.cell)
        self._settle_segment()
        self._settle_budget()
        check_device(self.device)

    @property
    def cell_name(self) -> str:
        """The cell as shown to people."""
        return cell_name(self.cell)

    @property
    def budget(self) -> str:
        """The budget as shown to people."""
        return f"{self.num_steps} steps" if self.num_steps else f"{self.seconds:g} s"

    def dropout_after(self, passes: float) -> float:
        """Return the share of features to drop after so many passes over the text.

        What is read for the first time cannot be learned by heart, so nothing is dropped; in the end half is.
        """
        return _MAX_DROPOUT * passes / (passes + _HALF_WAY) if self.dropout is None else self.dropout

    def share_of_budget(self, step: int, seconds: float) -> float:
        """Return how much of the budget is spent after `step` steps and `seconds`; 1 or more is the end."""
        return step / self.num_steps if self.num_steps else seconds / (self.seconds or DEFAULT_SECONDS)

    @property
    def num_bytes(self) -> int | None:
        """What the layers' gradient may take; None for as many bytes as it needs."""
        return None if self.memory is None else parse_bytes("memory", self.memory)

    def _settle_segment(self) -> None:
        self.num_bytes  # noqa: B018 - refuses what is no size
        if self.through_time is None:
            return
        length = parse_segment(self.through_time)
        if self.segment not in (length, type(self).segment):
            raise OptionError(
                f"`segment` is {self.segment} and `through_time` is {self.through_time!r}, two lengths of "
                "one thing: give one of them."
            )
        object.__setattr__(self, "segment", length)

    def _settle_budget(self) -> None:
        if self.seconds is not None and self.num_steps is not None:
            raise OptionError("`seconds` and `num_steps` are two budgets: give one of them.")
        if self.seconds is None and self.num_steps is None:
            object.__setattr__(self, "seconds", DEFAULT_SECONDS)
        if self.seconds is not None:
            is_time = 0 < self._number("seconds") < inf
            self._require("seconds", is_time, "a finite number above 0")

    def _number(self, name: str) -> float:
        value = getattr(self, name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        self._require(name, is_number and (isfinite(value) or name == "clip_norm"), "a number")
        return value

    def _require_whole(self, name: str, low: int, high: float) -> None:
        value = getattr(self, name)
        is_whole = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        range_ = f"{low} or more" if high == inf else f"in [{low}, {high}]"
        self._require(name, is_whole, f"a whole number, {range_}")

    def _require(self, name: str, holds: bool, words: str) -> None:
        if not holds:
            raise OptionError(f"`{name}` must be {words}, but it is {getattr(self, name)!r}.")
