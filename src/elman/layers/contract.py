"""What every layer over sequences promises, so that one can stand where another does."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn

from elman.cells.state import State, map_state
from elman.layers.states import replace_rows


class SequenceLayer(nn.Module, ABC):
    """Something that runs over a batch of sequences, of equal or unequal length; abstract.

    Derive from it what is to go into `Stacked`, `Bidirectional` and `Stateful`. Whatever stands behind a
    sequence's end reaches no output, no state and no gradient; outputs there are zero.

    Attributes:
        input_size: Number of features of the input, I.
        output_size: Number of features of the output.
        batch_first: Whether input, output and resets have the batch as their first axis.
    """

    input_size: int
    output_size: int
    batch_first: bool

    @abstractmethod
    def forward(
        self,
        input: Any,
        initial_state: Any = None,
        /,
        *,
        lengths: Any = None,
        resets: Tensor | None = None,
    ) -> tuple[Any, Any]:
        """Run over the sequences and return the outputs, and the state after each sequence's last step.

        Args:
            input: The sequences.
            initial_state: The state before the first step; the fresh state without it.
            lengths: Number of time steps of each sequence; all T without it.
            resets: Where True, the state becomes the fresh state before the step, in the order of running.

        Shape:
            input: (T, N, I), or (N, T, I) with `batch_first`, or a PackedSequence. lengths: (N,).
            resets: (T, N), or (N, T). output: (T, N, output_size), or as the input.
        """

    @abstractmethod
    def step(self, input: Tensor, state: Any = None, /) -> tuple[Any, Any]:
        """Run one time step; the state it returns is the one to give it next.

        Args:
            input: The input at this time step.
            state: The state after the step before; the fresh state without it.

        Shape:
            input: (N, I). output: (N, output_size).
        """

    @abstractmethod
    def initial_state(self, batch_size: int) -> Any:
        """Return the state that `batch_size` sequences start from where none is given."""

    @property
    def is_causal(self) -> bool:
        """Whether every output waits for no later input, so that the layer can be stepped."""
        return all(module.is_causal for _, module in self._layers_inside())

    def reset_state(self, state: State, sequences: Tensor) -> State:
        """Return `state` with the fresh state in the place of that of some sequences.

        Args:
            state: As `forward` and `step` return it.
            sequences: True for each sequence that starts anew.

        Shape:
            sequences: (N,) of bool.
        """
        fresh = self.initial_state(len(sequences))
        return map_state(lambda new, old: replace_rows(old, new, sequences), fresh, state)

    def explain(self) -> str:
        """Say which backend runs the layer, and why not a faster one; a line for each layer inside it."""
        inside = self._layers_inside()
        if not inside:
            return f"torch: {type(self).__name__} runs as operators of torch."
        parts = [(name, module) for name, module in inside if not module._layers_inside()]
        return "\n".join([f"{name}: {module.explain()}" for name, module in parts])

    def to_torch(self) -> nn.RNNBase:
        """Return the module of torch.nn that gives the same numbers, with copies of the parameters.

        Initial and final states have torch's layout there, (num_layers * num_directions, N, H).

        Raises:
            OptionError: Torch has no such layer; the message says why.
        """
        from elman.layers.to_torch import to_torch  # which knows all layers

        return to_torch(self)

    def _layers_inside(self) -> list[tuple[str, "SequenceLayer"]]:
        modules = self.named_modules()
        return [(name, one) for name, one in modules if one is not self and isinstance(one, SequenceLayer)]
