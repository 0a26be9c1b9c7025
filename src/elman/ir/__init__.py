"""The compiler's data: one time step as a typed graph, its rules, its text. Standard library only."""

from elman.ir.builder import GraphBuilder
from elman.ir.deferral import Deferral
from elman.ir.gradient import ProductGradient, Range, StepGradient, SumGradient
from elman.ir.graph import Argument, Node, Source, StepGraph, Type
from elman.ir.ops import OPS, Op
from elman.ir.partition import Partition
from elman.ir.plan_text import print_plan
from elman.ir.sequence import GradientPlan, SequencePlan
from elman.ir.staged import Accumulator, Buffer, Product, Stage, StagedGraph, Store, View
from elman.ir.text import parse_graph, print_graph
from elman.ir.verify import verify

__all__ = [
    "OPS",
    "Accumulator",
    "Argument",
    "Buffer",
    "Deferral",
    "GradientPlan",
    "GraphBuilder",
    "Node",
    "Op",
    "Partition",
    "Product",
    "ProductGradient",
    "Range",
    "SequencePlan",
    "Source",
    "Stage",
    "StagedGraph",
    "StepGradient",
    "StepGraph",
    "Store",
    "SumGradient",
    "Type",
    "View",
    "parse_graph",
    "print_graph",
    "print_plan",
    "verify",
]
