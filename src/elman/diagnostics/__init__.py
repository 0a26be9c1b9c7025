"""What the gradients of a network do: flow, Jacobians, saturation, memory; and what to do about it."""

from typing import TYPE_CHECKING

from elman._lazy import lazy

__all__ = [
    "Activity",
    "CheckedGradient",
    "Finding",
    "FlowRecord",
    "GradientCheck",
    "GradientFlow",
    "LagGradient",
    "LayerActivity",
    "MemoryCapacity",
    "Monitor",
    "StateFlow",
    "StateRecord",
    "StateTrace",
    "StepJacobians",
    "check_gradients",
    "findings",
    "gates",
    "gradient_by_lag",
    "gradient_flow",
    "memory_capacity",
    "step_jacobians",
]

if TYPE_CHECKING:
    from elman.diagnostics.activity import Activity, LayerActivity, StateTrace, gates
    from elman.diagnostics.checking import check_gradients
    from elman.diagnostics.examination import findings
    from elman.diagnostics.finding import Finding
    from elman.diagnostics.flow import GradientFlow, StateFlow, gradient_flow
    from elman.diagnostics.gradient_check import CheckedGradient, GradientCheck
    from elman.diagnostics.jacobians import StepJacobians, step_jacobians
    from elman.diagnostics.lags import LagGradient, gradient_by_lag
    from elman.diagnostics.memory import MemoryCapacity, memory_capacity
    from elman.diagnostics.monitor import FlowRecord, Monitor, StateRecord
else:
    __getattr__, __dir__ = lazy(
        __name__,
        names={
            "Activity": "elman.diagnostics.activity",
            "CheckedGradient": "elman.diagnostics.gradient_check",
            "Finding": "elman.diagnostics.finding",
            "FlowRecord": "elman.diagnostics.monitor",
            "GradientCheck": "elman.diagnostics.gradient_check",
            "GradientFlow": "elman.diagnostics.flow",
            "LagGradient": "elman.diagnostics.lags",
            "LayerActivity": "elman.diagnostics.activity",
            "MemoryCapacity": "elman.diagnostics.memory",
            "Monitor": "elman.diagnostics.monitor",
            "StateFlow": "elman.diagnostics.flow",
            "StateRecord": "elman.diagnostics.monitor",
            "StateTrace": "elman.diagnostics.activity",
            "StepJacobians": "elman.diagnostics.jacobians",
            "check_gradients": "elman.diagnostics.checking",
            "findings": "elman.diagnostics.examination",
            "gates": "elman.diagnostics.activity",
            "gradient_by_lag": "elman.diagnostics.lags",
            "gradient_flow": "elman.diagnostics.flow",
            "memory_capacity": "elman.diagnostics.memory",
            "step_jacobians": "elman.diagnostics.jacobians",
        },
    )
