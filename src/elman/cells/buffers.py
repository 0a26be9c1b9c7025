"""Buffers that a cell draws anew for each run, such as the mask of a weight."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def keep_buffers(owner: object) -> Iterator[None]:
    """Put the buffers of a module back afterwards: who asks only for shapes must not change a run.

    Args:
        owner: The module; anything else has no buffers.
    """
    modules = list(owner.modules()) if isinstance(owner, nn.Module) else []
    before = [dict(module._buffers) for module in modules]
    try:
        yield
    finally:
        for module, buffers in zip(modules, before, strict=True):
            module._buffers.update(buffers)
