"""A small classifier, fitted once."""

import pytest
from classify_samples import SMALL, waves

from elman import SequenceClassifier


@pytest.fixture(scope="session")
def fitted() -> SequenceClassifier:
    """A small classifier, fitted; do not change it."""
    return SequenceClassifier(**SMALL).fit(*waves())
