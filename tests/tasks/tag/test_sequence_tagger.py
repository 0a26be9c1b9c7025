"""A tagger learns what stands in the sequence, reads no test part, and says the same however it is asked."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from tag_samples import look_ahead, look_back, options, tagger_of_letters, tagger_of_numbers

from elman.data.step_tables import StepColumns, read_steps
from elman.errors import ColumnError, DataError, OptionError, RunError
from elman.tasks import Observer, SequenceTagger
from elman.tasks.tag.inputs import StepEncoder
from elman.tasks.tag.learning import TagTraining
from elman.tasks.tag.network import TagBatch, TagNetwork, TagSizes
from elman.tasks.tag.scoring import probabilities_of


@pytest.fixture(scope="module")
def letters() -> SequenceTagger:
    return tagger_of_letters(120).fit(look_ahead())


@pytest.fixture(scope="module")
def numbers() -> SequenceTagger:
    return tagger_of_numbers(150).fit(look_back())


def accuracies(tagger: SequenceTagger, part: str = "test") -> dict[str, float | None]:
    return {row.model: row.metrics["token accuracy"] for row in tagger.evaluate(part=part).rows}


def test_tags_that_need_the_future_are_learned_in_both_directions(letters: SequenceTagger):
    scores = accuracies(letters)
    assert scores.pop("elman (LSTM, both directions)") == 1.0
    assert max(score for score in scores.values() if score is not None) < 0.8


def test_tags_that_need_the_past_are_learned_by_a_stream(numbers: SequenceTagger):
    scores = accuracies(numbers)
    network = scores.pop("elman (LSTM)")
    assert network is not None
    # Numbers near the border are told apart late; no rule that reads one step alone comes near.
    assert network > 0.9 > 0.7 > max(score for score in scores.values() if score is not None)


def test_baselines_are_what_counting_gives(letters: SequenceTagger):
    fit = letters.fitted
    names = [fit.table.names[one] for one in fit.parts.training]
    training = look_ahead().filter(pl.col("line").is_in(names))
    overall = Counter(training["next"])
    by_letter = {one: Counter(training.filter(letter=one)["next"]) for one in "ab"}
    test = look_ahead().filter(pl.col("line").is_in([fit.table.names[one] for one in fit.parts.test]))
    tags = [by_letter[one].most_common(1)[0][0] for one in test["letter"]]
    scores = accuracies(letters)
    assert scores["most frequent tag of the symbol"] == pytest.approx(
        np.mean(np.array(tags) == test["next"].to_numpy())
    )
    majority = overall.most_common(1)[0][0]
    assert scores["majority tag"] == pytest.approx((test["next"] == majority).mean())


def test_a_sequence_is_tagged_alone_as_among_others(letters: SequenceTagger):
    together = letters.predict(look_ahead(seed=1))
    for name in ("s0", "s7", "s59"):
        alone = letters.predict(look_ahead(seed=1).filter(line=name))
        among = together.filter(line=name)
        assert alone["tag"].to_list() == among["tag"].to_list()
        # Sums over a batch of another size may round otherwise.
        assert alone["probability"].to_numpy() == pytest.approx(among["probability"].to_numpy(), abs=1e-6)


def test_prediction_keeps_the_rows_where_they_stood(letters: SequenceTagger):
    table = look_ahead(seed=2)
    shuffled = table.sample(fraction=1, shuffle=True, seed=3)
    tagged = letters.predict(shuffled)
    assert tagged.select(table.columns).equals(shuffled)
    expected = letters.predict(table).select("line", "at", "tag")
    assert tagged.select("line", "at", "tag").sort("line", "at").equals(expected.sort("line", "at"))


def test_a_column_that_is_called_tag_is_kept():
    table = look_ahead().rename({"next": "tag"})
    tagged = SequenceTagger(label="tag", sequence="line", options=options(4)).fit(table).predict(table)
    assert tagged["tag"].equals(table["tag"])
    assert tagged.columns[-2:] == ["elman_tag", "probability"]


def test_labels_are_not_needed_to_predict(letters: SequenceTagger):
    with_labels = letters.predict(look_ahead())
    assert letters.predict(look_ahead().drop("next"))["tag"].equals(with_labels["tag"])


def test_new_and_missing_symbols_and_numbers_are_read(letters: SequenceTagger, numbers: SequenceTagger):
    odd = pl.DataFrame({"line": ["x"] * 3, "at": [1, 2, 3], "letter": ["a", "zebra", None]})
    assert letters.predict(odd)["probability"].is_between(0, 1).all()
    gaps = pl.DataFrame({"line": ["x"] * 3, "value": [1.0, None, float("nan")]})
    assert numbers.predict(gaps)["probability"].is_between(0, 1).all()


def test_stream_says_what_prediction_says(numbers: SequenceTagger):
    table = look_back(8, seed=5).with_columns(value=pl.when(pl.col("at") == 2).then(None).otherwise("value"))
    stream = numbers.stream()
    # Step by step in turn: the rows of the sequences are mixed.
    mixed = table.sort("at", "line")
    pushed = [stream.push(row) for row in mixed.iter_rows(named=True)]
    found = numbers.predict(mixed)
    for row, one in zip(found.iter_rows(named=True), pushed, strict=True):
        assert one is not None
        assert one.row(0, named=True) == {
            "line": row["line"],
            "tag": row["tag"],
            # A step alone may be summed in another order.
            "probability": pytest.approx(row["probability"], abs=1e-6),
        }


def test_stream_passes_over_a_row_with_none_of_its_columns(numbers: SequenceTagger):
    assert numbers.stream().push({"weather": "fine"}) is None


def test_stream_takes_text_and_refuses_what_is_no_number(numbers: SequenceTagger):
    as_number, as_text = numbers.stream().push({"value": 3.5}), numbers.stream().push({"value": "3.5"})
    assert as_number is not None
    assert as_text is not None
    assert as_number.equals(as_text)
    with pytest.raises(ColumnError, match="The feature 'value' must be a number, but it is 'warm'"):
        numbers.stream().push({"value": "warm"})


def test_tagger_of_both_directions_has_no_stream(letters: SequenceTagger):
    with pytest.raises(OptionError, match="reads sequences from both ends, and a stream has no end"):
        letters.stream()


@pytest.mark.parametrize("characters", [True, False])
@pytest.mark.parametrize("cell", ["gru", "minimal_gated"])
def test_saved_tagger_gives_the_same_bits(tmp_path: Path, cell: str, characters: bool):
    tagger = tagger_of_letters(4, cell=cell, num_layers=2, characters=characters).fit(look_ahead())
    tagger.save(tmp_path / "model")
    again = SequenceTagger.load(tmp_path / "model")
    assert again.predict(look_ahead()).equals(tagger.predict(look_ahead()))
    again.restore_fit(look_ahead())
    assert again.evaluate() == tagger.evaluate()


def test_damaged_file_is_refused(tmp_path: Path):
    (tmp_path / "model").write_bytes(b"nothing")
    with pytest.raises(RunError, match="is damaged or was not written by elman"):
        SequenceTagger.load(tmp_path / "model")


def test_test_part_does_not_reach_the_weights(letters: SequenceTagger):
    first = tagger_of_letters().fit(look_ahead())
    names = [first.fitted.table.names[one] for one in first.fitted.parts.test]
    spoilt = look_ahead().with_columns(
        next=pl.when(pl.col("line").is_in(names)).then(pl.lit("never seen")).otherwise("next"),
        letter=pl.when(pl.col("line").is_in(names)).then(pl.lit("q")).otherwise("letter"),
    )
    second = tagger_of_letters().fit(spoilt)
    assert second.model.encoder == first.model.encoder
    assert second.predict(look_ahead()).equals(first.predict(look_ahead()))


def test_given_parts_are_used_whole():
    parts = [look_ahead(20, seed) for seed in (1, 2, 3)]
    tagger = tagger_of_letters(4).fit(*parts)
    assert tagger.evaluate(part="test").num_origins == parts[2].height
    assert tagger.evaluate(part="validation").num_origins == parts[1].height
    assert len(tagger.fitted.parts.training) == 20


def test_steps_without_a_label_are_read_and_not_scored():
    table = look_ahead().with_columns(next=pl.when(pl.col("at") != 1).then("next"))
    tagger = tagger_of_letters(4).fit(table)
    held_out = [tagger.fitted.table.names[one] for one in tagger.fitted.parts.test]
    expected = table.filter(pl.col("line").is_in(held_out))["next"].drop_nulls().len()
    assert tagger.evaluate().num_origins == expected
    assert "60 of" in tagger.fitted.table.findings[0].message


def test_continued_training_ends_with_the_same_bits(tmp_path: Path):
    whole = tagger_of_letters(12, characters=True, dropout=0.3).fit(look_ahead())

    class StopError(Exception):
        pass

    def stop(step: int, loss: float) -> None:
        if step == 8:
            raise StopError

    cut = tagger_of_letters(12, characters=True, dropout=0.3)
    with pytest.raises(StopError):
        cut.fit(look_ahead(), checkpoint=tmp_path / "state", observer=Observer(on_step=stop))
    cut.fit(look_ahead(), checkpoint=tmp_path / "state")
    assert cut.predict(look_ahead()).equals(whole.predict(look_ahead()))


def test_training_does_not_go_on_with_other_labels(tmp_path: Path):
    tagger_of_letters(4).fit(look_ahead(), checkpoint=tmp_path / "state")
    renamed = look_ahead().with_columns(next=pl.col("next").replace("end", "stop"))
    with pytest.raises(RunError, match=r"labels was \['a', 'b', 'end'\], now \['a', 'b', 'stop'\]"):
        tagger_of_letters(4).fit(renamed, checkpoint=tmp_path / "state")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (look_ahead(1), "There is 1 sequence, too few"),
        (look_ahead(2), "There are 2 sequences, too few"),
        (look_ahead().with_columns(next=pl.lit("a")), "holds the one label 'a'"),
        (
            look_ahead().with_columns(next=pl.lit(None, dtype=pl.String)),
            "No step of the training part has a label",
        ),
    ],
)
def test_data_that_cannot_be_learned_from_are_refused(table: pl.DataFrame, message: str):
    with pytest.raises(DataError, match=message):
        tagger_of_letters().fit(table)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"validation": 0}, "`validation` must not be 0"),
        ({"validation": 0.5, "test": 0.5}, "must leave something to learn from"),
        ({"class_weights": "even"}, "`class_weights` must be one of 'none', 'balanced'"),
        ({"dropout": 1.0}, r"`dropout` must be a share in \[0, 1\)"),
        ({"hidden_size": 0}, "`hidden_size` must be a positive integer"),
        ({"cell": "lstmm"}, "`cell` must be one of"),
    ],
)
def test_illegal_options_are_refused(wrong: dict[str, object], message: str):
    with pytest.raises(OptionError, match=message):
        options(**wrong)  # pyright: ignore[reportArgumentType]


def test_balanced_weights_are_those_of_the_formula():
    # Labels a, a, a, b: 4 / (2 * 3) and 4 / (2 * 1).
    table = read_steps(
        pl.DataFrame({"s": [1, 1, 2, 2], "x": [1.0, 2.0, 3.0, 4.0], "y": ["a", "a", "a", "b"]}),
        StepColumns("y", "s", None, None, ("x",)),
    )
    encoder = StepEncoder.fit(table, np.arange(4), reads_spelling=False)
    chosen = options(class_weights="balanced", stream=True)
    network = TagNetwork(TagSizes(1, (), 0, 2), chosen)
    parts = (np.array([0, 1]), np.array([0]))
    training = TagTraining(network, encoder.encode(table), encoder, chosen, parts)
    assert training.weights is not None
    assert training.weights.tolist() == pytest.approx([4 / 6, 4 / 2])


def test_long_sequences_are_cut_for_training_alone():
    tagger = tagger_of_letters(4, segment=2).fit(look_ahead())
    assert tagger.predict(look_ahead()).height == look_ahead().height


def test_spelling_of_a_symbol_does_not_depend_on_the_others():
    network = TagNetwork(TagSizes(0, (3,), 10, 2), options()).eval()
    assert network.spelling is not None
    spellings = torch.zeros(2, 6, dtype=torch.long)
    spellings[0, :2], spellings[1] = torch.tensor([4, 5]), torch.tensor([4, 5, 6, 7, 8, 9])
    alone = network.spelling(spellings[:1, :2])
    # A shorter convolution may sum in another order.
    torch.testing.assert_close(network.spelling(spellings)[:1], alone, atol=1e-6, rtol=1e-5)
    assert not torch.allclose(network.spelling(spellings)[0], network.spelling(spellings)[1])


def test_loss_of_a_batch_is_the_mean_over_its_real_steps():
    tagger = tagger_of_letters(4).fit(look_ahead())
    fit, model = tagger.fitted, tagger.model
    parts = (fit.parts.training, fit.parts.validation)
    training = TagTraining(model.network, fit.steps, model.encoder, tagger.options, parts)
    starts, labels = fit.steps.starts, fit.steps.labels
    found = probabilities_of(model.network, fit.steps, fit.parts.validation, "cpu")
    rows = np.concatenate([np.arange(int(starts[one]), int(starts[one + 1])) for one in fit.parts.validation])
    with torch.no_grad():
        # Logarithms of float32 probabilities.
        assert training.validation_loss() == pytest.approx(
            -np.log(found[rows, labels[rows]]).mean(), rel=1e-5
        )


def test_padding_reaches_neither_output_nor_gradient():
    network = TagNetwork(TagSizes(2, (), 0, 3), options()).eval()
    values = torch.randn(5, 2, 2)
    values[3:, 1] = float("nan")
    empty = torch.zeros(5, 2, dtype=torch.long)
    batch = TagBatch(values, empty[..., None][..., :0], empty, empty, empty, torch.tensor([5, 3]))
    logits = network(batch)
    assert bool(logits.isfinite().all())
    logits.sum().backward()
    assert all(bool(one.grad.isfinite().all()) for one in network.parameters() if one.grad is not None)


def test_class_without_a_test_part_is_judged_by_the_validation_part():
    tagger = tagger_of_letters(4)
    tagger.options = replace(tagger.options, test=0.0)
    tagger.fit(look_ahead())
    assert tagger.evaluate(part="validation").part == "validation"
    with pytest.raises(OptionError, match="was fitted without a test part"):
        tagger.evaluate()
    assert [scores.part for scores in tagger.report().scores] == ["validation"]
