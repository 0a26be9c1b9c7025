"""The same layers as loops of `jax.lax.scan`, where JAX is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from torch import Tensor, nn

from elman.benchmark.kinds import Kind


def has_jax() -> bool:
    """Tell whether JAX is installed."""
    return find_spec("jax") is not None


def make_jax_task(
    kind: Kind, layer: nn.Module, mode: str, input: Tensor, gradient: Tensor
) -> Callable[[], Any]:
    """Return a compiled function that does what a task does with a layer of torch.nn.

    Args:
        kind: Which layer.
        layer: It, for its weights.
        mode: One of `work.MODES`.
        input: The sequences.
        gradient: The gradient of the output.

    Shape:
        input: (T, N, I). gradient: (T, N, H).
    """
    jax = import_module("jax")
    numbers = jax.numpy
    weights = {
        name.removesuffix("_l0"): numbers.asarray(one.detach().numpy())
        for name, one in layer.named_parameters()
    }
    steps, slope = (numbers.asarray(one.numpy()) for one in (input, gradient))

    def forward(weights: Any, steps: Any) -> Any:
        return run_scan(kind, weights, steps)

    def loss(weights: Any, steps: Any) -> Any:
        return numbers.vdot(forward(weights, steps), slope)

    wanted = (0, 1) if mode == "train-input" else 0
    function = jax.jit(forward if mode == "forward" else jax.value_and_grad(loss, wanted))
    return lambda: jax.block_until_ready(function(weights, steps))


def run_scan(kind: Kind, weights: Any, steps: Any) -> Any:
    """Run a layer over sequences; the products with the input stand before the loop.

    Args:
        kind: Which layer.
        weights: Arrays by torch's names, without the number of the layer.
        steps: The sequences, (T, N, I).
    """
    jax = import_module("jax")
    hidden_size = weights["weight_hh"].shape[1]
    fresh = jax.numpy.zeros((steps.shape[1], hidden_size), steps.dtype)
    from_input = steps @ weights["weight_ih"].T + weights["bias_ih"]

    def step(state: Any, from_input: Any) -> Any:
        from_hidden = state[0] @ weights["weight_hh"].T + weights["bias_hh"]
        state = _STEPS[kind.title](jax, from_input, from_hidden, state)
        return state, state[0]

    return jax.lax.scan(step, (fresh, fresh), from_input)[1]


def _tanh(jax: Any, from_input: Any, from_hidden: Any, state: Any) -> Any:
    return jax.numpy.tanh(from_input + from_hidden), state[1]


def _relu(jax: Any, from_input: Any, from_hidden: Any, state: Any) -> Any:
    return jax.nn.relu(from_input + from_hidden), state[1]


def _gru(jax: Any, from_input: Any, from_hidden: Any, state: Any) -> Any:
    reset_input, update_input, candidate_input = jax.numpy.split(from_input, 3, axis=-1)
    reset_hidden, update_hidden, candidate_hidden = jax.numpy.split(from_hidden, 3, axis=-1)
    reset = jax.nn.sigmoid(reset_input + reset_hidden)
    update = jax.nn.sigmoid(update_input + update_hidden)
    candidate = jax.numpy.tanh(candidate_input + reset * candidate_hidden)
    return update * state[0] + (1 - update) * candidate, state[1]


def _lstm(jax: Any, from_input: Any, from_hidden: Any, state: Any) -> Any:
    write, forget, candidate, read = jax.numpy.split(from_input + from_hidden, 4, axis=-1)
    sigmoid, tanh = jax.nn.sigmoid, jax.numpy.tanh
    memory = sigmoid(forget) * state[1] + sigmoid(write) * tanh(candidate)
    return sigmoid(read) * tanh(memory), memory


_STEPS = {"RNN tanh": _tanh, "RNN relu": _relu, "GRU": _gru, "LSTM": _lstm}
