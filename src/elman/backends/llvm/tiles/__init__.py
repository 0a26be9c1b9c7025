"""The micro-kernels that every cell shares: products, packing, gradients of weights, sums of columns."""

from elman.backends.llvm.tiles.load import Tiles, load_tiles, tiles_module

__all__ = ["Tiles", "load_tiles", "tiles_module"]
