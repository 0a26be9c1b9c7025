"""What a tagger did, as tables and text: spans by type, labels against tags, tagged sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from elman.report.formatting import count, percent
from elman.report.markup import Html, element
from elman.report.tables.table import row, table

if TYPE_CHECKING:
    from elman.tasks.results.tag import SpanRow, TaggedSequence

_MOST_LABELS = 20


def span_table(spans: Sequence[SpanRow]) -> Html:
    """Write precision, recall and F1 of spans, all together and by type."""
    rows = [
        row(
            "all types" if one.type == "all" else one.type,
            [*map(percent, (one.precision, one.recall, one.f1)), f"{one.num_true:,}", f"{one.num_found:,}"],
            "network" if one.type == "all" else None,
        )
        for one in spans
    ]
    caption = "A span counts as found only if its type and both its ends are right."
    return table(caption, ["type", "precision", "recall", "F1", "spans", "found"], rows)


def confusion_table(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> Html:
    """Write which tags the steps of each label were given; darker cells are larger shares of a row."""
    totals = [sum(counts) for counts in confusion]
    order = sorted(range(len(labels)), key=lambda at: -totals[at])
    shown = sorted(order[:_MOST_LABELS])
    rows = [row(labels[at], [_cell(confusion[at][to], totals[at], at == to) for to in shown]) for at in shown]
    left_out = (
        f" The {_MOST_LABELS} most frequent of {len(labels)} labels." if len(shown) < len(labels) else ""
    )
    caption = f"Steps by their label (row) and the tag they were given (column).{left_out}"
    return table(caption, ["label", *(labels[to] for to in shown)], rows)


def _cell(number: int, total: int, is_right: bool) -> Html:
    share = number / total if total else 0.0
    color = "var(--network)" if is_right else "var(--mark)"
    shade = f"background: color-mix(in srgb, {color} {round(45 * share)}%, transparent)" if number else None
    return element("td", f"{number:,}" if number else "·", style=shade, title=percent(share))


def tagged_sequences(sequences: Sequence[TaggedSequence]) -> Html:
    """Write sequences step by step: what was read, the tag below it, and the label where it differs."""
    told = "Below each step its tag, unless it is O. A wrong one is struck out, and the label follows."
    return element("div", element("p", told), [_sequence(one) for one in sequences], class_="tagged")


def _sequence(one: TaggedSequence) -> Html:
    steps = zip(one.texts, one.labels, one.tags, one.probabilities, strict=True)
    part = ""
    if len(one.texts) < one.num_steps:
        part = f", from step {one.first:,} of {one.num_steps:,}"
    told = f"sequence {one.name}, {count(one.num_steps, 'step')}{part}: {percent(one.accuracy)} right"
    return element("figure", element("figcaption", told), element("p", [_step(*step) for step in steps]))


def _step(text: str, label: str | None, tag: str, probability: float) -> list[Html | str]:
    is_wrong = label is not None and label != tag
    title = f"{tag}, sure to {percent(probability)}"
    truth = [" ", element("del", tag), " ", element("ins", label)] if is_wrong else None
    right = None if is_wrong or tag == "O" else [" ", tag]
    below = element("sub", truth or right or "") if truth or right else ""
    style = "color: var(--mark)" if is_wrong else None
    return [
        element("span", element("b", text) if right or truth else text, below, title=title, style=style),
        " ",
    ]
