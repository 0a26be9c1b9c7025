"""A layer that reads its own output: the truth before in training, what it wrote itself in use."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from elman.cells.options import check_size
from elman.layers.lengths import as_lengths
from elman.layers.topologies.attention import Memory
from elman.layers.topologies.feedback_checks import as_contexts, as_steps, check_choices, find_batch_size
from elman.layers.topologies.feedback_step import FeedbackStep
from elman.layers.topologies.forcing import check_ratio
from elman.layers.topologies.generated import Generated
from elman.layers.topologies.sequences import live_steps, run_layer, swap_time
from elman.layers.topologies.writing import Choice, Writing


class FeedbackDecoder(FeedbackStep):
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
        steps = as_steps(self, targets)
        num_steps, batch_size = steps.shape[:2]
        ends = None if lengths is None else as_lengths(lengths, num_steps, batch_size)
        live = live_steps(ends, num_steps, batch_size, steps.device)
        truth = self.feed_all(steps, live)
        contexts = as_contexts(self, context, num_steps, batch_size)
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
        check_choices(self, end, temperature)
        batch_size = find_batch_size(self, batch_size, initial_state, context, memory)
        contexts = as_contexts(self, context, num_steps, batch_size)
        state = self.layer.initial_state(batch_size) if initial_state is None else initial_state
        with torch.no_grad():
            fed = self.first_input(batch_size)
            writing = Writing(fed, self.num_symbols is not None, Choice(end, temperature, generator))
            for t in range(num_steps):
                output, state, weights = self.step(
                    fed, state, None if contexts is None else contexts[t], memory
                )
                fed = self.feed(writing.add(output, weights))
                if not writing.live.any():
                    break
        return writing.result(self.layer)
