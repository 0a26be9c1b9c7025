"""The compiler's passes: each takes a step graph and returns one type. No torch."""

from elman.passes.defer import defer
from elman.passes.differentiate import differentiate
from elman.passes.expose import expose
from elman.passes.gather_products import gather_products
from elman.passes.linearize import linearize
from elman.passes.partition import partition
from elman.passes.plan import canonical, plan
from elman.passes.save import save
from elman.passes.simplify import share, simplify
from elman.passes.split_blocks import split_blocks
from elman.passes.split_products import split_products
from elman.passes.stages import stages

__all__ = [
    "canonical",
    "defer",
    "differentiate",
    "expose",
    "gather_products",
    "linearize",
    "partition",
    "plan",
    "save",
    "share",
    "simplify",
    "split_blocks",
    "split_products",
    "stages",
]
