"""What every test runs under."""

import hypothesis
import pytest
import torch

hypothesis.settings.register_profile("elman", deadline=None, derandomize=True)
hypothesis.settings.load_profile("elman")

# Besides choosing repeatable algorithms, this makes torch fill the tensors of `torch.empty` with NaN:
# a number that was never written shows.
torch.use_deterministic_algorithms(True)


@pytest.fixture(autouse=True)
def _seed() -> None:
    """The numbers of a test do not depend on the tests before it."""
    torch.manual_seed(0)
