"""Whether torch is computing something else than plain values and their gradients."""

import torch
from torch import Tensor
from torch.autograd import forward_ad


def transform_is_active() -> bool:
    """Whether a function transform such as vmap, or a derivative computed forward, is at work."""
    level = torch._C._functorch.maybe_current_level()  # pyright: ignore[reportAttributeAccessIssue]
    return level is not None or forward_ad._current_level >= 0


def is_batched(tensor: Tensor | None) -> bool:
    """Whether a tensor stands for one of many, as gradients do under `is_grads_batched`."""
    functorch = torch._C._functorch  # pyright: ignore[reportAttributeAccessIssue]
    return tensor is not None and functorch.is_legacy_batchedtensor(tensor)
