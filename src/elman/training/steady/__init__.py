"""What keeps a training steady: clipping, first weights, the flow of gradients, finding NaN."""

from typing import TYPE_CHECKING

from elman._lazy import lazy

__all__ = [
    "GradientFlowPenalty",
    "NonFinite",
    "clip_gradients",
    "find_non_finite",
    "init_recurrent_",
    "set_forget_bias_",
]

if TYPE_CHECKING:
    from elman.training.steady.clipping import clip_gradients
    from elman.training.steady.first_weights import init_recurrent_, set_forget_bias_
    from elman.training.steady.gradient_flow import GradientFlowPenalty
    from elman.training.steady.non_finite import NonFinite, find_non_finite
else:
    __getattr__, __dir__ = lazy(
        __name__,
        names={
            "GradientFlowPenalty": "elman.training.steady.gradient_flow",
            "NonFinite": "elman.training.steady.non_finite",
            "clip_gradients": "elman.training.steady.clipping",
            "find_non_finite": "elman.training.steady.non_finite",
            "init_recurrent_": "elman.training.steady.first_weights",
            "set_forget_bias_": "elman.training.steady.first_weights",
        },
    )
