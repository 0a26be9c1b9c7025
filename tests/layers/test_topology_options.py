"""Options of the networks that read and write sequences: draws, bridges, packed sources, refusals."""

from typing import Any

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from elman.errors import DtypeError, ElmanError, OptionError, ShapeError
from elman.layers import GRU, LSTM, AdditiveAttention, Bridge, EncoderDecoder, FeedbackDecoder

LOGITS = torch.tensor([1.0, 0.0, -1.0, 2.0])


def constant_decoder() -> FeedbackDecoder:
    """A decoder that says the same four logits whatever it has read."""
    decoder = FeedbackDecoder(GRU(3, 5), num_symbols=4)
    with torch.no_grad():
        decoder.head.weight.zero_()
        decoder.head.bias.copy_(LOGITS)
    return decoder


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_symbols_are_drawn_from_the_softmax_at_the_temperature(temperature: float):
    num = 20_000
    generator = torch.Generator().manual_seed(0)
    written = constant_decoder().generate(1, batch_size=num, temperature=temperature, generator=generator)
    shares = torch.bincount(written.sequences[0], minlength=4) / num
    expected = torch.exp(LOGITS / temperature) / torch.exp(LOGITS / temperature).sum()
    # Four standard deviations of a share.
    assert ((shares - expected).abs() <= 4 * (expected * (1 - expected) / num) ** 0.5).all()
    # The probability of what was written is that of the network, whatever the temperature.
    assert written.log_probability is not None
    torch.testing.assert_close(written.log_probability, LOGITS.log_softmax(0)[written.sequences[0]])


