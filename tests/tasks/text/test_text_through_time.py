"""What a text is learned from: segments as long as the method says, in as much memory as there is."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from elman.errors import OptionError
from elman.tasks.language_model import LanguageModel
from elman.tasks.text.options import TextOptions

TEXT = "the cat sat on the mat and the dog sat on the log.\nthe end of it all\n" * 12
LONG = {"hidden_size": 16, "segment": 200, "batch_size": 2, "num_steps": 4}


def weights(**options: Any) -> dict[str, torch.Tensor]:
    return LanguageModel(TextOptions(**{**LONG, **options})).fit(TEXT).network.state_dict()


def test_the_method_is_the_segment():
    assert TextOptions(through_time="tbptt:20").segment == 20
    assert TextOptions(through_time="tbptt:20", segment=20).segment == 20
    assert TextOptions().segment == 64
    named, given = weights(segment=64, through_time="tbptt:20"), weights(segment=20)
    assert all(torch.equal(named[name], one) for name, one in given.items())
    assert any(not torch.equal(one, weights()[name]) for name, one in given.items())


@pytest.mark.parametrize("options", [{}, {"num_layers": 2}, {"cell": "multiplicative_lstm"}], ids=str)
def test_a_bounded_gradient_is_the_same_gradient(options: dict[str, Any]):
    long = {"hidden_size": 48, "segment": 600, "num_steps": 2, "dropout": 0.0, "test": 0.0, **options}
    free, bounded = weights(**long), weights(**long, memory="3MB")
    for name, one in free.items():
        # The same terms; sums over time are taken in pieces, and AdamW divides by a gradient's own size.
        torch.testing.assert_close(bounded[name], one, rtol=1e-3, atol=1e-4)


def test_too_small_a_budget_is_refused_before_anything_is_learned():
    options = TextOptions(**{**LONG, "memory": "1kB"})
    told = "`memory` is too small for the gradient of 200 time steps of a batch of 2: the smallest that works"
    with pytest.raises(OptionError, match=told):
        LanguageModel(options).check(TEXT)
    with pytest.raises(OptionError, match=told):
        LanguageModel(options).fit(TEXT)


@pytest.mark.parametrize("text", ["bptt", "rtrl", "per-step", "tbptt", "tbptt:0", "tbptt:8:64", 8])
def test_what_does_not_fit_a_stream_is_refused(text: Any):
    with pytest.raises(OptionError, match=r"must be tbptt:STEPS, since a text is one stream: .*but it is"):
        TextOptions(through_time=text)


def test_two_lengths_of_one_segment_are_refused():
    with pytest.raises(
        OptionError, match=r"`segment` is 32 and `through_time` is 'tbptt:8'.*give one of them"
    ):
        TextOptions(segment=32, through_time="tbptt:8")
    with pytest.raises(OptionError, match="`memory` must be a size such as"):
        TextOptions(memory="much")
