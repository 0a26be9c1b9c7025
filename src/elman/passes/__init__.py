"""The compiler's passes: each takes a step graph and returns one type. No torch."""

from elman.passes.differentiate import differentiate
from elman.passes.partition import partition
from elman.passes.simplify import share, simplify
from elman.passes.split_products import split_products

__all__ = ["differentiate", "partition", "share", "simplify", "split_products"]
