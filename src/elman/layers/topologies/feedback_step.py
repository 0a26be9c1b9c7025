"""One step of a layer that reads its own output, and what it reads back."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells.options import check_size
from elman.compiler import kept_at_once
from elman.errors import OptionError
from elman.layers.contract import SequenceLayer
from elman.layers.topologies.attention import AdditiveAttention, Memory
from elman.layers.topologies.sequences import check_causal, check_layer, flat_state
from elman.layers.topologies.writing import Choice


class FeedbackStep(nn.Module, ABC):
    """What every layer that reads its own output has: the step, and the way from an output back to an input.

    Args:
        layer: Reads forward only.
        num_symbols: Number of symbols; None for real values.
        context_size: Number of features of what else is read at each step.
        attention: Reads a memory at each step.

    Raises:
        DtypeError: `layer` is not a layer over sequences.
        OptionError: The layer cannot be stepped, or its input is too narrow.
    """

    def __init__(
        self,
        layer: SequenceLayer,
        *,
        num_symbols: int | None = None,
        context_size: int = 0,
        attention: AdditiveAttention | None = None,
    ):
        super().__init__()
        check_layer("layer", layer)
        check_causal("layer", layer)
        if num_symbols is not None:
            check_size("num_symbols", num_symbols)
        memory_size = 0 if attention is None else attention.memory_size
        self.feedback_size = layer.input_size - context_size - memory_size
        if self.feedback_size < 1:
            raise OptionError(
                f"the layer's input_size must be more than {context_size + memory_size}, the features of the "
                f"context ({context_size}) and of the memory ({memory_size}), so that the output can be read "
                f"beside them, but it is {layer.input_size}."
            )
        self.layer, self.attention = layer, attention
        self.num_symbols, self.context_size = num_symbols, context_size
        self.output_size = num_symbols or self.feedback_size
        # Row K is what stands before the first symbol.
        self.embedding = None if num_symbols is None else nn.Embedding(num_symbols + 1, self.feedback_size)
        self.start = None if num_symbols is not None else nn.Parameter(torch.zeros(self.feedback_size))
        self.head = nn.Linear(layer.output_size + memory_size, self.output_size)

    @abstractmethod
    def forward(self, targets: Tensor, *args: Any, **options: Any) -> Tensor:
        """Predict each step of the targets from the ones before."""

    def step(
        self, fed: Tensor, state: Any, context: Tensor | None = None, memory: Memory | None = None
    ) -> tuple[Tensor, Any, Tensor | None]:
        """Run one time step; return the output, the new state, and the weights of the attention.

        Args:
            fed: What is read back, embedded.
            state: The layer's state before the step.
            context: What else is read, (N, context_size).
            memory: What is attended to.

        Shape:
            fed: (N, feedback_size).
        """
        parts, attended, weights = [fed], [], None
        if context is not None:
            parts.append(context)
        if self.attention is not None:
            read, weights = self.attention.attend(flat_state(self.layer, state)[0], self._require(memory))
            attended = [read]
        output, state = self.layer.step(torch.cat([*parts, *attended], dim=-1), state)
        return self.head(torch.cat([output, *attended], dim=-1)), state, weights

    def first_input(self, batch_size: int) -> Tensor:
        """Return what is read at the first step, (N, feedback_size)."""
        first = self.start if self.embedding is None else self.embedding.weight[-1]
        assert first is not None
        return first.expand(batch_size, -1)

    def feed(self, own: Tensor) -> Tensor:
        """Return what is read after an output, (N, feedback_size)."""
        return own if self.embedding is None else self.embedding(own)

    def feed_all(self, steps: Tensor, live: Tensor) -> Tensor:
        """Return what is read at each step under teacher forcing, (T, N, feedback_size)."""
        before = steps[:-1]
        padding = ~live[:-1] if self.embedding is not None else ~live[:-1, :, None]
        fed = self.feed(before.masked_fill(padding, 0))
        return torch.cat([self.first_input(steps.shape[1])[None], fed])

    def _step_through(
        self, truth: Tensor, state: Any, contexts: Tensor | None, memory: Memory | None, ratio: float
    ) -> Tensor:
        state = self.layer.initial_state(truth.shape[1]) if state is None else state
        predictions: list[Tensor] = []
        for t, fed in enumerate(truth):
            if t > 0 and ratio < 1:
                is_true = torch.rand(len(fed), 1, device=fed.device) < ratio
                fed = torch.where(is_true, fed, self.feed(self._own(predictions[-1])))
            context = None if contexts is None else contexts[t]
            with kept_at_once(len(truth)):
                output, state, _ = self.step(fed, state, context, memory)
            predictions.append(output)
        return torch.stack(predictions)

    def _own(self, output: Tensor) -> Tensor:
        return output if self.num_symbols is None else Choice(temperature=1.0).of(output.detach())

    def _require(self, memory: Memory | None) -> Memory:
        if memory is None:
            raise OptionError("`memory` must be given to a decoder with attention: attention.prepare(...).")
        return memory
