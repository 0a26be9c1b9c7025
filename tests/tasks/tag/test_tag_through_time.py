"""Gradients of a tagger: cut while the state goes on, within a budget of memory, and looked at."""

from typing import Any

import polars as pl
import pytest
import torch
from tag_samples import look_ahead, look_back, options, tagger_of_letters, tagger_of_numbers
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from elman.diagnostics import FlowRecord
from elman.errors import OptionError
from elman.tasks import Observer
from elman.tasks.tag.learning import _look_end, loss_at_ends
from elman.tasks.tag.network import TagBatch, TagNetwork, TagSizes
from elman.tasks.tag.segments import parts_of
from elman.tasks.tag.through_time import parse_schedule

LENGTHS = (7, 4, 2, 5)


def batch_of(lengths: tuple[int, ...] = LENGTHS) -> TagBatch:
    """Two numbers a step, in float64; labels 0 to 2, behind the end -1."""
    generator = torch.Generator().manual_seed(0)
    size = max(lengths), len(lengths)
    values = torch.randn(*size, 2, dtype=torch.float64, generator=generator)
    live = torch.arange(size[0])[:, None] < torch.tensor(lengths)
    labels = torch.randint(3, size, generator=generator).where(live, -1)
    none = torch.zeros(size, dtype=torch.long)
    return TagBatch(values, none[..., None][..., :0], none, none, labels, torch.tensor(lengths))


def network_of(**chosen: Any) -> TagNetwork:
    torch.manual_seed(0)
    return TagNetwork(TagSizes(2, (), 0, 3), options(stream=True, **chosen)).double()


def losses_on_the_way(network: TagNetwork, batch: TagBatch, through_time: str) -> list[float]:
    """Move the weights along the loss of each part; return the losses."""
    losses = []
    for logits, labels in parts_of(network, batch, parse_schedule(through_time, stream=True)):
        loss = cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-1)
        move(list(network.parameters()), loss)
        losses.append(loss.item())
    return losses


def move(parameters: list[Tensor], loss: Tensor) -> None:
    gradients = torch.autograd.grad(loss, parameters)
    for one, gradient in zip(parameters, gradients, strict=True):
        one.data.sub_(gradient)


def by_hand(network: TagNetwork, batch: TagBatch, length: int, window: int | None) -> list[float]:
    """The same with torch.nn's LSTM, each sequence alone."""
    layer, head = nn.LSTM(2, 12).double(), nn.Linear(12, 3).double()
    own: list[Tensor] = [*layer.parameters(), *head.parameters()]
    for one, tensor in zip(own, network.parameters(), strict=True):
        one.data.copy_(tensor)
    lengths = batch.lengths.tolist()
    states: list[Any] = [None] * len(lengths)
    losses, kept_at = [], 0
    for start in range(0, max(lengths), length):
        stop = start + length
        first = start if window is None else max(0, stop - window)
        found = []
        for n in [n for n in range(len(lengths)) if lengths[n] > start]:
            if window is not None and first > kept_at:  # what drops out of the window, with today's weights
                with torch.no_grad():
                    states[n] = layer(batch.values[kept_at:first, n], states[n])[1]
            end = min(stop, lengths[n])
            output, state = layer(batch.values[first:end, n], states[n])
            if window is None:
                states[n] = tuple(part.detach() for part in state)
            labels = batch.labels[start:end, n]
            found.append(cross_entropy(head(output[start - first :]), labels, reduction="sum"))
        kept_at = first
        loss = torch.stack(found).sum() / int((batch.labels[start:stop] >= 0).sum())
        move(own, loss)
        losses.append(loss.item())
    return losses


FORMS = {
    "tbptt:1": (1, None),
    "tbptt:2": (2, None),
    "tbptt:3": (3, None),
    "per-step": (1, None),
    "tbptt:2:4": (2, 4),
}


@pytest.mark.parametrize("memory", [None, "4MB"])
@pytest.mark.parametrize("through_time", FORMS)
def test_weights_move_after_every_segment_as_by_hand(through_time: str, memory: str | None):
    network, batch = network_of(memory=memory), batch_of()
    expected = by_hand(network, batch, *FORMS[through_time])
    # Sums in another order, in float64; the loss of a segment is of weights that moved with those before.
    assert losses_on_the_way(network, batch, through_time) == pytest.approx(expected, rel=1e-9)


def test_layers_on_top_of_each_other_carry_their_states():
    batch, network = batch_of(), network_of(num_layers=2)
    parts = list(parts_of(network, batch, parse_schedule("tbptt:3", stream=True)))
    assert torch.cat([labels for _, labels in parts]).equal(batch.labels)
    whole = network(batch)
    torch.testing.assert_close(torch.cat([logits for logits, _ in parts]), whole, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["letters", "numbers"])
