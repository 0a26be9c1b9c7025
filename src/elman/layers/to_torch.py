"""A layer as the module of torch.nn that computes the same."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from elman.cells import Cell, ElmanCell, GRUCell, LSTMCell
from elman.errors import OptionError
from elman.layers.bidirectional import Bidirectional
from elman.layers.contract import SequenceLayer
from elman.layers.recurrent import Recurrent
from elman.layers.stacked import Stacked
from elman.layers.torch_layer import TorchLayer

CLASSES: dict[str, Callable[..., nn.RNNBase]] = {
    "RNN_TANH": nn.RNN,
    "RNN_RELU": nn.RNN,
    "LSTM": nn.LSTM,
    "GRU": nn.GRU,
}


@dataclass(frozen=True)
class TorchForm:
    """What a layer is in the words of torch.nn.

    Attributes:
        mode: "RNN_TANH", "RNN_RELU", "LSTM" or "GRU".
        sizes: H, and the size of the projection or 0.
        weights: The parameters of each layer and direction, in torch's order, by torch's names without
            their number.
        num_directions: 1 or 2.
        dropout: Probability between two layers; None where there is one layer.
    """

    mode: str
    sizes: tuple[int, int]
    weights: tuple[Mapping[str, Tensor], ...]
    num_directions: int = 1
    dropout: float | None = None


def to_torch(layer: SequenceLayer) -> nn.RNNBase:
    """Return the module of torch.nn that gives the same numbers, with copies of the parameters.

    Args:
        layer: `elman.RNN`, `LSTM` or `GRU`; `Recurrent` over one of their cells; or a stack or a pair of
            directions of these, as far as torch has them.

    Raises:
        OptionError: Torch has no such layer; the message says why.
    """
    form = _form(layer, "the layer")
    num_layers = len(form.weights) // form.num_directions
    has_bias = any("bias_ih" in weights for weights in form.weights)
    example = form.weights[0]["weight_ih"]
    options = {"proj_size": form.sizes[1]} if form.mode == "LSTM" else {}
    if form.mode.startswith("RNN"):
        options = {"nonlinearity": form.mode.removeprefix("RNN_").lower()}
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):  # nobody's random numbers are drawn
        made = CLASSES[form.mode](
            layer.input_size,
            form.sizes[0],
            num_layers,
            bias=has_bias,
            batch_first=layer.batch_first,
            dropout=form.dropout or 0.0,
            bidirectional=form.num_directions == 2,
            **options,
        )
    made = made.to(device=example.device, dtype=example.dtype).train(layer.training)
    _copy_weights(form, made)
    return made


@torch.no_grad()
def _copy_weights(form: TorchForm, made: nn.RNNBase) -> None:
    for weights, names in zip(form.weights, made._all_weights, strict=True):
        for name in names:
            parameter, source = getattr(made, name), weights.get(name.split("_l")[0])
            if source is None:  # the second bias, or that of a layer without any
                parameter.zero_()
            else:
                parameter.copy_(source)
                parameter.requires_grad_(source.requires_grad)


def _form(layer: nn.Module, name: str) -> TorchForm:
    if isinstance(layer, TorchLayer):
        return _form_of_torch_layer(layer)
    if isinstance(layer, Recurrent):
        if layer.reverse:
            raise _refusal(
                name, "it reads from the end alone, and torch.nn reads from the start or from both"
            )
        return _form_of_recurrent(layer, name)
    if isinstance(layer, Bidirectional):
        return _form_of_pair(layer, name)
    if isinstance(layer, Stacked):
        return _form_of_stack(layer, name)
    raise _refusal(name, f"torch.nn has no {type(layer).__name__}")


def _form_of_torch_layer(layer: TorchLayer) -> TorchForm:
    names = [[(name.split("_l")[0], name) for name in own] for own in layer._all_weights]
    return TorchForm(
        layer.mode,
        (layer.hidden_size, layer.proj_size),
        tuple([{short: getattr(layer, name) for short, name in own} for own in names]),
        2 if layer.bidirectional else 1,
        layer.dropout if layer.num_layers > 1 else None,
    )


def _form_of_recurrent(layer: Recurrent, name: str) -> TorchForm:
    if layer.learned_state is not None:
        raise _refusal(name, "its initial state is learned, and torch.nn starts from zeros")
    cell = layer.cell
    mode = _mode(cell, f"{name}.cell")
    weights = {short: parameter for short, parameter in cell.named_parameters() if short != "bias"}
    bias = dict(cell.named_parameters()).get("bias")
    return TorchForm(mode, (cell.hidden_size, 0), (weights if bias is None else weights | {"bias_ih": bias},))


def _mode(cell: Cell, name: str) -> str:
    if type(cell) is LSTMCell:
        return "LSTM"
    if type(cell) is GRUCell:
        if cell.reset_gate != "after_product":
            raise _refusal(
                name, f'it has reset_gate="{cell.reset_gate}", and torch.nn resets after the product'
            )
        if cell.update_gate != "keeps":
            raise _refusal(
                name, f'it has update_gate="{cell.update_gate}", and the update gate of torch.nn keeps'
            )
        return "GRU"
    if type(cell) is ElmanCell:
        if cell.activation not in ("tanh", "relu"):
            raise _refusal(name, f'it has activation="{cell.activation}", and torch.nn has tanh and relu')
        return f"RNN_{cell.activation.upper()}"
    raise _refusal(name, f"torch.nn has no {type(cell).__name__}")


def _form_of_pair(layer: Bidirectional, name: str) -> TorchForm:
    if layer.merge != "concat":
        raise _refusal(name, f'it has merge="{layer.merge}", and torch.nn puts the directions side by side')
    ahead, back = layer.forward_layer, layer.backward_layer
    if not isinstance(ahead, Recurrent) or not isinstance(back, Recurrent):
        raise _refusal(
            name, "each of its directions is more than one cell, and torch.nn joins them after each layer"
        )
    forms = (
        _form_of_recurrent(ahead, f"{name}.forward_layer"),
        _form_of_recurrent(back, f"{name}.backward_layer"),
    )
    _check_alike(name, forms)
    return TorchForm(forms[0].mode, forms[0].sizes, forms[0].weights + forms[1].weights, num_directions=2)


def _form_of_stack(layer: Stacked, name: str) -> TorchForm:
    if layer.residual:
        raise _refusal(name, "it has residual connections, and torch.nn has none")
    forms = [_form(one, f"{name}.layers[{index}]") for index, one in enumerate(layer.layers)]
    _check_alike(name, forms)
    dropouts = {form.dropout for form in forms if form.dropout is not None}
    if len(forms) > 1:
        dropouts.add(layer.dropout)
    if len(dropouts) > 1:
        raise _refusal(name, "its dropout differs from layer to layer, and torch.nn has one")
    weights = [own for form in forms for own in form.weights]
    dropout = next(iter(dropouts), None)
    return TorchForm(forms[0].mode, forms[0].sizes, tuple(weights), forms[0].num_directions, dropout)


def _check_alike(name: str, forms: list[TorchForm] | tuple[TorchForm, ...]) -> None:
    for what, values in _compared(forms):
        if len(set(values)) > 1:
            listed = " and ".join(dict.fromkeys(map(str, values)))
            raise _refusal(name, f"its layers differ in {what}, {listed}, and those of torch.nn do not")


def _compared(forms: list[TorchForm] | tuple[TorchForm, ...]) -> Iterator[tuple[str, list]]:
    yield "kind", [form.mode for form in forms]
    yield "hidden size", [form.sizes[0] for form in forms]
    yield "projection", [form.sizes[1] for form in forms]
    yield "number of directions", [form.num_directions for form in forms]


def _refusal(name: str, reason: str) -> OptionError:
    return OptionError(f"{name} cannot become a layer of torch.nn: {reason}.")
