"""A language model learns what there is, says the same however it is asked, and comes back as it was."""

import codecs
from itertools import count
from math import exp, log
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from elman.cells import ALL_CELLS
from elman.errors import DataError, NonFiniteError, OptionError, RunError
from elman.tasks.language_model import LanguageModel
from elman.tasks.observer import Observer
from elman.tasks.text.options import TextOptions
from elman.tasks.text.reading import log_probabilities, read_rows
from elman.tasks.text.segments import Segments

SMALL = {"hidden_size": 12, "segment": 8, "batch_size": 4}
TEXT = "the cat sat on the mat and the dog sat on the log.\nthe end of it all\n" * 12


def small(**options: object) -> TextOptions:
    return TextOptions(**{**SMALL, "num_steps": 6, **options})  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return LanguageModel(small()).fit(TEXT)


def test_a_cycle_is_learned_and_generated():
    options = small(hidden_size=24, num_steps=150, learning_rate=0.02, dropout=0.0, batch_size=8)
    cycle = LanguageModel(options).fit("abcd" * 200)
    nats = next(iter(cycle.evaluate().rows[0].metrics.values()))
    # A cycle has no entropy: what is left shrinks with every step, and log 4 is knowing nothing.
    assert nats is not None
    assert nats < 0.05 < log(4)
    assert cycle.generate(8, prompt="ab").continuation == "cdabcdab"


def test_network_reads_as_torch_does(model: LanguageModel):
    network = model.network
    codes = model.vocabulary.encode(TEXT[:40])
    twin = torch.nn.GRU(64, 12)
    twin.load_state_dict(network.layers.layers[0].state_dict())
    features = twin(network.embedding(torch.from_numpy(codes))[:, None])[0][:, 0]
    logits = features @ network.head.weight.T + network.head.bias
    expected = logits[:-1].log_softmax(-1).gather(1, torch.from_numpy(codes)[1:, None])[:, 0]
    # Single precision, sums of 64 products in another order.
    np.testing.assert_allclose(log_probabilities(network, codes, 1), expected.detach(), atol=1e-5)


def test_rows_side_by_side_score_as_one_row(model: LanguageModel):
    codes = model.vocabulary.encode(TEXT)
    rows = log_probabilities(model.network, codes, 300, context=300)
    whole = read_rows(model.network, torch.from_numpy(codes)[:, None])[299:, 0].numpy()
    assert len(rows) == len(codes) - 300
    # The first row reads from the beginning of the text, as a whole; the tolerance is rounding.
    np.testing.assert_allclose(rows[:50], whole[:50], atol=1e-5)
    # The others begin 300 symbols before; what was before that is forgotten but for a trace.
    np.testing.assert_allclose(rows, whole, atol=1e-2)


def test_the_state_is_carried_from_segment_to_segment():
    options = small(learning_rate=1e-30, weight_decay=0.0, dropout=0.0, num_steps=5, test=0.0)
    losses: list[float] = []
    model = LanguageModel(options).fit(
        TEXT, observer=Observer(on_step=lambda step, loss: losses.append(loss))
    )
    segments = Segments(
        model._fitted.parts.codes[: model._fitted.parts.validation_start],
        length=5 * 8,
        batch_size=4,
        seed=options.seed,
    )
    input, target = segments.batch(1)
    rows = torch.cat([input, target[-1:]])
    # Weights that do not move: five segments in a row lose what one of five times their length does.
    assert np.mean(losses) == pytest.approx(-float(read_rows(model.network, rows).mean()), abs=1e-5)


@pytest.mark.parametrize("unit", ["character", "byte", "word"])
def test_a_line_scores_the_same_in_any_batch_and_in_pieces(unit: str):
    fitted = LanguageModel(small(unit=unit)).fit(TEXT)
    lines = ["the cat sat", "", "on the mat.", "zebra ü", "the dog sat on the log and the mat"]
    together, alone = fitted.score(lines), fitted.score(lines, batch_size=1)
    for one, other in zip(together, alone, strict=True):
        assert one.log_probability == pytest.approx(other.log_probability, abs=1e-4)
    stream = fitted.stream()
    pieces = [stream.push("the cat"), stream.push(" sat"), stream.push("\n")]
    assert sum(piece or 0 for piece in pieces) == pytest.approx(together[0].log_probability, abs=1e-4)
    assert stream.push("") is None
    assert (
        together[3].unknown == {"character": ("z", "b", "r", "ü"), "byte": (), "word": ("zebra", "ü")}[unit]
    )