def test_a_segment_as_long_as_the_longest_sequence_is_bptt(kind: str):
    """With dropout and spelling; the longest sequence has 9 steps."""

    def fitted(through_time: str) -> dict[str, Tensor]:
        chosen: dict[str, Any] = {"through_time": through_time, "dropout": 0.3, "batch_size": 7}
        if kind == "letters":
            tagger = tagger_of_letters(8, stream=True, characters=True, **chosen).fit(look_ahead())
        else:
            tagger = tagger_of_numbers(8, **chosen).fit(look_back())
        return tagger.model.network.state_dict()

    exact, longest, shorter = map(fitted, ("bptt", "tbptt:9", "tbptt:8"))
    assert all(torch.equal(one, longest[name]) for name, one in exact.items())
    assert not all(torch.equal(one, shorter[name]) for name, one in exact.items())


def test_a_segment_without_a_label_moves_nothing():
    """The labels of the first three steps are missing: what is learned is what the rest says."""
    rows = [(s, t, float(t % 2), None if t < 3 else "xy"[t % 2]) for s in range(30) for t in range(6)]
    table = pl.DataFrame(rows, schema=["line", "at", "value", "before"], orient="row")
    tagger = tagger_of_numbers(60, through_time="tbptt:3").fit(table)
    assert tagger.fitted.training.recoveries == []
    assert tagger.evaluate().rows[0].metrics["token accuracy"] == 1.0


def test_a_piece_without_a_label_is_not_drawn():
    """A batch of such pieces alone would have no loss."""
    rows = [(s, t, float(t % 2), None if t < 4 else "xy"[t % 2]) for s in range(30) for t in range(8)]
    table = pl.DataFrame(rows, schema=["line", "at", "value", "before"], orient="row")
    tagger = tagger_of_numbers(40, segment=4, batch_size=1).fit(table)
    assert tagger.fitted.training.recoveries == []


def test_a_budget_leaves_the_tagger_as_it_is():
    free, bounded = (
        tagger_of_letters(8, memory=memory).fit(look_ahead()).model.network for memory in (None, "8MB")
    )
    for one, other in zip(free.parameters(), bounded.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_a_budget_that_is_too_small_names_the_smallest_before_a_step_is_done():
    steps: list[int] = []
    observer = Observer(on_step=lambda step, loss: steps.append(step))
    with pytest.raises(OptionError, match="the smallest that works is"):
        tagger_of_letters(8, memory="1KB").fit(look_ahead(), observer=observer)
    assert not steps


def test_a_tagger_that_is_cut_learns_what_lies_within_the_cut():
    tagger = tagger_of_numbers(150, through_time="tbptt:4").fit(look_back())
    accuracy = tagger.evaluate().rows[0].metrics["token accuracy"]
    assert accuracy is not None
    assert accuracy > 0.9  # as without a cut


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"through_time": "tbptt:4"}, r"reads from both ends.*Take bptt, or stream=True \(--stream\)"),
        ({"through_time": "per-step"}, r"reads from both ends.*Take bptt, or stream=True \(--stream\)"),
        ({"through_time": "tbptt:0", "stream": True}, "`through_time` is 'tbptt:0': `length` must be"),
        ({"through_time": "tbptt:4:2", "stream": True}, "`window` must be `length` or more"),
        (
            {"through_time": "rtrl", "stream": True},
            "one recurrent layer alone, but a tagger learns what it reads",
        ),
        (
            {"through_time": "tbptt"},
            r"must be bptt or, with stream=True \(--stream\), tbptt:STEPS, .* it is 'tbptt'",
        ),
        ({"through_time": None}, "of a tagger must be bptt or, with"),
        ({"memory": "many"}, "`memory`"),
        ({"memory": -1}, "`memory`"),
    ],
)
def test_what_makes_no_sense_is_refused(chosen: dict[str, object], message: str):
    with pytest.raises(OptionError, match=message):
        options(**chosen)  # pyright: ignore[reportArgumentType]


def test_looks_tell_of_both_directions():
    seen: list[FlowRecord] = []
    tagger_of_letters(100).fit(look_ahead(), observer=Observer(on_flow=seen.append))
    assert [record.step for record in seen] == [50, 100]
    assert len({state.layer for state in seen[0].states}) == 2
    # Each direction has a loss at its own end; without one, nothing would come to the lags.
    assert all(norm for state in seen[0].states for norm in state.norms[1:])


def test_loss_of_a_look_is_that_of_both_ends():
    batch = batch_of()
    logits = torch.randn(7, 4, 3, dtype=torch.float64, requires_grad=True)
    loss_at_ends(logits, batch).backward()
    assert logits.grad is not None
    reached = logits.grad.abs().sum(dim=-1) > 0
    expected = torch.zeros(7, 4, dtype=torch.bool)
    for n, length in enumerate(LENGTHS):
        expected[0, n] = expected[length - 1, n] = True
    assert torch.equal(reached, expected)


def test_looks_end_where_the_other_end_is_at_no_lag_that_is_told():
    # Lags 1, 2, 4, 8, ... are told; the other end of n steps is at lag n - 1.
    assert [_look_end(10, 10 + n) - 10 for n in range(1, 11)] == [1, 1, 1, 4, 4, 6, 7, 8, 8, 10]
