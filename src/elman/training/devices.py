"""Devices by name, refused before any work if they cannot be used."""

from __future__ import annotations

import torch

from elman.errors import OptionError


def check_device(name: str) -> None:
    """Make sure that tensors can be put on a device and read back.

    Args:
        name: "cpu", "cuda", "cuda:1", ...

    Raises:
        OptionError: there is no such device, or torch cannot use it here.
    """
    try:
        torch.zeros(1, device=name).item()
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise OptionError(
            f"`device` must be one that can be used here, such as cpu, but it is {name!r}: {reason}."
        ) from error
