"""A device that cannot be used is refused by name."""

import pytest
import torch

from elman.errors import OptionError
from elman.training import check_device


@pytest.mark.parametrize("name", ["gpu", "", "meta", "cuda:9999", "cuda:x", "xla"])
def test_unusable_device_is_refused(name: str):
    with pytest.raises(
        OptionError, match=rf"`device` must be one that can be used here.* it is {name!r}: .+\.$"
    ):
        check_device(name)


def test_usable_device_is_taken():
    check_device("cpu")
    if torch.cuda.is_available():
        check_device("cuda")
