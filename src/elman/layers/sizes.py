"""What a module of torch, or of anybody else, says of the size of its input and output."""

from torch import nn

_INPUT = ("input_size", "in_features", "in_channels")
_OUTPUT = ("output_size", "out_features", "out_channels", "embedding_dim")


def declared_input_size(module: nn.Module) -> int | None:
    """Return the number of features or channels that a module reads; None if it does not say."""
    return _first_integer(module, _INPUT)


def declared_output_size(module: nn.Module) -> int | None:
    """Return the number of features or channels that a module puts out; None if it does not say."""
    return _first_integer(module, _OUTPUT)


def _first_integer(module: nn.Module, names: tuple[str, ...]) -> int | None:
    sizes = [getattr(module, name, None) for name in names]
    return next((size for size in sizes if isinstance(size, int)), None)
