"""What can be chosen about a forecast, in one place; the command line shows the same names and defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from elman.data.encodings import check_encoding
from elman.data.time_formats import check_time_format
from elman.errors import OptionError
from elman.tasks.forecast.quantiles import check_quantiles
from elman.tasks.forecast.through_time import parse_memory, parse_reach
from elman.tasks.networks import cell_name, check_cell
from elman.training import TrainingOptions
from elman.training.devices import check_device
from elman.training.keywords import with_named_keywords


@with_named_keywords
@dataclass(frozen=True)
class ForecastOptions:
    """How a forecast is made. Every default was chosen on validation data.

    Args:
        context: past steps the recurrent branch reads; None takes three of the shortest seasons or two
            horizons, whichever is longer.
        quantiles: levels in (0, 1) to forecast; the one nearest to 0.5 is the point forecast.
        validation: length of the validation part, in steps or as a duration such as "56d"; None takes
            about a twentieth of the shortest series, in whole horizons.
        test: length of the test part; None as for `validation`, 0 for none.
        frequency: distance of two steps such as "30m" or "1d"; None finds it.
        time_zone: where the series live, such as "Europe/Berlin"; None leaves the stamps as they are.
        time_format: how time stamps that are text or numbers are written: a format of `strptime` such as
            "%d/%m/%Y %H:%M"; "day-first" or "month-first"; the unit of a count since 1970, "epoch-s" or
            "epoch-ms"; None recognises common formats.
        encoding: of CSV files that are not UTF-8, such as "windows-1252"; a byte order mark needs none.
        cell: a name of `elman.cells.ALL_CELLS`; your own, as FILE.py:CLASS or MODULE:CLASS; or a function of
            (input_size, hidden_size) that makes a cell.
        hidden_size: units of each layer.
        num_layers: layers of the encoder and of each decoder.
        dropout: share of features dropped in training, in [0, 1).
        batch_size: windows a step.
        training: steps, learning rate, clipping, seed.
        through_time: "bptt" for exact gradients, or "tbptt:STEPS" to cut them so many steps before the end of
            the context, all of which is still read.
        memory: bytes that the gradient of a batch may take, such as "64MB"; None for as many as it needs.
        device: "cpu", "cuda", "cuda:1", ...

    Raises:
        OptionError: a value is not a legal one.
    """

    context: int | None = None
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    validation: int | str | None = None
    test: int | str | None = None
    frequency: str | None = None
    time_zone: str | None = None
    time_format: str | None = None
    encoding: str | None = None
    cell: str | Callable[[int, int], Any] = "lstm"
    hidden_size: int = 128
    num_layers: int = 1
    dropout: float = 0.3
    batch_size: int = 64
    training: TrainingOptions = field(default_factory=TrainingOptions)
    through_time: str = "bptt"
    memory: str | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        """Refuse what no forecast can use, and put the quantiles in order."""
        object.__setattr__(self, "quantiles", check_quantiles(self.quantiles))
        for name in ("hidden_size", "num_layers", "batch_size"):
            if not _is_count(getattr(self, name)):
                value = getattr(self, name)
                raise OptionError(f"`{name}` must be a whole number, 1 or more, but it is {value!r}.")
        if not isinstance(self.dropout, int | float) or not 0 <= self.dropout < 1:
            raise OptionError(f"`dropout` must be in [0, 1), but it is {self.dropout!r}.")
        if self.context is not None and not _is_count(self.context):
            raise OptionError(
                f"`context` must be a whole number of steps, 1 or more, but it is {self.context!r}."
            )
        check_cell(self.cell)
        if self.validation in (0, "0"):
            raise OptionError(
                "`validation` must not be 0: it decides when to stop and how wide the bands are."
            )
        check_time_format(self.time_format)
        check_encoding(self.encoding)
        parse_reach(self.through_time)
        parse_memory(self.memory)
        check_device(self.device)

    @property
    def cell_name(self) -> str:
        """The cell as shown to people."""
        return cell_name(self.cell)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
