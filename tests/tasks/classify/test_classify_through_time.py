"""The gradient of a sequence's class: cut, or within a budget."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from classify_samples import SMALL, waves
from torch import Tensor, nn

from elman import SequenceClassifier
from elman.errors import OptionError
from elman.tasks.classify.encoder import Batch
from elman.tasks.classify.network import ClassifyNetwork
from elman.tasks.classify.options import ClassifyOptions
from elman.tasks.classify.through_time import parse_reach

LENGTHS = (20, 3, 12, 7)
FORWARD: dict[str, Any] = {"bidirectional": False, "pooling": "last"}


def network(**options: Any) -> ClassifyNetwork:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"hidden_size": 8, "dropout": 0.0, "noise": 0.0, "num_layers": 2}
    return ClassifyNetwork(2, 3, ClassifyOptions(**{**sizes, **options}))


def batch(lengths: tuple[int, ...] = LENGTHS) -> Batch:
    torch.manual_seed(1)
    made = Batch.of([torch.randn(length, 2) for length in lengths])
    made.input.requires_grad_()
    return made


def gradients(made: ClassifyNetwork, sequences: Batch) -> list[Tensor]:
    with made.bounded():
        output = made(sequences)
    return list(torch.autograd.grad(output.square().sum(), [sequences.input, *made.parameters()]))


def peer_gradients(made: ClassifyNetwork, sequences: Batch, reach: int) -> list[Tensor]:
    """The same with torch.nn, sequence by sequence: detach the state, go on, look at the last output."""
    layers: list[nn.Module] = []
    for layer in made.layers:
        peer = nn.GRU(layer.input_size, layer.hidden_size)
        peer.load_state_dict(layer.state_dict())
        layers.append(peer)
    total = torch.zeros(())
    for row, length in enumerate(sequences.lengths.tolist()):
        start = max(length - reach, 0)
        head, tail = sequences.input[:start, row : row + 1], sequences.input[start:length, row : row + 1]
        for layer in layers:
            state = None
            if start:
                head, state = layer(head)
                head, state = head.detach(), state.detach()
            tail, _ = layer(tail, state)
        total = total + made.head(tail[-1]).square().sum()
    weights = [one for layer in layers for one in layer.parameters()]
    return list(torch.autograd.grad(total, [sequences.input, *weights, *made.head.parameters()]))


@pytest.mark.parametrize("reach", [1, 5, 12, 19])
def test_a_cut_gradient_is_that_of_a_detached_state(reach: int):
    sequences = batch()
    made = network(cell="gru", through_time=f"tbptt:{reach}", **FORWARD)
    found, truth = gradients(made, sequences), peer_gradients(made, sequences, reach)
    # float32: sums of at most 19 x 4 terms in another order.
    for ours, expected in zip(found, truth, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-6)
    for row, length in enumerate(LENGTHS):
        assert not found[0][: max(length - reach, 0), row].any()
        assert bool(found[0][max(length - reach, 0) : length, row].any(dim=-1).all())


@pytest.mark.parametrize("cell", ["lstm", "gru", "minimal_gated"])
def test_a_cut_changes_no_score_and_a_long_reach_nothing(cell: str):
    sequences = batch()
    exact = network(cell=cell, **FORWARD)
    cut = network(cell=cell, through_time="tbptt:4", convolution=0, **FORWARD)
    torch.testing.assert_close(cut(sequences), exact(sequences), rtol=1e-5, atol=1e-6)
    long = network(cell=cell, through_time="tbptt:20", **FORWARD)
    for ours, truth in zip(gradients(long, sequences), gradients(exact, sequences), strict=True):
        assert torch.equal(ours, truth)


@pytest.mark.parametrize("options", [{}, {"convolution": 3}, {"cell": "minimal_gated", **FORWARD}], ids=str)
def test_a_budget_changes_no_gradient(options: dict[str, Any]):
    sequences = batch((600, 300, 450, 2))
    with pytest.raises(OptionError, match="is too small"):
        gradients(network(memory="20kB", **options), sequences)
    found, truth = (
        gradients(network(memory="4MB", **options), sequences),
        gradients(network(**options), sequences),
    )
    # Sums of 600 x 4 terms are cut elsewhere: float32 moves them by a few eps of the largest.
    for ours, expected in zip(found, truth, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=float(1e-5 * expected.abs().max()))


def test_a_classifier_learns_either_way():
    losses = {}
    for name, options in {
        "exact": {},
        "cut": {"through_time": "tbptt:2"},
        "bounded": {"memory": "8MB"},
    }.items():
        chosen = {**SMALL, **FORWARD, "dropout": 0.0, "noise": 0.0, **options}
        fit = SequenceClassifier(**chosen).fit(*waves()).fitted
        losses[name] = [record.validation_loss for record in fit.training.curve]
    assert losses["bounded"] == pytest.approx(losses["exact"], rel=1e-4)
    assert losses["cut"] != losses["exact"]
    assert np.isfinite(losses["cut"]).all()


@pytest.mark.parametrize("text", ["rtrl", "per-step", "tbptt", "tbptt:0", "tbptt:2:4", "", None, 5])
def test_what_makes_no_sense_for_one_loss_is_refused(text: object):
    with pytest.raises(OptionError) as caught:
        parse_reach(text, bidirectional=False, pooling="last")
    assert str(caught.value) == (
        "`through_time` of a classifier must be bptt or tbptt:STEPS, since a sequence has one loss, on its "
        f"class, and no update on the way; but it is {text!r}."
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "reads from both ends"),
        ({"bidirectional": False}, "is asked at all steps (pooling='mean')"),
        ({"pooling": "last"}, "reads from both ends"),
    ],
    ids=str,
)
def test_a_network_with_nowhere_to_cut_is_refused(options: dict[str, Any], reason: str):
    with pytest.raises(OptionError) as caught:
        ClassifyOptions(through_time="tbptt:50", **options)
    assert str(caught.value) == (
        "`through_time` cuts the gradient 50 steps before the end of a sequence, but this network "
        f'{reason}; take bidirectional=False and pooling="last" (--unidirectional --pooling last), or bptt.'
    )
