"""The page of a tagger shows what the report holds, and escapes what data hold."""

from dataclasses import replace

import pytest

from elman.report.tables.tags import confusion_table, span_table, tagged_sequences
from elman.report.tag import render_tag_report, tag_sections
from elman.tasks.results import EvaluationRecord, FlowPoint, ScoreRow, ScoreTable
from elman.tasks.results.tag import SpanRow, TaggedSequence, TagReport

ONE = TaggedSequence(
    name="s<1>",
    texts=["<b>", "Oslo", "x"],
    labels=["O", "B-LOC", None],
    tags=["O", "B-PER", "O"],
    probabilities=[0.9, 0.6, 0.5],
    first=4,
    num_steps=70,
    accuracy=0.5,
)
ROWS = [
    ScoreRow("elman", {"token accuracy": 0.9, "span F1": 0.8}, is_baseline=False),
    ScoreRow("majority tag", {"token accuracy": 0.5, "span F1": 0.0}, is_baseline=True),
]
REPORT = TagReport(
    title="tag of every step",
    labels=["B-LOC", "B-PER", "O"],
    scores=[ScoreTable("test", ROWS, 10, ["elman wins."], "tagger", "step")],
    spans=[SpanRow("all", 4, 2, 1)],
    confusion=[[1, 3, 0], [0, 2, 0], [0, 0, 1234]],
    examples=[ONE],
    hardest=[ONE],
    curve=[EvaluationRecord(10, 1.0, 0.5, 0.4, 1e-3, 1.0, is_best=True)],
    findings=[],
    configuration={"seed": 1},
    seconds=3.0,
    num_parameters=12,
    kernel="llvm: one loop",
    seconds_per_epoch=0.5,
    flow=[FlowPoint(50, "tagger.layer: layer 0", "state.0", (0, 1), (1.0, 0.5))],
)


def test_page_is_the_same_twice_and_has_every_section():
    page = render_tag_report(REPORT)
    assert page == render_tag_report(REPORT)
    for text in (
        "elman wins.",
        "10 scored steps",
        "12 parameters",
        "run by llvm",
        "0.5 s an epoch",
        "Hardest sequences",
    ):
        assert text in page


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"spans": []}, "spans"),
        ({"hardest": []}, "hardest"),
        ({"examples": []}, "examples"),
        ({"curve": []}, "learning"),
        ({"flow": []}, "gradient-flow"),
    ],
)
def test_what_is_not_there_has_no_section(changes: dict[str, object], slug: str):
    assert slug in [section.slug for section in tag_sections(REPORT)]
    assert slug not in [section.slug for section in tag_sections(replace(REPORT, **changes))]  # pyright: ignore[reportArgumentType]


def test_spans_are_shares_of_what_was_found_and_of_what_there_is():
    table = span_table(REPORT.spans)
    # 1 of 2 found is right, 1 of 4 true was found: F1 = 2 * 1 / (2 + 4).
    for share in ("50.0", "25.0", "33.3"):
        assert share in table


def test_confusion_names_labels_and_counts():
    table = confusion_table(REPORT.labels, REPORT.confusion)
    assert "1,234" in table
    assert "var(--mark) 34%" in table  # 3 of 4, of at most 45
    assert "20 most frequent" not in table
    many = [f"t{at}" for at in range(30)]
    folded = confusion_table(many, [[at] * 30 for at in range(30)])
    assert "The 20 most frequent of 30 labels." in folded
    assert ">t5<" not in folded


def test_sequences_are_escaped_and_mistakes_show_both_tags():
    text = tagged_sequences([ONE])
    assert "&lt;b&gt;" in text
    assert "<b>&lt;" not in text
    assert "<del>B-PER</del> <ins>B-LOC</ins>" in text
    assert "from step 4 of 70" in text
    assert text.count("<del>") == 1