def test_draws_repeat_with_their_generator_and_without_a_temperature_there_are_none():
    decoder = constant_decoder()
    one, same, other = (
        decoder.generate(30, batch_size=2, temperature=2.0, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert torch.equal(one.sequences, same.sequences)
    assert not torch.equal(one.sequences, other.sequences)
    assert (decoder.generate(3, batch_size=2).sequences == LOGITS.argmax()).all()


def test_what_follows_the_end_is_the_end_and_counts_for_nothing():
    generator = torch.Generator().manual_seed(0)
    written = constant_decoder().generate(12, batch_size=50, end=2, temperature=3.0, generator=generator)
    assert written.log_probability is not None
    for row, length in enumerate(written.lengths.tolist()):
        sequence = written.sequences[:, row]
        assert (sequence[: length - 1] != 2).all()
        assert (sequence[length:] == 2).all()
        expected = LOGITS.log_softmax(0)[sequence[:length]].sum()
        torch.testing.assert_close(written.log_probability[row], expected)
    assert 1 < written.lengths.float().mean() < 12


def test_the_same_bridge_hands_the_state_over():
    network = EncoderDecoder(GRU(3, 5), GRU(2, 5), bridge="same").double()
    source, targets = torch.randn(7, 2, 3).double(), torch.randn(4, 2, 2).double()
    final_state = network.encoder(source)[1]
    torch.testing.assert_close(network(source, targets), network.decoder(targets, final_state))
    assert list(network.bridge.parameters()) == []  # pyright: ignore[reportOptionalMemberAccess]


def test_without_a_bridge_the_decoder_starts_afresh():
    network = EncoderDecoder(GRU(3, 5), LSTM(2, 8), bridge="none").double()
    source, targets = torch.randn(7, 2, 3).double(), torch.randn(4, 2, 2).double()
    torch.testing.assert_close(network(source, targets), network.decoder(targets))
    torch.testing.assert_close(network(source, targets), network(source + 1, targets))
    attentive = EncoderDecoder(GRU(3, 5), LSTM(7, 8), bridge="none", attention_size=4).double()
    assert not torch.allclose(attentive(source, targets), attentive(source + 1, targets))


def test_a_module_is_a_bridge():
    encoder, decoder = GRU(3, 5), LSTM(2, 4, 3)
    bridge = Bridge(encoder, decoder, activation="tanh")
    assert EncoderDecoder(encoder, decoder, bridge=bridge).bridge is bridge


def test_a_bridge_from_a_vector_is_an_affine_map():
    bridge, vector = Bridge(3, LSTM(2, 4)), torch.randn(5, 3)
    for part, map_ in zip(bridge(vector), bridge.maps, strict=True):
        weight, bias = map_.parameters()
        torch.testing.assert_close(part[0], vector @ weight.T + bias)


@pytest.mark.parametrize("attention_size", [None, 6])
def test_a_packed_source_is_the_padded_one(attention_size: int | None):
    decoder = LSTM(2 if attention_size is None else 12, 4)
    network = EncoderDecoder(GRU(3, 5, bidirectional=True), decoder, attention_size=attention_size).double()
    source, targets, lengths = torch.randn(7, 3, 3).double(), torch.randn(4, 3, 2).double(), [4, 7, 2]
    for row, length in enumerate(lengths):
        source[length:, row] = torch.nan
    packed = pack_padded_sequence(source, torch.tensor(lengths), enforce_sorted=False)
    expected = network(source, targets, source_lengths=lengths)
    torch.testing.assert_close(network(packed, targets), expected)
    written = network.generate(source, 5, source_lengths=lengths)
    torch.testing.assert_close(network.generate(packed, 5).sequences, written.sequences)


@pytest.mark.parametrize("attention_size", [None, 6])
@pytest.mark.parametrize("encoder_first", [False, True])
@pytest.mark.parametrize("decoder_first", [False, True])
def test_a_layout_changes_no_number(encoder_first: bool, decoder_first: bool, attention_size: int | None):
    def build(encoder_first: bool, decoder_first: bool) -> EncoderDecoder:
        torch.manual_seed(0)
        width = 3 if attention_size is None else 8
        decoder = GRU(width, 4, batch_first=decoder_first)
        return EncoderDecoder(
            GRU(3, 5, batch_first=encoder_first), decoder, num_symbols=6, attention_size=attention_size
        ).double()

    source, targets = torch.randn(7, 2, 3).double(), torch.randint(6, (4, 2))
    lengths: dict[str, Any] = {"source_lengths": [7, 3], "lengths": [2, 4]}
    plain, network = build(False, False), build(encoder_first, decoder_first)
    own_source = source.transpose(0, 1) if encoder_first else source
    own_targets = targets.T if decoder_first else targets
    expected = plain(source, targets, **lengths)
    predictions = network(own_source, own_targets, **lengths)
    torch.testing.assert_close(predictions.transpose(0, 1) if decoder_first else predictions, expected)
    torch.testing.assert_close(
        network.loss(own_source, own_targets, **lengths), plain.loss(source, targets, **lengths)
    )
    theirs, ours = plain.generate(source, 5, end=1), network.generate(own_source, 5, end=1)
    assert torch.equal(ours.sequences.T if decoder_first else ours.sequences, theirs.sequences)
    assert torch.equal(ours.lengths, theirs.lengths)
    assert (ours.attention is None) == (attention_size is None)
    if ours.attention is not None and theirs.attention is not None:
        attention = ours.attention.transpose(0, 1) if decoder_first else ours.attention
        torch.testing.assert_close(attention, theirs.attention)


def symbols(**options: Any) -> FeedbackDecoder:
    return FeedbackDecoder(GRU(3, 5), num_symbols=4, **options)


def values(**options: Any) -> FeedbackDecoder:
    return FeedbackDecoder(GRU(3, 5), **options)


def attentive() -> FeedbackDecoder:
    return FeedbackDecoder(GRU(5, 5), attention=AdditiveAttention(5, 2, 3))


ZEROS = torch.zeros(6, 2, dtype=torch.int64)
REFUSALS: list[tuple[Any, type[ElmanError], str]] = [
    (lambda: symbols()(torch.zeros(6, 2)), DtypeError, "`targets` must be integers, but their dtype is"),
    (lambda: values()(ZEROS), DtypeError, "`targets` must be floating point, but their dtype is torch.int64"),
    (lambda: symbols()(ZEROS[0]), ShapeError, r"`targets` must have shape \(T, N\), but they have \(2,\)"),
    (
        lambda: values()(torch.zeros(6, 2, 4)),
        ShapeError,
        r"must have shape \(T, N, 3\), but they have \(6, 2, 4\)",
    ),
    (lambda: symbols()(ZEROS, teacher_forcing=1.5), OptionError, r"`teacher_forcing` must be in \[0, 1\]"),
    (
        lambda: symbols()(ZEROS, context=torch.zeros(2, 3)),
        OptionError,
        "context_size=0 features, but there is one",
    ),
    (lambda: symbols(context_size=1)(ZEROS), OptionError, "context_size=1 features, but there is none"),
    (
        lambda: symbols(context_size=1)(ZEROS, context=torch.zeros(3, 1)),
        ShapeError,
        r"`context` must have shape \(N, C\) = \(2, 1\), or have T = 6 .* beside, but it has shape \(3, 1\)",
    ),
    (
        lambda: attentive()(torch.zeros(6, 2, 3)),
        OptionError,
        "`memory` must be given to a decoder with attention",
    ),
    (lambda: symbols().generate(3), ShapeError, "`batch_size` must say how many sequences to write"),
    (lambda: symbols().generate(0, batch_size=2), OptionError, "`num_steps` must be"),
    (
        lambda: symbols().generate(3, batch_size=2, end=4),
        OptionError,
        r"`end` must be a symbol in 0..3, but it is 4",
    ),
    (
        lambda: symbols().generate(3, batch_size=2, temperature=0),
        OptionError,
        "`temperature` must be more than 0",
    ),
    (
        lambda: values().generate(3, batch_size=2, temperature=1),
        OptionError,
        "this decoder writes real values",
    ),
    (lambda: values().generate(3, batch_size=2, end=1), OptionError, "this decoder writes real values"),
    (lambda: FeedbackDecoder(GRU(3, 5), context_size=3), OptionError, "input_size must be more than 3"),
    (lambda: FeedbackDecoder(GRU(3, 5, bidirectional=True)), OptionError, "`layer` must read forward only"),
    (
        lambda: FeedbackDecoder(torch.nn.Linear(3, 5)),  # pyright: ignore
        DtypeError,
        "`layer` must be a layer over sequences",
    ),
    (
        lambda: EncoderDecoder(GRU(3, 5), GRU(3, 6), bridge="same"),
        OptionError,
        "bridge='same' needs states of the",
    ),
    (
        lambda: EncoderDecoder(GRU(3, 5), GRU(3, 6), bridge="other"),
        OptionError,
        "`bridge` must be 'linear', 'same',",
    ),
    (lambda: Bridge(3, LSTM(2, 4))(torch.zeros(2, 4)), ShapeError, r"`source` must have shape \(N, 3\)"),
    (lambda: Bridge(3, LSTM(2, 4))((torch.zeros(2, 3),)), ShapeError, "`source` must be one tensor"),
    (
        lambda: Bridge(GRU(3, 5), LSTM(2, 4))(torch.zeros(1, 2, 6)),
        ShapeError,
        r"must be the encoder's final state, with \[5\] numbers a sequence, but it has \[6\]",
    ),
    (lambda: Bridge(GRU(3, 5), LSTM(2, 4), activation="relu"), OptionError, "`activation` must be one of"),
]


@pytest.mark.parametrize(("call", "error", "said"), REFUSALS)
def test_wrong_call_is_refused(call: Any, error: type[ElmanError], said: str):
    with pytest.raises(error, match=said):
        call()


def test_what_says_how_many_sequences_to_write():
    decoder = symbols(context_size=1)
    assert decoder.generate(3, context=torch.zeros(4, 1)).sequences.shape == (3, 4)
    assert decoder.generate(3, context=torch.zeros(3, 4, 1)).sequences.shape == (3, 4)
    assert symbols().generate(3, torch.zeros(1, 4, 5)).sequences.shape == (3, 4)
    reader = attentive()
    assert reader.attention is not None
    memory = reader.attention.prepare(torch.zeros(6, 4, 2), None)
    assert reader.generate(3, memory=memory).sequences.shape == (3, 4, 3)