def test_probabilities_of_the_next_symbol_sum_to_one(model: LanguageModel):
    known = model.vocabulary.symbols
    endings = [model.score(["the " + symbol])[0] for symbol in known if symbol != "\n"]
    assert [one.num_symbols for one in endings] == [6] * (len(known) - 1)
    chances = []
    for symbol in [*known, "Ω"]:
        stream = model.stream()
        stream.push("the ")
        chances.append(exp(stream.push(symbol) or 0))
    assert sum(chances) == pytest.approx(1, abs=1e-6)


def test_a_saved_model_says_the_same(model: LanguageModel, tmp_path: Path):
    model.save(tmp_path / "model.safetensors")
    loaded = LanguageModel.load(tmp_path / "model.safetensors")
    assert loaded.score(["the mat", "é"]) == model.score(["the mat", "é"])
    assert loaded.generate(30, seed=4) == model.generate(30, seed=4)
    assert loaded.evaluate(TEXT) == model.evaluate()
    with pytest.raises(RunError, match="does not hold its text"):
        loaded.evaluate()


def test_a_prompt_with_unknown_symbols_is_read_and_they_are_named(model: LanguageModel):
    written = model.generate(20, prompt="the é Ж é")
    assert written.unknown == ("é", "Ж")
    assert written.text.startswith("the é Ж é")
    assert "\N{REPLACEMENT CHARACTER}" not in written.continuation


@pytest.mark.parametrize("cell", ["gru", "elman", "multiplicative_lstm", "layer_norm_lstm"])
def test_any_cell_learns(cell: str):
    assert cell in ALL_CELLS
    losses: list[float] = []
    options = small(cell=cell, num_layers=2, tied=True, weight_dropout=0.1, input_dropout=0.1, num_steps=60)
    LanguageModel(options).fit(TEXT, observer=Observer(on_step=lambda step, loss: losses.append(loss)))
    assert np.mean(losses[-10:]) < np.mean(losses[:5]) - 0.2


@pytest.mark.parametrize(
    "text",
    [
        "abcdefghij" * 2,
        "日本語のテキストは短いですよ。",
        "Ünïcödé ist möglich\r\nauch hier\r\n",
        "שלום עולם וכל מי שבו",
    ],
)
def test_a_text_shorter_than_a_segment_works(text: str):
    model = LanguageModel(TextOptions(hidden_size=4, num_steps=2)).fit(text)
    assert model.evaluate().num_origins >= 1
    assert len(model.generate(5).continuation) == 5
    assert model.report().samples


def test_too_short_a_text_is_refused_in_a_sentence():
    with pytest.raises(
        DataError, match=r"^The text holds 3 characters; a language model needs 10 or more\.$"
    ):
        LanguageModel().fit("abc")
    with pytest.raises(DataError, match="leave nothing to learn from; choose smaller shares"):
        LanguageModel(small(test=0.95)).fit("abcdefghijkl")


def test_baselines_learn_from_all_text_before_the_part(model: LanguageModel):
    table = model.evaluate()
    codes, start = model._fitted.parts.part("test")
    counts = np.bincount(codes[:start], minlength=len(model.vocabulary))
    distinct = (counts > 0).sum()
    chances = (counts + distinct / len(model.vocabulary)) / (start + distinct)
    expected = -np.log(chances[codes[start:]]).mean()
    unigram = table.rows[3]
    assert unigram.metrics["nats per character"] == pytest.approx(expected, rel=1e-12)
    assert unigram.metrics["bits per character"] == pytest.approx(expected / log(2), rel=1e-12)
    assert unigram.metrics["perplexity"] == pytest.approx(exp(expected), rel=1e-12)


def test_training_stopped_and_continued_ends_with_the_same_bits(tmp_path: Path):
    options = small(num_steps=48, dropout=0.2)
    whole = LanguageModel(options).fit(TEXT)

    class StopError(Exception):
        pass

    def stop_after_the_third(record: object) -> None:
        seen.append(record)
        if len(seen) == 3:
            raise StopError

    seen: list[object] = []
    with pytest.raises(StopError):
        LanguageModel(options).fit(
            TEXT, checkpoint=tmp_path / "state", observer=Observer(on_record=stop_after_the_third)
        )
    continued = LanguageModel(options).fit(TEXT, checkpoint=tmp_path / "state")
    for name, weight in whole.network.state_dict().items():
        assert torch.equal(weight, continued.network.state_dict()[name]), name
    assert len(continued.report().curve) == len(whole.report().curve)
    with pytest.raises(RunError, match=r"belongs to a run with other options: dropout was 0\.2, now 0\.3"):
        LanguageModel(small(num_steps=48, dropout=0.3)).fit(TEXT, checkpoint=tmp_path / "state")


