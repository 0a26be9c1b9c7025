"""What is read for the first time is not dropped; what is read again is dropped more and more."""

from dataclasses import replace

import pytest

from elman.tasks.language_model import LanguageModel
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.options import TextOptions

TEXT = "the cat sat on the mat and the dog sat on the log.\n" * 12
SMALL = TextOptions(hidden_size=8, num_layers=2, segment=8, batch_size=4, num_steps=60)


def shares_of(monkeypatch: pytest.MonkeyPatch, options: TextOptions) -> list[float]:
    """Train; return the share that each step dropped."""
    shares: list[float] = []
    set_dropout = TextNetwork.set_dropout

    def note(network: TextNetwork, share: float) -> None:
        set_dropout(network, share)
        assert network.layers.dropout == network.dropout.p
        shares.append(network.dropout.p)

    monkeypatch.setattr(TextNetwork, "set_dropout", note)
    LanguageModel(options).fit(TEXT)
    return shares


def test_share_grows_with_the_passes(monkeypatch: pytest.MonkeyPatch):
    shares = shares_of(monkeypatch, SMALL)
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert 0.1 < shares[-1] < 0.5


def test_share_that_is_given_stays(monkeypatch: pytest.MonkeyPatch):
    shares = shares_of(monkeypatch, replace(SMALL, dropout=0.3))
    assert set(shares) == {0.3}


def test_half_of_the_largest_share_after_eight_passes():
    rule = TextOptions().dropout_after
    assert [rule(passes) for passes in (0, 8, 24)] == [0, 0.25, 0.375]
    assert TextOptions(dropout=0.1).dropout_after(8) == 0.1
