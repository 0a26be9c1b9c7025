"""The compiler's data: one time step as a typed graph, its rules, its text. Standard library only."""

from elman.ir.builder import GraphBuilder
from elman.ir.gradient import ProductGradient, Range, StepGradient, SumGradient
from elman.ir.graph import Argument, Node, Source, StepGraph, Type
from elman.ir.ops import OPS, Op
from elman.ir.partition import Partition
from elman.ir.text import parse_graph, print_graph
from elman.ir.verify import verify

__all__ = [
    "OPS",
    "Argument",
    "GraphBuilder",
    "Node",
    "Op",
    "Partition",
    "ProductGradient",
    "Range",
    "Source",
    "StepGradient",
    "StepGraph",
    "SumGradient",
    "Type",
    "parse_graph",
    "print_graph",
    "verify",
]
