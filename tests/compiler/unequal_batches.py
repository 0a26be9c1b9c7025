"""Four time steps of three sequences: plain, with resets, with lengths, with all of it in reverse."""

from typing import Any

import pytest
import torch

RESETS = torch.tensor(
    [[False, True, False], [True, False, False], [False, False, True], [False, True, False]]
)
OPTIONS: list[dict[str, Any]] = [
    {},
    {"resets": RESETS},
    {"lengths": torch.tensor([2, 4, 3])},
    {"lengths": torch.tensor([2, 4, 3]), "resets": RESETS, "reverse": True},
]
of_options = pytest.mark.parametrize("options", OPTIONS, ids=["plain", "resets", "ragged", "all"])
