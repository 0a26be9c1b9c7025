"""A layer that reads its own output: the truth before in training, what it wrote itself in use."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells.options import brief, check_size
from elman.errors import DtypeError, OptionError, ShapeError
from elman.layers.contract import SequenceLayer
from elman.layers.lengths import as_lengths
from elman.layers.topologies.attention import AdditiveAttention, Memory
from elman.layers.topologies.forcing import check_ratio
from elman.layers.topologies.generated import Generated
from elman.layers.topologies.sequences import (
    check_causal,
    check_layer,
    flat_state,
    live_steps,
    run_layer,
    swap_time,
)


class FeedbackDecoder(nn.Module):
    """Writes a sequence one step at a time, each step after reading the one before.

    So the outputs may depend on one another, whatever else they depend on: P(y_t | y_1 .. y_{t-1}, c). An
    output is a symbol, one of K, or F real values. Teacher forcing (`forward`) reads the true y_{t-1};
    without attention it is one call of the layer through time. `generate` reads what it has written.

    Equations:
        (1) x_t = [e(y_{t-1}); c_t]; e is an embedding for symbols, the values themselves otherwise
        (2) h_t = layer(x_t, s_{t-1})
        (3) o_t = W h_t + b; with attention, W [h_t; a_t] + b, and a_t is part of x_t, with the query s_{t-1}
        (4) symbols: P(y_t) = softmax(o_t); values: y_t = o_t

    Args:
        layer: Reads forward only. Its `input_size` is what is fed back, and `context_size` more, and the
            memory's size with attention.
        num_symbols: K; None for real values.
        context_size: Number of features of what else is read at each step.
        attention: Reads a memory at each step; its queries are the first tensor of the layer's state.

    Shape:
        targets: (T, N) integers, or (T, N, F); batch first where the layer is. lengths: (N,).
        context: (N, context_size), or (T, N, context_size) with another one at each step.
        predictions: (T, N, K) logits, or (T, N, F).

    Raises:
        DtypeError: `layer` is not a layer over sequences.
        OptionError: The layer cannot be stepped, or its input is too narrow.

    Reference:
        R. J. Williams, D. Zipser (1989), "A learning algorithm for continually running fully recurrent
        neural networks", Neural Computation 1(2); for teacher forcing.
        S. Bengio, O. Vinyals, N. Jaitly, N. Shazeer (2015), "Scheduled sampling for sequence prediction with
        recurrent neural networks", NeurIPS.

    Example:
        >>> from elman import GRU
        >>> decoder = FeedbackDecoder(GRU(6, 8), num_symbols=4)
        >>> decoder(torch.tensor([[0, 3], [1, 2], [2, 1]])).shape
        torch.Size([3, 2, 4])
        >>> decoder.generate(5, batch_size=2).sequences.shape
        torch.Size([5, 2])
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

    def forward(
        self,
        targets: Tensor,
        initial_state: Any = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        context: Tensor | None = None,
        memory: Memory | None = None,
        teacher_forcing: float = 1.0,
    ) -> Tensor:
        """Predict each step of the targets from the ones before.

        Args:
            targets: What is to be written.
            initial_state: The layer's state before the first step; its fresh state without it.
            lengths: Number of steps of each target; predictions behind its end are zero.
            context: What else is read.
            memory: What is attended to, from `attention.prepare`.
            teacher_forcing: Probability, for each sequence and step, of reading the true y_{t-1}; else a
                symbol drawn from the network's own distribution is read, or the values that it predicted.

        Raises:
            ShapeError: A tensor has the wrong shape.
            DtypeError: Symbols are not integers, or values are.
            OptionError: A symbol is not in 0..K-1, or `teacher_forcing` not in [0, 1].
            LengthError: A length is not within 1..T.
        """
        check_ratio("teacher_forcing", teacher_forcing)
        steps = self._as_steps(targets)
        num_steps, batch_size = steps.shape[:2]
        ends = None if lengths is None else as_lengths(lengths, num_steps, batch_size)
        live = live_steps(ends, num_steps, batch_size, steps.device)
        truth = self._feed_all(steps, live)
        contexts = self._contexts(context, num_steps, batch_size)
        if self.attention is None and teacher_forcing == 1:
            parts = [truth] if contexts is None else [truth, contexts]
            output, _ = run_layer(self.layer, torch.cat(parts, dim=-1), initial_state, ends)
            predictions = self.head(output)
        else:
            predictions = self._step_through(truth, initial_state, contexts, memory, teacher_forcing)
        return swap_time(self.layer, predictions.masked_fill(~live[..., None], 0))

    def generate(
        self,
        num_steps: int,
        initial_state: Any = None,
        *,
        batch_size: int | None = None,
        context: Tensor | None = None,
        memory: Memory | None = None,
        end: int | None = None,
        temperature: float | None = None,
        generator: torch.Generator | None = None,
    ) -> Generated:
        """Write sequences, reading back what is written; no gradient is kept.

        Args:
            num_steps: Steps to write, at most.
            initial_state: The layer's state before the first step.
            batch_size: Number of sequences, where neither context nor memory says it.
            context: What else is read.
            memory: What is attended to, from `attention.prepare`.
            end: The symbol that ends a sequence.
            temperature: None writes the likeliest symbol; a number draws it from softmax(o_t / temperature).
            generator: Of the draws.

        Raises:
            ShapeError: A tensor has the wrong shape, or nothing says how many sequences there are.
            OptionError: An option is not legal.
        """
        check_size("num_steps", num_steps)
        self._check_choices(end, temperature)
        batch_size = self._batch_size(batch_size, initial_state, context, memory)
        contexts = self._contexts(context, num_steps, batch_size)
        with torch.no_grad():
            return self._write(
                num_steps, batch_size, initial_state, contexts, memory, end, temperature, generator
            )

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

    def _step_through(
        self, truth: Tensor, state: Any, contexts: Tensor | None, memory: Memory | None, ratio: float
    ) -> Tensor:
        state = self.layer.initial_state(truth.shape[1]) if state is None else state
        predictions: list[Tensor] = []
        for t, fed in enumerate(truth):
            if t > 0 and ratio < 1:
                is_true = torch.rand(len(fed), 1, device=fed.device) < ratio
                fed = torch.where(is_true, fed, self._feed(self._own(predictions[-1])))
            context = None if contexts is None else contexts[t]
            output, state, _ = self.step(fed, state, context, memory)
            predictions.append(output)
        return torch.stack(predictions)

    def _write(
        self, num_steps, batch_size, state, contexts, memory, end, temperature, generator
    ) -> Generated:
        state = self.layer.initial_state(batch_size) if state is None else state
        fed, written, maps = self._first(batch_size), [], []
        live = torch.ones(batch_size, dtype=torch.bool, device=fed.device)
        lengths, score = live.new_zeros(batch_size, dtype=torch.int64), fed.new_zeros(batch_size)
        for t in range(num_steps):
            context = None if contexts is None else contexts[t]
            output, state, weights = self.step(fed, state, context, memory)
            own = output if self.num_symbols is None else _choose(output, temperature, generator)
            if self.num_symbols is not None:
                chosen = output.log_softmax(-1).gather(1, own[:, None])[:, 0]
                score = score + chosen.masked_fill(~live, 0)
                own = own if end is None else own.masked_fill(~live, end)
            maps += [] if weights is None else [weights.masked_fill(~live[:, None], 0)]
            written.append(own)
            lengths += live
            if end is not None:
                live = live & (own != end)
                if not live.any():
                    break
            fed = self._feed(own)
        attention = swap_time(self.layer, torch.stack(maps)) if maps else None
        log_probability = None if self.num_symbols is None else score
        return Generated(swap_time(self.layer, torch.stack(written)), lengths, log_probability, attention)

    def _first(self, batch_size: int) -> Tensor:
        """Return what is read at the first step, (N, feedback_size)."""
        first = self.start if self.embedding is None else self.embedding.weight[-1]
        assert first is not None
        return first.expand(batch_size, -1)

    def _feed(self, own: Tensor) -> Tensor:
        return own if self.embedding is None else self.embedding(own)

    def _own(self, output: Tensor) -> Tensor:
        return output if self.num_symbols is None else _choose(output.detach(), 1.0, None)

    def _feed_all(self, steps: Tensor, live: Tensor) -> Tensor:
        """Return what is read at each step under teacher forcing, (T, N, feedback_size)."""
        before = steps[:-1]
        padding = ~live[:-1] if self.embedding is not None else ~live[:-1, :, None]
        fed = self._feed(before.masked_fill(padding, 0))
        return torch.cat([self._first(steps.shape[1])[None], fed])

    def _as_steps(self, targets: Tensor) -> Tensor:
        """Return the targets as (T, N) or (T, N, F)."""
        is_symbols = self.num_symbols is not None
        layout = "(N, T" if self.layer.batch_first else "(T, N"
        if targets.is_floating_point() == is_symbols:
            kind = "integers" if is_symbols else "floating point"
            raise DtypeError(f"`targets` must be {kind}, but their dtype is {targets.dtype}.")
        if targets.dim() != (2 if is_symbols else 3) or (
            not is_symbols and targets.shape[2] != self.feedback_size
        ):
            wanted = f"{layout})" if is_symbols else f"{layout}, {self.feedback_size})"
            raise ShapeError(f"`targets` must have shape {wanted}, but they have {tuple(targets.shape)}.")
        return swap_time(self.layer, targets)

    def _contexts(self, context: Tensor | None, num_steps: int, batch_size: int) -> Tensor | None:
        if (context is None) != (self.context_size == 0):
            came = "there is none" if context is None else "there is one"
            raise OptionError(f"`context` has context_size={self.context_size} features, but {came}.")
        if context is None:
            return None
        steps = context if context.dim() == 2 else swap_time(self.layer, context)
        steps = steps.expand(num_steps, *steps.shape) if context.dim() == 2 else steps
        if steps.shape != (num_steps, batch_size, self.context_size):
            raise ShapeError(
                f"`context` must have shape (N, C) = ({batch_size}, {self.context_size}), or have T = "
                f"{num_steps} time steps beside, but it has shape {tuple(context.shape)}."
            )
        return steps

    def _require(self, memory: Memory | None) -> Memory:
        if memory is None:
            raise OptionError("`memory` must be given to a decoder with attention: attention.prepare(...).")
        return memory

    def _check_choices(self, end: int | None, temperature: float | None) -> None:
        if self.num_symbols is None and (end is not None or temperature is not None):
            raise OptionError("`end` and `temperature` are of symbols, but this decoder writes real values.")
        if end is not None and not 0 <= end < (self.num_symbols or 0):
            raise OptionError(f"`end` must be a symbol in 0..{(self.num_symbols or 0) - 1}, but it is {end}.")
        if temperature is not None and not temperature > 0:
            raise OptionError(f"`temperature` must be more than 0, or None, but it is {brief(temperature)}.")

    def _batch_size(
        self, given: int | None, state: Any, context: Tensor | None, memory: Memory | None
    ) -> int:
        if given is not None:
            return given
        if memory is not None:
            return memory.live.shape[1]
        if context is not None:
            return len(context) if context.dim() == 2 else swap_time(self.layer, context).shape[1]
        if state is not None:
            return len(flat_state(self.layer, state)[0])
        raise ShapeError("`batch_size` must say how many sequences to write: nothing else says it.")


def _choose(logits: Tensor, temperature: float | None, generator: torch.Generator | None) -> Tensor:
    """Return one symbol a row: the likeliest, or one drawn."""
    if temperature is None:
        return logits.argmax(-1)
    return torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator)[:, 0]
