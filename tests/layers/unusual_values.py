"""Values that look wrong and are not, for T=4, N=2, I=2 and H=3."""

from functools import partial

import numpy as np
import torch
from bad_case import Make
from torch import Tensor, nn

START = torch.tensor([[True, False], [False, True], [False, False], [True, True]])
WITHOUT_MEMORY = "zeros without memory"  # torch's own LSTM reads whatever lies there


class Subclass(Tensor):
    """A tensor of another class."""


def lie_in_memory(good: Tensor) -> dict[str, Make]:
    """Tensors that a kernel must not read as if they were contiguous; most have other numbers than `good`."""
    twice = torch.cat([good, good], dim=-1)
    return {
        "the last two axes swapped": lambda: good.transpose(-1, -2).contiguous().transpose(-1, -2),
        "the axes reversed": lambda: (
            good.permute(*range(good.dim())[::-1]).clone().permute(*range(good.dim())[::-1])
        ),
        "every second feature": lambda: twice[..., ::2],
        "every second row": lambda: good.repeat_interleave(2, dim=-2)[..., ::2, :],
        "one step for all": lambda: good[:1].expand_as(good),
        "one row for all": lambda: good[..., :1, :].expand_as(good),
        "one number for all": lambda: torch.tensor(0.5).expand_as(good),
        "overlapping": lambda: torch.linspace(-1, 1, 16).as_strided(good.shape, (1,) * good.dim()),
        "an odd address": lambda: torch.linspace(-1, 1, good.numel() + 1)[1:].view(good.shape),
        "negated lazily": lambda: torch.complex(good, good).conj().imag,
        WITHOUT_MEMORY: lambda: torch._efficientzerotensor(good.shape),  # pyright: ignore
        "of a subclass": lambda: good.clone().as_subclass(Subclass),
        "a parameter": lambda: nn.Parameter(good.clone()),
        "shared between processes": lambda: good.clone().share_memory_(),
        "numpy's memory": lambda: torch.from_numpy(np.array(good.numpy())),
        "part of a graph": lambda: good.clone().requires_grad_() * 2,
    }


GOOD_LENGTHS: dict[str, Make] = {  # all of them 4 and 2
    "a list": lambda: [4, 2],
    "a tuple": lambda: (4, 2),
    "a range": lambda: range(4, 0, -2),
    "a list of tensors": lambda: [torch.tensor(4), torch.tensor(2)],
    "a list of numpy numbers": lambda: [np.int64(4), np.int32(2)],
    "an array": lambda: np.array([4, 2]),
    "an array of 16 bits": lambda: np.array([4, 2], dtype=np.uint16),
    "a strided tensor": lambda: torch.tensor([4, 0, 2, 0])[::2],
    **{
        f"of {dtype}": partial(torch.tensor, [4, 2], dtype=dtype)
        for dtype in (torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.uint64)
    },
}
GOOD_RESETS: dict[str, Make] = {
    "the axes swapped": lambda: START.T.contiguous().T,
    "every second row": lambda: START.repeat_interleave(2, dim=1)[:, ::2],
    "one step for all": lambda: START[:1].expand(4, 2),
    "one row for all": lambda: START[:, :1].expand(4, 2),
    "never": lambda: torch.zeros(4, 2, dtype=torch.bool),
    "always": lambda: torch.tensor(True).expand(4, 2),
    "a comparison": lambda: torch.arange(8).view(4, 2) % 3 == 0,
    "an odd address": lambda: torch.tensor([False, *START.flatten().tolist()])[1:].view(4, 2),
}
