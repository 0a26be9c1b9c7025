"""What can be chosen about a classifier, in one place; the command line shows the same names and defaults."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from elman.errors import OptionError
from elman.layers.topologies.pooling import POOLINGS
from elman.tasks.classify.through_time import parse_reach
from elman.tasks.networks import cell_name, check_cell
from elman.tasks.through_time import parse_memory
from elman.training import TrainingOptions
from elman.training.devices import check_device
from elman.training.keywords import with_named_keywords

WEIGHTINGS = ("none", "balanced")


@with_named_keywords
@dataclass(frozen=True)
class ClassifyOptions:
    """How sequences are classified. The defaults are those that a plain LSTM needed on JapaneseVowels.

    Args:
        cell: a name of `elman.cells.ALL_CELLS`; your own, as FILE.py:CLASS or MODULE:CLASS; or a function of
            (input_size, hidden_size) that makes a cell.
        hidden_size: units of each layer and direction.
        num_layers: recurrent layers.
        bidirectional: whether a second layer reads each sequence from its end.
        convolution: width in steps, odd, of a convolution in front of the first layer; 0 for none.
        pooling: "last", "mean", "max" or "attention": what becomes of the outputs at all steps.
        dropout: share of features dropped before the head and between layers in training, in [0, 1).
        noise: standard deviation of the noise added in training to the standardised input.
        class_weights: "none", or "balanced": each class counts the same in the loss, however rare.
        linear: whether a linear model on summary statistics stands beside the network; the validation part
            says how much it counts.
        refit: whether the network learns again from the training and validation parts together, for as many
            steps as the validation part said.
        validation: share of the sequences that decides when to stop.
        test: share of the sequences that judges; 0 for none.
        batch_size: sequences a step.
        through_time: "bptt" for exact gradients, or "tbptt:STEPS" to cut them so many steps before the end of
            a sequence, all of which is still read; for unidirectional networks with pooling "last". The loss
            stands at the end of a sequence, so a batch moves the weights once in either case.
        memory: bytes that the gradient of a batch may take, such as "64MB"; None for as many as it needs.
        device: "cpu", "cuda", "cuda:1", ...
        num_steps: optimizer steps at most; this and what follows are those of `TrainingOptions`.
        evaluate_every: steps between two looks at the validation part.
        learning_rate: its peak.
        warmup: share of the steps over which it rises.
        weight_decay: AdamW's.
        clip_norm: largest norm of the gradient.
        averaging: decay of the running mean of the weights.
        patience: evaluations without a better one before training stops.
        seed: of everything random.
        recovery: what is done where a number is not finite: "halve" or "skip".
        max_recoveries: times in a row before training gives up.

    Raises:
        OptionError: a value is not a legal one.
    """

    cell: Any = "lstm"
    hidden_size: int = 100
    num_layers: int = 1
    bidirectional: bool = True
    convolution: int = 0
    pooling: str = "mean"
    dropout: float = 0.3
    noise: float = 0.3
    class_weights: str = "none"
    linear: bool = True
    refit: bool = True
    validation: float = 0.2
    test: float = 0.2
    batch_size: int = 32
    through_time: str = "bptt"
    memory: str | None = None
    device: str = "cpu"
    num_steps: int = 600
    evaluate_every: int = 50
    learning_rate: float = 3e-3
    warmup: float = TrainingOptions.warmup
    weight_decay: float = TrainingOptions.weight_decay
    clip_norm: float = TrainingOptions.clip_norm
    averaging: float = TrainingOptions.averaging
    patience: int = TrainingOptions.patience
    seed: int = TrainingOptions.seed
    recovery: str = TrainingOptions.recovery
    max_recoveries: int = TrainingOptions.max_recoveries

    def __post_init__(self) -> None:
        """Refuse what no classifier can use."""
        for name in ("hidden_size", "num_layers", "batch_size"):
            self._require(name, _is_whole(getattr(self, name), 1), "a whole number, 1 or more")
        is_odd = _is_whole(self.convolution, 0) and self.convolution % 2 == 1
        self._require("convolution", is_odd or self.convolution == 0, "an odd number of steps, 0 for none")
        for name in ("bidirectional", "linear", "refit"):
            self._require(name, isinstance(getattr(self, name), bool), "True or False")
        self._require("dropout", _is_in(self.dropout, 0, 1), "in [0, 1)")
        self._require("noise", _is_in(self.noise, 0, 1e3), "a number, 0 or more")
        self._require("validation", _is_in(self.validation, 1e-9, 1), "a share in (0, 1)")
        self._require("test", _is_in(self.test, 0, 1), "a share in [0, 1)")
        self._require("pooling", self.pooling in POOLINGS, f"one of {', '.join(POOLINGS)}")
        self._require("class_weights", self.class_weights in WEIGHTINGS, f"one of {', '.join(WEIGHTINGS)}")
        check_cell(self.cell)
        parse_memory(self.memory)
        check_device(self.device)
        _ = self.reach  # refuses what a classifier cannot cut
        _ = self.training  # refuses what no training can use

    @property
    def reach(self) -> int | None:
        """Steps before the end of a sequence that a gradient reaches back; None for all."""
        return parse_reach(self.through_time, bidirectional=self.bidirectional, pooling=self.pooling)

    @property
    def training(self) -> TrainingOptions:
        """How weights are found."""
        return TrainingOptions(**{one.name: getattr(self, one.name) for one in fields(TrainingOptions)})

    @property
    def cell_name(self) -> str:
        """The cell as shown to people."""
        return cell_name(self.cell)

    def _require(self, name: str, is_legal: bool, range_: str) -> None:
        if not is_legal:
            raise OptionError(f"`{name}` must be {range_}, but it is {getattr(self, name)!r}.")


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_in(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value < high
