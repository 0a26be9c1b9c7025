"""`EncoderDecoder`: unequal lengths, unequal sizes, attention, teacher forcing."""

import pytest
import torch

from elman.layers import GRU, LSTM, AdditiveAttention, Bridge, EncoderDecoder, forcing_ratio

END = 5


def test_sequences_are_reversed():
    torch.manual_seed(0)
    network = EncoderDecoder(
        GRU(8, 24, bidirectional=True),
        LSTM(8 + 48, 32),
        num_source_symbols=5,
        num_symbols=6,
        attention_size=24,
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)

    def draw(batch_size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        lengths = torch.randint(2, 6, (batch_size,))
        source = torch.randint(5, (5, batch_size))
        targets = torch.full((6, batch_size), END)
        for row, length in enumerate(lengths.tolist()):
            targets[:length, row] = source[:length, row].flip(0)
        return source, targets, lengths

    for _ in range(250):
        source, targets, lengths = draw(64)
        optimizer.zero_grad()
        network.loss(source, targets, source_lengths=lengths, lengths=lengths + 1).backward()
        optimizer.step()
    source, targets, lengths = draw(200)
    written = network.generate(source, 6, source_lengths=lengths, end=END)
    padded = torch.full((6, 200), END)
    padded[: len(written.sequences)] = written.sequences
    assert (padded == targets).all(0).float().mean() >= 0.95
    assert written.attention is not None


def test_attention_is_one_over_the_sequence_and_zero_on_padding():
    attention = AdditiveAttention(3, 5).double()
    query, memory = torch.randn(2, 3).double(), torch.randn(4, 2, 5).double()
    memory[2:, 1] = torch.nan
    context, weights = attention(query, memory, [4, 2])
    torch.testing.assert_close(weights.sum(1), torch.ones(2).double())
    assert not weights[1, 2:].any()
    expected = torch.tanh(attention.query(query[1:]) + attention.key(memory[:2, 1]))
    row = (expected @ attention.score.weight[0]).softmax(0)
    torch.testing.assert_close(weights[1, :2], row)
    torch.testing.assert_close(context[1], row @ memory[:2, 1])


def test_forced_steps_are_the_call_through_time():
    torch.manual_seed(0)
    network = EncoderDecoder(GRU(3, 5), LSTM(6, 8), num_symbols=4).double()
    source, targets = torch.randn(7, 2, 3).double(), torch.randint(4, (5, 2))
    through = network(source, targets, source_lengths=[7, 3], lengths=[5, 2])
    state, _ = network._read(source, [7, 3])
    decoder = network.decoder
    truth = decoder.feed_all(targets, torch.ones(5, 2, dtype=torch.bool))
    stepped = decoder._step_through(truth, state, None, None, 1.0)
    torch.testing.assert_close(through[:, 0], stepped[:, 0])
    torch.testing.assert_close(through[:2, 1], stepped[:2, 1])
    assert not through[2:, 1].any()


def test_free_running_values_are_what_is_generated():
    network = EncoderDecoder(GRU(3, 5, bidirectional=True), GRU(2, 8)).double()
    source = torch.randn(7, 2, 3).double()
    predictions = network(source, torch.zeros(5, 2, 2).double(), teacher_forcing=0)
    torch.testing.assert_close(network.generate(source, 5).sequences, predictions)


def test_bridge_reaches_every_tensor_of_the_state():
    encoder, decoder = LSTM(3, 5, 2, bidirectional=True), LSTM(2, 4, 3)
    state = Bridge(encoder, decoder, activation="tanh")(encoder(torch.randn(6, 7, 3))[1])
    assert [tuple(part.shape) for part in state] == [(3, 7, 4), (3, 7, 4)]


@pytest.mark.parametrize("kind", ["linear", "exponential", "inverse sigmoid"])
def test_forcing_falls_from_start_to_end(kind: str):
    ratios = [forcing_ratio(step, 10, kind=kind, start=0.9, end=0.1) for step in range(12)]
    assert ratios[0] == pytest.approx(0.9)
    assert ratios[10] == ratios[11] == pytest.approx(0.1)
    assert sorted(ratios, reverse=True) == ratios