def test_bytes_are_decoded_as_a_file_would_be():
    assert (
        LanguageModel(small()).check(TEXT.encode("utf-32")).lengths
        == LanguageModel(small()).check(TEXT).lengths
    )
    with pytest.raises(
        DataError, match=r"The text is no text in utf-8 \(byte 0xff in line 1\); name its encoding"
    ):
        LanguageModel(small()).check(b"ab\xff" * 20)


def test_a_budget_of_seconds_ends_with_it(monkeypatch: pytest.MonkeyPatch):
    ticks = count()
    clock = SimpleNamespace(perf_counter=lambda: next(ticks) * 0.01)  # each look at it takes 10 ms
    monkeypatch.setattr("elman.training.evaluations.time", clock)
    curve = LanguageModel(small(num_steps=None, seconds=2.0)).fit(TEXT).report().curve
    assert len(curve) == 12
    assert curve[-1].seconds >= 2.0 > curve[-2].seconds
    assert curve[-1].learning_rate < 0.02 * max(record.learning_rate for record in curve)


def test_divergence_ends_with_one_error():
    with pytest.raises(NonFiniteError, match=r"at last to 0\.125 of the learning rate, did not help"):
        LanguageModel(small(learning_rate=1e38, num_steps=100)).fit(TEXT)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "letter"}, "`unit` must be one of character, byte, word"),
        ({"cell": "lstmm"}, "`cell` must be one of .*lstm.*but it is 'lstmm'"),
        ({"cell": "GRU"}, r"but it is 'GRU'\. Did you mean 'gru'\?"),
        ({"seconds": 1.0, "num_steps": 1}, "`seconds` and `num_steps` are two budgets: give one of them"),
        ({"seconds": float("inf")}, "`seconds` must be a"),
        ({"dropout": 1.0}, r"`dropout` must be in \[0, 1\), but it is 1.0"),
        ({"hidden_size": 0}, "`hidden_size` must be a whole number, 1 or more, but it is 0"),
        ({"validation": 0}, r"`validation` must be in \(0, 1\), but it is 0"),
        ({"seed": -1}, r"`seed` must be a whole number, in \[0, 4294967295\], but it is -1"),
    ],
)
def test_illegal_options_are_refused(options: dict, message: str):
    with pytest.raises(OptionError, match=message):
        TextOptions(**options)


def test_units_that_hold_on_are_found():
    """Of two units, one follows the present symbol and one holds for a while: the second is shown."""
    model = LanguageModel(small(hidden_size=2)).fit(TEXT)
    network, length = model.network, 200
    codes = np.arange(length) % 2 + 1
    held = np.repeat([1.0, -1.0], length // 2)
    features = torch.from_numpy(np.stack([codes * 2.0 - 3.0, held], axis=1)).float()[:, None]
    network.features = lambda codes, state=None: (features, None)  # pyright: ignore[reportAttributeAccessIssue]
    from elman.tasks.text.activity import watch_units

    (shown,) = watch_units(network, codes, 1)
    assert (shown.unit, list(shown.values)) == (1, held.tolist())


def test_source_text_of_the_standard_library_beats_knowing_nothing():
    import this

    zen = codecs.decode(this.s, "rot13")  # pyright: ignore[reportAttributeAccessIssue]
    model = LanguageModel(small(hidden_size=32, num_steps=80, learning_rate=0.02, ngram=0)).fit(zen * 4)
    ours, fivegram, unigram = [row.metrics["nats per character"] or 0 for row in model.evaluate().rows]
    assert fivegram < ours < unigram
    assert "is better" in model.evaluate().verdict[0]


def test_dropping_recurrent_weights_where_there_are_none_is_refused():
    with pytest.raises(OptionError, match="`weight_dropout` drops recurrent weights, and 'min_gru' has none"):
        LanguageModel(small(cell="min_gru", weight_dropout=0.1)).fit(TEXT)
