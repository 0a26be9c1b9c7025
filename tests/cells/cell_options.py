"""The options that cells are tested with, besides their defaults, and the functions in their equations."""

import math
from typing import Any

import numpy as np

from elman.cells import ALL_CELLS


def layer_norm(x: np.ndarray, gain: np.ndarray, shift: np.ndarray | float = 0.0) -> np.ndarray:
    centred = x - x.mean()
    return gain * centred / np.sqrt((centred**2).mean() + 1e-5) + shift


FUNCTIONS = {
    "tanh": np.tanh,
    "outer": lambda x, y: np.outer(x, y).ravel(),
    "identity": lambda x: x,
    "concat": lambda *parts: np.concatenate(parts),
    "where": np.where,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sin": np.sin,
    "cos": np.cos,
    "max": np.maximum,
    "min": np.minimum,
    "softplus": lambda x: np.logaddexp(0, x),
    "log_sigmoid": lambda x: -np.logaddexp(0, -x),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "layer_norm": layer_norm,
    "repeat": np.repeat,
    "shift": lambda p, n: np.concatenate([p[n:], np.zeros(n)]),
    "pi": math.pi,
}
# By the name in `ALL_CELLS`: options whose equations, gradients and kernels are tested; {} for the defaults.
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "qrnn": [{"pooling": pooling} for pooling in ("f", "fo", "ifo")] + [{"window": 3, "bias": False}],
    "sru": [{}, {"highway_bias": -1.0, "bias": False}],
    "min_lstm": [{}, {"bias": False}],
    "linear_recurrent": [{}, {"output_size": 2, "max_phase": 0.5}],
    "legendre_memory": [{}, {"order": 3, "theta": 7.5}],
    "echo_state": [{}, {"leak": 0.3, "connectivity": 0.5}],
    "indrnn": [{}, {"activation": "tanh", "max_recurrent": 0.9, "bias": False}],
    "leaky_integrator": [{}, {"alpha": (0.2, 0.9)}, {"learn_alpha": True, "activation": "relu"}],
    "continuous_time": [{}, {"tau": (1.0, 5.0)}, {"learn_tau": True, "activation": "tanh"}],
    "jordan": [{}, {"output_size": 2, "output_activation": "sigmoid"}, {"bias": False}],
    "multiplicative_elman": [{}, {"num_factors": 4, "bias": False}],
    "clockwork": [{}, {"periods": (1, 3), "bias": False}],
    "skip_connection": [{}, {"delay": 2, "activation": "sigmoid", "bias": False}],
    "cornn": [{}, {"bias": False}],
    "long_expressive_memory": [{}, {"step_size": 0.5, "bias": False}],
    "second_order": [{}, {"activation": "tanh", "bias": False}],
    "cfc": [{}, {"backbone_size": 7}, {"elapsed_in_input": True}],
    "deep_transition": [
        {},
        {"transition_depth": 1, "activation": "sigmoid"},
        {"input_depth": 1, "transition_depth": 3, "output_depth": 1, "skip": False},
        {"input_depth": 2, "transition_depth": 3, "output_depth": 3, "activation": "relu"},
    ],
    "lstm_block": [{}, {"bias": False}],
    "peephole_lstm": [
        {},
        {"peephole": "full"},
        *({"peephole_gates": gate} for gate in ("input", "forget", "output")),
    ],
    "projection_lstm": [{}, {"projection_size": 3}],
    "layer_norm_lstm": [{}, {"bias": False}],
    "layer_norm_gru": [{}, {"update_gate": "writes"}, {"bias": False}],
    "slstm": [{}, {"forget_gate": "exp"}],
    "recurrent_highway": [{}, {"depth": 1}],
    "elman": [{"activation": name} for name in ("tanh", "sigmoid", "relu")] + [{"bias": False}],
    "gru": [
        {"update_gate": update, "reset_gate": reset}
        for update in ("keeps", "writes")
        for reset in ("after_product", "before_product")
    ],
}
CASES = [(name, options) for name in ALL_CELLS for options in OPTIONS.get(name, [{}])]
