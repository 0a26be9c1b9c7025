"""Checks of the options of `MultiInput`."""

from collections.abc import Mapping
from typing import cast

from torch import nn

from elman.cells import Cell
from elman.cells.options import brief
from elman.errors import DtypeError, OptionError
from elman.layers.contract import SequenceLayer
from elman.layers.inputs.encoders import IdentityEncoder
from elman.layers.sizes import declared_output_size


def as_encoders(option: str, given: object) -> dict[str, nn.Module]:
    """Return the encoders by name; an integer stands for that many features as they come.

    Raises:
        DtypeError: They are no dict, or one is no module.
        OptionError: A name cannot be one, or a module does not say how many features it makes.
    """
    if not isinstance(given, Mapping):
        raise DtypeError(f"`{option}` must be a dict of encoders, but it is a {type(given).__name__}.")
    encoders = {}
    for name, encoder in given.items():
        if not isinstance(name, str) or not name or "." in name:
            raise OptionError(
                f"`{option}` must name each input by a text without a dot, but one is {brief(name)}."
            )
        is_count = isinstance(encoder, int) and not isinstance(encoder, bool)
        encoders[name] = IdentityEncoder(encoder) if is_count else encoder
        _check_encoder(f"{option}[{name!r}]", encoders[name])
    return encoders


def _check_encoder(name: str, encoder: object) -> None:
    if not isinstance(encoder, nn.Module):
        raise DtypeError(
            f"`{name}` must be an encoder, a torch.nn.Module or a number of features, "
            f"but it is a {type(encoder).__name__}."
        )
    if not declared_output_size(encoder):
        raise OptionError(
            f"`{name}` must say how many features it makes of a frame, but "
            f"{type(encoder).__name__} does not.\n"
            "    Say it: module.output_size = ... ."
        )


def check_layer(layer: object) -> SequenceLayer:
    """Return the layer that runs over the joined inputs.

    Raises:
        DtypeError: It is none.
    """
    if not isinstance(layer, SequenceLayer):
        hint = "\n    Run it over sequences: elman.Recurrent(cell)." if isinstance(layer, Cell) else ""
        raise DtypeError(
            f"`layer` must be a layer, such as elman.Recurrent, but it is a {type(layer).__name__}.{hint}"
        )
    return layer


def check_sizes(layer: SequenceLayer, sizes: Mapping[str, int], join: str) -> None:
    """Refuse encoders that together do not make what the layer reads.

    Args:
        layer: The layer that runs over the joined inputs.
        sizes: How many features each encoder makes.
        join: "concat" or "sum".

    Raises:
        OptionError: They make another number of features.
    """
    if not sizes:
        raise OptionError("`streams` must hold at least one encoder, but there is none.")
    listed = ", ".join(f"{name} {size}" for name, size in sizes.items())
    if join == "sum" and len(set(sizes.values())) > 1:
        raise OptionError(f"`join='sum'` needs as many features of each input, but they make {listed}.")
    total = sum(sizes.values()) if join == "concat" else cast(int, next(iter(sizes.values())))
    if layer.input_size != total:
        raise OptionError(
            f"the layer must read the {total} features that the inputs make ({listed}), "
            f"but its input_size is {layer.input_size}."
        )
