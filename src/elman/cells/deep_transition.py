"""The recurrent cell whose every map is a network of its own."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cells.base import Cell
from elman.cells.elman import ACTIVATIONS
from elman.cells.options import brief, check_choice, check_flag, check_size
from elman.cells.weights import GateWeights, draw_input_weight, draw_recurrent_weight
from elman.errors import OptionError


class DeeperLayers(nn.Module):
    """The layers of a network that follow its first one, and the connection past them.

    Args:
        num_layers: Number of layers after the first.
        origin_size: Number of features that go past the layers to the last sum; 0 for none.
        hidden_size: Number of units of each layer, H.
        activation: The name of the activation.

    Shape:
        value: (N, H), the first layer before its activation. origin: (N, origin_size). Returns: (N, H).
    """

    weight: nn.Parameter | None
    bias: nn.Parameter | None
    skip: nn.Parameter | None

    def __init__(self, num_layers: int, origin_size: int, hidden_size: int, activation: str):
        super().__init__()
        self.activation = activation
        shapes = {
            "weight": (num_layers, hidden_size, hidden_size) if num_layers else None,
            "bias": (num_layers, hidden_size) if num_layers else None,
            "skip": (hidden_size, origin_size) if num_layers and origin_size else None,
        }
        for name, shape in shapes.items():
            self.register_parameter(name, None if shape is None else nn.Parameter(torch.empty(shape)))

    def forward(self, value: Tensor, origin: Tensor) -> Tensor:
        """Return the activation of the last layer."""
        activation = ACTIVATIONS[self.activation]
        if self.weight is not None and self.bias is not None:
            for weight, bias in zip(self.weight, self.bias, strict=True):
                value = linear(activation(value), weight, bias)
        if self.skip is not None:
            value = value + linear(origin, self.skip)
        return activation(value)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        if self.weight is None or self.bias is None:
            return
        for weight in self.weight:
            draw_recurrent_weight(weight, [len(weight)])
        nn.init.zeros_(self.bias)
        if self.skip is not None:
            both = torch.cat([self.weight[-1], self.skip], dim=1)
            draw_recurrent_weight(both, [len(both)])
            self.weight[-1].copy_(both[:, : len(both)])
            self.skip.copy_(both[:, len(both) :])


class DeepTransitionCell(GateWeights, Cell):
    """A simple recurrent cell whose input, transition and output are networks of several layers.

    Use it where one step has to compute more than one layer can. A deep transition lengthens the way of the
    gradient through time; `skip` gives it a short one beside it.

    Equations:
        (1) a_t = x_t
        [A] = input_weight
        [c] = input_bias
        (1) q_t = A x_t + c
        [A] = input_layers.weight[l]    for l=1..input_depth-1
        [c] = input_layers.bias[l]    for l=1..input_depth-1
        (1) q_t = A activation(q_t) + c    for l=1..input_depth-1
        [P] = input_layers.skip
        (1) a_t = activation(q_t + P x_t)    for l=1..min(input_depth, 1)
        [W] = weight_ih
        [U] = weight_hh
        [b] = bias
        (2) p_t = W a_t + U h_{t-1} + b
        [U] = transition_layers.weight[l]    for l=1..transition_depth-1
        [b] = transition_layers.bias[l]    for l=1..transition_depth-1
        (2) p_t = U activation(p_t) + b    for l=1..transition_depth-1
        [S] = transition_layers.skip
        (2) h_t = activation(p_t + S h_{t-1})
        (3) y_t = h_t
        [V] = output_weight
        [d] = output_bias
        (3) r_t = V h_t + d
        [V] = output_layers.weight[l]    for l=1..output_depth-1
        [d] = output_layers.bias[l]    for l=1..output_depth-1
        (3) r_t = V activation(r_t) + d    for l=1..output_depth-1
        [Q] = output_layers.skip
        (3) y_t = activation(r_t + Q h_t)    for l=1..min(output_depth, 1)
        returns y_t, h_t

    Args:
        input_size: Number of features of the input, I.
        hidden_size: Number of units of every layer, H.
        input_depth: Number of layers that the input goes through before it meets the state.
        transition_depth: Number of layers from state to state; with 1 and no others this is `ElmanCell`.
        output_depth: Number of layers that the output goes through behind the state.
        skip: Whether each of these networks that has two layers or more also sends what it reads to its last
            layer by a matrix of its own: P, S and Q. The way of the gradient from step to step then leads
            through one activation, however deep the transition.
        activation: "tanh", "relu" or "sigmoid".

    Shape:
        input: (N, I). state: (N, H). output: (N, H).

    Raises:
        OptionError: An option has a value that is not legal.

    Reference:
        R. Pascanu, C. Gulcehre, K. Cho, Y. Bengio (2014), "How to construct deep recurrent neural networks",
        ICLR.

    Differs from the paper:
        The paper joins depths as DT-RNN, DO-RNN and DOT-RNN and has shortcuts past the transition alone,
        DT(S)-RNN. First values are those of this library: matrices from layer to layer start orthogonal, and
        so do the rows of the last one and its skip, side by side.

    Example:
        >>> cell = DeepTransitionCell(input_size=3, hidden_size=5, transition_depth=3, output_depth=2)
        >>> output, state = cell(torch.zeros(2, 3), cell.initial_state(batch_size=2))
        >>> output.shape
        torch.Size([2, 5])
    """

    input_weight: nn.Parameter | None
    input_bias: nn.Parameter | None
    output_weight: nn.Parameter | None
    output_bias: nn.Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        input_depth: int = 0,
        transition_depth: int = 2,
        output_depth: int = 0,
        skip: bool = True,
        activation: str = "tanh",
    ):
        super().__init__(input_size, hidden_size)
        _check_depth("input_depth", input_depth)
        check_size("transition_depth", transition_depth)
        _check_depth("output_depth", output_depth)
        check_flag("skip", skip)
        check_choice("activation", activation, ACTIVATIONS)
        self.input_depth = input_depth
        self.transition_depth = transition_depth
        self.output_depth = output_depth
        self.skip = skip
        self.activation = activation
        self._add_first("input", input_depth, input_size)
        self._add_first("output", output_depth, hidden_size)
        origin, hidden = (input_size, hidden_size) if skip else (0, 0)
        self.input_layers = DeeperLayers(max(input_depth - 1, 0), origin, hidden_size, activation)
        self.transition_layers = DeeperLayers(transition_depth - 1, hidden, hidden_size, activation)
        self.output_layers = DeeperLayers(max(output_depth - 1, 0), hidden, hidden_size, activation)
        self.add_weights(hidden_size if input_depth else input_size, hidden_size, num_gates=1, bias=True)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        if self.input_weight is not None:
            input = self.input_layers(linear(input, self.input_weight, self.input_bias), input)
        state = self.transition_layers(self.from_input(input) + self.from_hidden(state), state)
        if self.output_weight is None:
            return state, state
        return self.output_layers(linear(state, self.output_weight, self.output_bias), state), state

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        super().reset_parameters()
        for weight, bias in ((self.input_weight, self.input_bias), (self.output_weight, self.output_bias)):
            if weight is not None and bias is not None:
                draw_input_weight(weight, self.hidden_size)
                nn.init.zeros_(bias)
        for layers in (self.input_layers, self.transition_layers, self.output_layers):
            layers.reset_parameters()

    def _add_first(self, name: str, depth: int, size: int) -> None:
        shapes = {"weight": (self.hidden_size, size), "bias": (self.hidden_size,)}
        for kind, shape in shapes.items():
            parameter = nn.Parameter(torch.empty(shape)) if depth else None
            self.register_parameter(f"{name}_{kind}", parameter)


def _check_depth(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise OptionError(f"`{name}` must be a number of layers, 0 or more, but it is {brief(value)}.")
