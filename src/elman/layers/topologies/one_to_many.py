"""A vector goes in, a sequence comes out."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells.options import check_choice, check_size
from elman.layers.contract import SequenceLayer
from elman.layers.topologies.bridge import Bridge
from elman.layers.topologies.feedback import FeedbackDecoder
from elman.layers.topologies.generated import Generated
from elman.layers.topologies.sequences import check_vector

_CONDITIONINGS = ("input", "state", "both")


class OneToMany(nn.Module):
    """Writes a sequence about a vector: a caption for an image's features, a melody in a style.

    Args:
        layer: Reads forward only; see `FeedbackDecoder`. Its input is what is fed back, and the vector
            beside it where `conditioning` is "input" or "both".
        vector_size: Number of features of the vector, V.
        num_symbols: Number of symbols to write; None for real values.
        conditioning: How the vector comes in: "input" reads it at every step, "state" makes the initial
            state of it, "both" does both.

    Shape:
        vector: (N, V). targets: (T, N) integers, or (T, N, F); batch first where the layer is.
        lengths: (N,). predictions: (T, N, num_symbols) logits, or (T, N, F).

    Raises:
        DtypeError: `layer` is not a layer over sequences.
        OptionError: An option is not legal, or the layer cannot be stepped.

    Example:
        >>> from elman import GRU
        >>> network = OneToMany(GRU(6 + 3, 8), vector_size=3, num_symbols=4, conditioning="both")
        >>> network(torch.randn(2, 3), torch.zeros(5, 2, dtype=torch.int64)).shape
        torch.Size([5, 2, 4])
        >>> network.generate(torch.randn(2, 3), num_steps=7).sequences.shape
        torch.Size([7, 2])
    """

    def __init__(
        self,
        layer: SequenceLayer,
        vector_size: int,
        *,
        num_symbols: int | None = None,
        conditioning: str = "input",
    ):
        super().__init__()
        check_size("vector_size", vector_size)
        check_choice("conditioning", conditioning, _CONDITIONINGS)
        self.vector_size, self.conditioning = vector_size, conditioning
        context_size = 0 if conditioning == "state" else vector_size
        self.decoder = FeedbackDecoder(layer, num_symbols=num_symbols, context_size=context_size)
        self.bridge = None if conditioning == "input" else Bridge(vector_size, layer)

    def forward(
        self,
        vector: Tensor,
        targets: Tensor,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        teacher_forcing: float = 1.0,
    ) -> Tensor:
        """Predict each step of the targets from the vector and the steps before.

        Args:
            vector: What to write about.
            targets: What is to be written.
            lengths: Number of steps of each target; predictions behind its end are zero.
            teacher_forcing: Probability of reading the true step before instead of an own one.

        Raises:
            ElmanError: What `FeedbackDecoder` refuses.
        """
        state, context = self._condition(vector)
        return self.decoder(targets, state, lengths=lengths, context=context, teacher_forcing=teacher_forcing)

    def generate(
        self,
        vector: Tensor,
        num_steps: int,
        *,
        end: int | None = None,
        temperature: float | None = None,
        generator: torch.Generator | None = None,
    ) -> Generated:
        """Write a sequence about each vector; no gradient is kept.

        Args:
            vector: What to write about.
            num_steps: Steps to write, at most.
            end: The symbol that ends a sequence.
            temperature: None writes the likeliest symbol; a number draws it from softmax(o_t / temperature).
            generator: Of the draws.

        Raises:
            ElmanError: What `FeedbackDecoder` refuses.
        """
        with torch.no_grad():
            state, context = self._condition(vector)
        return self.decoder.generate(
            num_steps,
            state,
            batch_size=len(vector),
            context=context,
            end=end,
            temperature=temperature,
            generator=generator,
        )

    def _condition(self, vector: Tensor) -> tuple[Any, Tensor | None]:
        check_vector("vector", vector, self.vector_size)
        state = None if self.bridge is None else self.bridge(vector)
        return state, None if self.conditioning == "state" else vector
