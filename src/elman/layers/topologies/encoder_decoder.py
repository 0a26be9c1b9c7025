"""A sequence goes in, and a sequence of another length comes out."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.cells.options import brief
from elman.compiler import shared_by
from elman.errors import OptionError
from elman.layers.contract import SequenceLayer
from elman.layers.topologies.attention import AdditiveAttention, Memory
from elman.layers.topologies.bridge import Bridge
from elman.layers.topologies.feedback import FeedbackDecoder
from elman.layers.topologies.generated import Generated
from elman.layers.topologies.losses import sequence_loss
from elman.layers.topologies.sequences import check_layer, open_input, state_sizes, swap_time


class EncoderDecoder(nn.Module):
    """Reads a whole sequence, then writes another: translate, summarise, spell out, forecast.

    Encoder and decoder may differ in cell, size, layers and directions. With attention every output looks
    at the source again; without, all of it must fit into the encoder's final state.

    Args:
        encoder: Reads the source.
        decoder: Writes the target; reads forward only. Its `input_size` is the width of what is fed back,
            and `encoder.output_size` more with attention.
        num_source_symbols: Embeds a source of symbols, in `encoder.input_size` features; None reads values.
        num_symbols: Number of symbols of the target; None for real values.
        bridge: From the encoder's final state to the decoder's initial one: "linear" (see `Bridge`),
            "same" for encoder and decoder with states of the same structure and sizes, "none" for the
            decoder's fresh state, or a module.
        attention_size: Units of Bahdanau's attention over the encoder's outputs; None for no attention.

    Shape:
        source: (T, N, I), or (T, N) integers, or a PackedSequence of values; batch first where the encoder
        is. targets: (T', N) integers, or (T', N, F); batch first where the decoder is.
        source_lengths, lengths: (N,). predictions: (T', N, num_symbols) logits, or (T', N, F).

    Raises:
        DtypeError: A layer is none.
        OptionError: The layers do not fit together, or an option is not legal.

    Reference:
        I. Sutskever, O. Vinyals, Q. V. Le (2014), "Sequence to sequence learning with neural networks",
        NeurIPS.
        D. Bahdanau, K. Cho, Y. Bengio (2015), "Neural machine translation by jointly learning to align and
        translate", ICLR.

    Example:
        >>> from elman import GRU, LSTM
        >>> network = EncoderDecoder(GRU(3, 5, bidirectional=True), LSTM(6, 8), num_symbols=4)
        >>> source, targets = torch.randn(9, 2, 3), torch.zeros(5, 2, dtype=torch.int64)
        >>> loss = network.loss(source, targets, source_lengths=[9, 4], lengths=[2, 5])
        >>> network.generate(source, num_steps=6, source_lengths=[9, 4]).sequences.shape
        torch.Size([6, 2])
    """

    def __init__(
        self,
        encoder: SequenceLayer,
        decoder: SequenceLayer,
        *,
        num_source_symbols: int | None = None,
        num_symbols: int | None = None,
        bridge: str | nn.Module = "linear",
        attention_size: int | None = None,
    ):
        super().__init__()
        check_layer("encoder", encoder)
        check_layer("decoder", decoder)
        self.encoder = encoder
        symbols = num_source_symbols
        self.embedding = None if symbols is None else nn.Embedding(symbols, encoder.input_size)
        attention = None
        if attention_size is not None:
            query_size = state_sizes(decoder)[0]
            attention = AdditiveAttention(query_size, encoder.output_size, attention_size)
        self.decoder = FeedbackDecoder(decoder, num_symbols=num_symbols, attention=attention)
        self.bridge = _make_bridge(bridge, encoder, decoder)

    def forward(
        self,
        source: Tensor | PackedSequence,
        targets: Tensor,
        *,
        source_lengths: Tensor | Sequence[int] | None = None,
        lengths: Tensor | Sequence[int] | None = None,
        teacher_forcing: float = 1.0,
    ) -> Tensor:
        """Predict each step of the targets from the source and the steps before.

        Args:
            source: What is read.
            targets: What is to be written, its end symbol included, if there is one.
            source_lengths: Number of steps of each source; all without it.
            lengths: Number of steps of each target; predictions behind its end are zero.
            teacher_forcing: Probability of reading the true step before instead of an own one. At 1 and
                without attention the decoder is one call through time.

        Raises:
            ElmanError: What the encoder or `FeedbackDecoder` refuses.
        """
        with shared_by(2):
            state, memory = self._read(source, source_lengths)
            return self.decoder(
                targets, state, lengths=lengths, memory=memory, teacher_forcing=teacher_forcing
            )

    def loss(
        self,
        source: Tensor | PackedSequence,
        targets: Tensor,
        *,
        source_lengths: Tensor | Sequence[int] | None = None,
        lengths: Tensor | Sequence[int] | None = None,
        teacher_forcing: float = 1.0,
    ) -> Tensor:
        """Return the mean loss of the predictions, as `sequence_loss` does; the arguments are `forward`'s.

        Args:
            source: What is read.
            targets: What is to be written.
            source_lengths: Number of steps of each source.
            lengths: Number of steps of each target; what stands behind its end counts for nothing.
            teacher_forcing: Probability of reading the true step before.
        """
        predictions = self(
            source, targets, source_lengths=source_lengths, lengths=lengths, teacher_forcing=teacher_forcing
        )
        return sequence_loss(predictions, targets, lengths, batch_first=self.decoder.layer.batch_first)

    def generate(
        self,
        source: Tensor | PackedSequence,
        num_steps: int,
        *,
        source_lengths: Tensor | Sequence[int] | None = None,
        end: int | None = None,
        temperature: float | None = None,
        generator: torch.Generator | None = None,
    ) -> Generated:
        """Write a sequence for each source, reading back what is written; no gradient is kept.

        Args:
            source: What is read.
            num_steps: Steps to write, at most.
            source_lengths: Number of steps of each source.
            end: The symbol that ends a sequence.
            temperature: None writes the likeliest symbol; a number draws it from softmax(o_t / temperature).
            generator: Of the draws.

        Raises:
            ElmanError: What the encoder or `FeedbackDecoder` refuses.
        """
        with torch.no_grad():
            state, memory = self._read(source, source_lengths)
        batch_size = (
            source.batch_sizes[0] if isinstance(source, PackedSequence) else _rows(self.encoder, source)
        )
        return self.decoder.generate(
            num_steps,
            state,
            batch_size=int(batch_size),
            memory=memory,
            end=end,
            temperature=temperature,
            generator=generator,
        )

    def _read(
        self, source: Tensor | PackedSequence, lengths: Tensor | Sequence[int] | None
    ) -> tuple[Any, Memory | None]:
        if self.embedding is not None and isinstance(source, Tensor):
            source = self.embedding(source)
        padded, ends = open_input(self.encoder, source, lengths)
        output, final_state = self.encoder(padded, lengths=ends)
        state = None if self.bridge is None else self.bridge(final_state)
        attention = self.decoder.attention
        if attention is None:
            return state, None
        return state, attention.prepare(swap_time(self.encoder, output), ends)


def _rows(layer: SequenceLayer, source: Tensor) -> int:
    return source.shape[0 if layer.batch_first else 1]


def _make_bridge(bridge: str | nn.Module, encoder: SequenceLayer, decoder: SequenceLayer) -> nn.Module | None:
    if isinstance(bridge, nn.Module):
        return bridge
    if bridge == "linear":
        return Bridge(encoder, decoder)
    if bridge == "same":
        sizes = state_sizes(encoder), state_sizes(decoder)
        if sizes[0] != sizes[1]:
            raise OptionError(
                f"bridge='same' needs states of the same sizes, but the encoder's has {sizes[0]} numbers a "
                f"sequence and the decoder's {sizes[1]}. Take bridge='linear'."
            )
        return nn.Identity()
    if bridge == "none":
        return None
    raise OptionError(
        f"`bridge` must be 'linear', 'same', 'none' or a torch.nn.Module, but it is {brief(bridge)}."
    )
