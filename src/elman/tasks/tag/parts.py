"""Which sequences are learned from, which tune, and which judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from elman.data.step_tables import StepTable, join_steps
from elman.errors import DataError
from elman.tasks.tag.inputs import rows_of
from elman.tasks.tag.options import TagOptions


@dataclass(frozen=True)
class Parts:
    """Numbers of sequences.

    Args:
        training: to learn from.
        validation: to choose by.
        test: to judge by.
    """

    training: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split_sequences(num: int, options: TagOptions, *, holds_validation: bool, holds_test: bool) -> Parts:
    """Deal whole sequences out at random; which, depends on the seed and their number alone.

    Args:
        num: sequences to deal out.
        options: shares and seed.
        holds_validation: whether some of them tune; no if others do.
        holds_test: whether some of them judge.

    Raises:
        DataError: there are too few sequences.
    """
    num_test = max(1, round(options.test * num)) if holds_test and options.test else 0
    num_validation = max(1, round(options.validation * num)) if holds_validation else 0
    if num - num_test - num_validation < 1:
        raise DataError(
            f"There {'is 1 sequence' if num == 1 else f'are {num} sequences'}, too few to learn from some, "
            "to tune by others and to judge by others again. Name the column that tells sequences apart "
            "(`sequence`), or cut long ones into several."
        )
    order = np.random.default_rng(options.training.seed).permutation(num)
    test, rest = np.sort(order[:num_test]), order[num_test:]
    return Parts(np.sort(rest[num_validation:]), np.sort(rest[:num_validation]), test)


def join_parts(
    table: StepTable, others: Mapping[str, StepTable], options: TagOptions
) -> tuple[StepTable, Parts]:
    """Return all sequences in one table, and which are of which part.

    Args:
        table: sequences to learn from; what no other table gives is held out of them.
        others: part -> the sequences that were given for it.
        options: shares and seed.

    Raises:
        DataError: there are too few sequences, or a part has no labels.
    """
    held_out = {f"holds_{part}": part not in others for part in ("validation", "test")}
    parts, end = split_sequences(len(table), options, **held_out), len(table)
    for part, other in others.items():
        parts = replace(parts, **{part: np.arange(end, end + len(other))})
        end += len(other)
    table = join_steps([table, *others.values()])
    check_labelled(table, parts)
    return table, parts


def check_labelled(table: StepTable, parts: Parts) -> None:
    """Make sure that every part has something to learn or to judge by.

    Raises:
        DataError: one has not.
    """
    is_labelled = table.labels.is_not_null().to_numpy()
    starts, name = table.starts, table.columns.label
    for part in ("training", "validation", "test"):
        sequences = getattr(parts, part)
        if len(sequences) and not any(is_labelled[starts[s] : starts[s + 1]].any() for s in sequences):
            raise DataError(f"No step of the {part} part has a label in {name!r}.")
    known = table.labels.drop_nulls().unique()
    if len(known) < 2:
        raise DataError(
            f"The column {name!r} holds the one label {known[0]!r}; there is nothing to tell apart."
        )
    taught, tuned = (
        set(table.labels.gather(rows_of(starts, rows)).drop_nulls())
        for rows in (parts.training, parts.validation)
    )
    if not taught & tuned:
        raise DataError(
            f"The validation part cannot tune: none of its labels in {name!r}, such as {min(tuned)!r}, "
            "occurs in training. Labels must repeat; does the column hold numbers?"
        )
