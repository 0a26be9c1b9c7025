"""Gradients of a tagger: cut while the state goes on, within a budget of memory, and looked at."""

from typing import Any

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


def gradients(network: TagNetwork, batch: TagBatch) -> list[Tensor]:
    with network.bounded():
        loss = cross_entropy(network(batch).flatten(0, 1), batch.labels.flatten(), ignore_index=-1)
    return list(torch.autograd.grad(loss, list(network.parameters())))


def by_hand(network: TagNetwork, batch: TagBatch, reach: int) -> list[Tensor]:
    """The same gradients from torch.nn's LSTM: each sequence alone, piece by piece, its state detached."""
    layer, head = nn.LSTM(2, 12).double(), nn.Linear(12, 3).double()
    tensors = list(network.parameters())
    own = [*layer.parameters(), *head.parameters()]
    for one, tensor in zip(own, tensors, strict=True):
        one.data.copy_(tensor)
    losses = []
    for n, length in enumerate(batch.lengths.tolist()):
        state = None
        for start in range(0, length, reach):
            stop = min(start + reach, length)
            output, state = layer(batch.values[start:stop, n], state)
            state = tuple(part.detach() for part in state)
            losses.append(cross_entropy(head(output), batch.labels[start:stop, n], reduction="sum"))
    return list(torch.autograd.grad(torch.stack(losses).sum() / batch.lengths.sum(), own))


@pytest.mark.parametrize("memory", [None, "4MB"])
@pytest.mark.parametrize("reach", [1, 2, 3, 6])
def test_cut_gradient_is_that_of_each_sequence_in_pieces(reach: int, memory: str | None):
    network, batch = network_of(through_time=f"tbptt:{reach}", memory=memory), batch_of()
    # Sums in another order, in float64.
    for found, expected in zip(gradients(network, batch), by_hand(network, batch, reach), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


def test_a_cut_changes_the_gradient_and_not_the_logits():
    batch, cut, whole = batch_of(), network_of(through_time="tbptt:2"), network_of()
    torch.testing.assert_close(cut(batch), whole(batch), rtol=1e-12, atol=1e-12)
    pairs = zip(gradients(cut, batch), gradients(whole, batch), strict=True)
    assert any(not torch.allclose(one, other, rtol=1e-3) for one, other in pairs)


def test_a_cut_behind_the_end_is_none():
    batch, cut, whole = batch_of(), network_of(through_time="tbptt:7"), network_of()
    for one, other in zip(gradients(cut, batch), gradients(whole, batch), strict=True):
        assert torch.equal(one, other)


def test_layers_on_top_of_each_other_can_be_cut():
    batch = batch_of()
    cut, whole = (network_of(num_layers=2, through_time=way) for way in ("tbptt:3", "bptt"))
    torch.testing.assert_close(cut(batch), whole(batch), rtol=1e-12, atol=1e-12)


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
        ({"through_time": "tbptt:0", "stream": True}, "of a tagger must be bptt or tbptt:STEPS"),
        ({"through_time": "rtrl", "stream": True}, "since a batch moves the weights once; but it is 'rtrl'"),
        ({"through_time": None}, "must be bptt or tbptt:STEPS"),
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
