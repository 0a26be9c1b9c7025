"""What all schedules share: when the state is cut and the weights move."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext

from torch import nn

from elman.errors import DtypeError
from elman.training.through_time.batch import SequenceBatch
from elman.training.through_time.calls import check_layer
from elman.training.through_time.part import Part
from elman.training.through_time.walk import Walk


class Schedule(ABC):
    """When the state is cut and the weights move; abstract.

    A schedule says how long a part is and how far its gradient reaches back. Running the layer, carrying
    its state and dropping the sequences that have ended are the same for all.
    """

    @property
    @abstractmethod
    def length(self) -> int | None:
        """Time steps between two updates; None for all of a batch."""

    @property
    def window(self) -> int | None:
        """Time steps that a gradient reaches back from the newest; None for those of the part."""
        return None

    def running(self) -> AbstractContextManager[object]:
        """Return what the layer is called within."""
        return nullcontext()

    def walk(self, layer: nn.Module) -> Walk:
        """Return what runs a layer through one batch after the other."""
        return Walk(layer, self.length, self.window, self.running)

    def parts(self, layer: nn.Module, batch: SequenceBatch | Iterable[SequenceBatch]) -> Iterator[Part]:
        """Run a layer part by part; between two parts the weights may move.

        Each part is run when it is asked for, with the weights of that moment.

        Args:
            layer: Any layer over sequences: `layer(input, initial_state, lengths=..., resets=...)` returns
                the output and the final state.
            batch: The sequences; or an endless stream of batches, each of which goes on where the one
                before ended, row by row.

        Raises:
            OptionError: The layer cannot be run in parts.
            DtypeError: `batch` is not of `SequenceBatch`, or the layer returns no tensor of outputs.
            ShapeError: Parts of a batch do not fit one another, batches of a stream differ in N, or the layer
                does not return an output for each step.
            LengthError: A length is not within 1..T.
        """
        check_layer(layer, is_cut=self.length is not None)
        if not isinstance(batch, SequenceBatch | Iterable):
            raise DtypeError(
                f"`batch` must be a SequenceBatch or yield them, but it is a {type(batch).__name__}."
            )
        return self._parts(layer, [batch] if isinstance(batch, SequenceBatch) else batch)

    def _parts(self, layer: nn.Module, batches: Iterable[SequenceBatch]) -> Iterator[Part]:
        walk = self.walk(layer)
        for batch in batches:
            if not isinstance(batch, SequenceBatch):
                raise DtypeError(
                    f"`batch` must be a SequenceBatch or yield them, but there is a {type(batch).__name__}."
                )
            yield from walk.through(batch)
