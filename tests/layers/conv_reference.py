"""Cells over images, written with numpy alone, from the sums of a convolution on."""

import itertools
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

PADS: dict[str, Any] = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def convolve(images: Array, weight: Array, padding_mode: str) -> Array:
    """(N, C, *image) and (K, C, *kernel) to (N, K, *image)."""
    kernel = weight.shape[2:]
    reach = [size // 2 for size in kernel]
    padded = np.pad(images, [(0, 0), (0, 0), *((r, r) for r in reach)], mode=PADS[padding_mode])
    size = images.shape[2:]
    result = np.zeros((len(images), len(weight), *size))
    for offset in itertools.product(*map(range, kernel)):
        window = padded[(..., *(slice(o, o + s) for o, s in zip(offset, size, strict=True)))]
        result += np.einsum("nc...,kc->nk...", window, weight[(..., *offset)])
    return result


def sigmoid(values: Array) -> Array:
    return 1 / (1 + np.exp(-values))


def gates(cell: Any, values: Array, name: str) -> list[Array]:
    """W * x + b or U * h, one array for each gate."""
    weight = getattr(cell, name).detach().numpy()
    result = convolve(values, weight, cell.padding_mode)
    if name == "weight_ih" and cell.bias is not None:
        result += cell.bias.detach().numpy().reshape(1, -1, *[1] * (values.ndim - 2))
    return np.split(result, len(weight) // cell.hidden_channels, axis=1)


def rnn(cell: Any, x: Array, state: Array) -> tuple[Array, Array]:
    activate = {"tanh": np.tanh, "relu": lambda v: np.maximum(v, 0), "sigmoid": sigmoid}[cell.activation]
    (w,), (u,) = gates(cell, x, "weight_ih"), gates(cell, state, "weight_hh")
    hidden = activate(w + u)
    return hidden, hidden


def gru(cell: Any, x: Array, state: Array) -> tuple[Array, Array]:
    w_r, w_z, w_n = gates(cell, x, "weight_ih")
    u_r, u_z, u_n = gates(cell, state, "weight_hh")
    reset, update = sigmoid(w_r + u_r), sigmoid(w_z + u_z)
    if cell.reset_gate == "before_product":
        u_n = gates(cell, reset * state, "weight_hh")[2]
        candidate = np.tanh(w_n + u_n)
    else:
        candidate = np.tanh(w_n + reset * u_n)
    if cell.update_gate == "writes":
        update = 1 - update
    hidden = update * state + (1 - update) * candidate
    return hidden, hidden


def lstm(cell: Any, x: Array, state: tuple[Array, Array]) -> tuple[Array, tuple[Array, Array]]:
    hidden, memory = state
    w_i, w_f, w_g, w_o = gates(cell, x, "weight_ih")
    u_i, u_f, u_g, u_o = gates(cell, hidden, "weight_hh")
    p_i = p_f = p_o = np.zeros(1)
    if cell.peepholes != "none":
        p_i, p_f, p_o = np.split(cell.weight_peephole.detach().numpy(), 3)
    write = sigmoid(w_i + u_i + p_i * memory)
    keep = sigmoid(w_f + u_f + p_f * memory)
    memory = keep * memory + write * np.tanh(w_g + u_g)
    hidden = sigmoid(w_o + u_o + p_o * memory) * np.tanh(memory)
    return hidden, (hidden, memory)
