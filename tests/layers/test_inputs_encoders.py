"""Encoders of one kind of input: what they compute, and what they refuse by name."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from elman.errors import DataError, DtypeError, OptionError, ShapeError
from elman.layers import ConvEncoder, EmbeddingEncoder, IdentityEncoder, InputEncoder, LinearEncoder

TIGHT = {"rtol": 0, "atol": 1e-12}


@pytest.mark.parametrize(("activation", "function"), [("none", None), ("tanh", np.tanh), ("relu", None)])
def test_a_linear_encoder_is_its_equation(activation: str, function: Any):
    encoder = LinearEncoder(3, 4, activation=activation).double()
    x = torch.randn(5, 3, dtype=torch.float64)
    weight, bias = encoder.linear.weight.detach().numpy(), encoder.linear.bias.detach().numpy()
    expected = np.einsum("mi,ei->me", x.numpy(), weight) + bias
    expected = (
        np.maximum(expected, 0) if activation == "relu" else function(expected) if function else expected
    )
    torch.testing.assert_close(encoder(x).detach(), torch.tensor(expected), **TIGHT)


def test_an_embedding_looks_up_rows():
    encoder = EmbeddingEncoder(5, 3)
    for dtype in (torch.int64, torch.int32, torch.uint8, torch.bool):
        categories = torch.tensor([0, 1, 1], dtype=dtype)
        expected = encoder.table.weight[[0, 1, 1]]
        torch.testing.assert_close(encoder(categories), expected, rtol=0, atol=0)
    assert encoder(torch.zeros(0, dtype=torch.int64)).shape == (0, 3)


@pytest.mark.parametrize("kernel", [(3,), 3, (5, 3), (3, 3, 3)], ids=str)
@pytest.mark.parametrize("pixels", [1, 2, 7, 12])
@pytest.mark.parametrize("grid_size", [1, 2])
def test_a_convolution_takes_frames_of_any_size(kernel: Any, pixels: int, grid_size: int):
    encoder = ConvEncoder(2, 6, kernel_size=kernel, channels=(4, 3), grid_size=grid_size)
    num_axes = len(encoder.frame) - 1
    frames = torch.rand(5, 2, *(pixels + axis for axis in range(num_axes)))
    features = encoder(frames)
    assert features.shape == (5, 6)
    torch.testing.assert_close(encoder(frames[3:4]), features[3:4], rtol=0, atol=1e-5)
    assert encoder(frames[:0]).shape == (0, 6)


def test_a_grid_tells_where_and_one_field_does_not():
    def frames(*, top: bool) -> torch.Tensor:
        image = torch.zeros(1, 1, 32, 32)
        image[0, 0, 8 if top else 24, 16] = 1
        return image

    what = ConvEncoder(1, 4, grid_size=1)
    where = ConvEncoder(1, 4, grid_size=2)
    torch.testing.assert_close(what(frames(top=True)), what(frames(top=False)), rtol=0, atol=1e-6)
    assert (where(frames(top=True)) - where(frames(top=False))).abs().max() > 1e-4


def test_what_encoders_say_of_themselves():
    assert str(IdentityEncoder(3)) == "IdentityEncoder(3)"
    assert "activation='tanh'" in str(LinearEncoder(1, 2, activation="tanh"))
    assert [encoder.output_size for encoder in (IdentityEncoder(3), LinearEncoder(1, 2))] == [3, 2]


@pytest.mark.parametrize(
    ("encoder", "value", "leading", "error", "message"),
    [
        (
            LinearEncoder(3, 4),
            torch.zeros(5, 2, 4),
            "T, N",
            ShapeError,
            "`x` must have shape (T, N, 3) for its LinearEncoder, but it has shape (5, 2, 4).",
        ),
        (
            LinearEncoder(1, 4),
            torch.zeros(5, 2),
            "T, N",
            ShapeError,
            "but it has shape (5, 2).\n    One number is an axis of one: unsqueeze(-1).",
        ),
        (
            ConvEncoder(3, 4),
            torch.zeros(5, 2, 8, 9, 3),
            "N, T",
            ShapeError,
            "`x` must have shape (N, T, 3, H, W) for its ConvEncoder, but it has shape (5, 2, 8, 9, 3).\n"
            "    If the channels are the last axis, move them: movedim(-1, -3).",
        ),
        (
            ConvEncoder(1, 4, kernel_size=(3,)),
            torch.zeros(5, 9),
            "N",
            ShapeError,
            "`x` must have shape (N, 1, L) for its ConvEncoder, but it has shape (5, 9).\n"
            "    One number is an axis of one: unsqueeze(-2).",
        ),
        (
            EmbeddingEncoder(3, 4),
            torch.zeros(5, 2, dtype=torch.int64),
            "N",
            ShapeError,
            "`x` must have shape (N,) for its EmbeddingEncoder, but it has shape (5, 2).",
        ),
        (
            EmbeddingEncoder(3, 4),
            torch.zeros(5),
            "N",
            DtypeError,
            "`x` must be integers, one a category, but its dtype is torch.float32.",
        ),
        (
            IdentityEncoder(2),
            torch.zeros(5, 2, dtype=torch.int64),
            "N",
            DtypeError,
            "`x` must be floating point, but its dtype is torch.int64.\n    Amounts: convert them, .float(). "
            "Categories: give the stream an EmbeddingEncoder.",
        ),
        (
            LinearEncoder(2, 4),
            torch.zeros(5, 2).double(),
            "N",
            DtypeError,
            "`x` must have the dtype of the layer's",
        ),
        (LinearEncoder(2, 4), [[0.0, 0.0]], "N", DtypeError, "`x` must be a tensor, but it is a list."),
    ],
)
def test_an_input_that_does_not_fit_is_refused(
    encoder: InputEncoder, value: Any, leading: str, error: Any, message: str
):
    with pytest.raises(error) as caught:
        encoder.check("x", value, leading)
    assert message in str(caught.value)


@pytest.mark.parametrize("wrong", [-1, 3])
def test_an_unknown_category_is_refused(wrong: int):
    with pytest.raises(DataError) as error:
        EmbeddingEncoder(3, 4)(torch.tensor([0, wrong, 2, wrong]))
    assert str(error.value) == f"a category must be in 0..2, but 2 are not, first {wrong}."


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IdentityEncoder(0), "`size` must be a positive integer, but it is 0."),
        (lambda: LinearEncoder(2, -1), "`output_size` must be a positive integer, but it is -1."),
        (
            lambda: LinearEncoder(2, 1, activation="gelu"),
            "`activation` must be one of 'none', 'tanh', 'relu'",
        ),
        (lambda: EmbeddingEncoder(True, 2), "`num_categories` must be a positive integer, but it is True."),
        (
            lambda: ConvEncoder(1, 2, channels=()),
            "`channels` must be the number of channels behind each convolution, in a tuple, but it is ().",
        ),
        (
            lambda: ConvEncoder(1, 2, channels=(4, 0)),
            "`channels[1]` must be a positive integer, but it is 0.",
        ),
        (lambda: ConvEncoder(1, 2, kernel_size=2), "`kernel_size` must be positive and odd along each axis"),
        (lambda: ConvEncoder(1, 2, grid_size=0), "`grid_size` must be a positive integer, but it is 0."),
    ],
)
def test_an_option_that_is_not_legal_is_refused(make: Any, message: str):
    with pytest.raises(OptionError) as error:
        make()
    assert message in str(error.value)


def test_gradients_are_those_of_finite_differences():
    encoder = ConvEncoder(1, 2, channels=(2,), kernel_size=(3,), grid_size=2).double()
    frames = torch.randn(3, 1, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda frames, *_: encoder(frames), (frames, *encoder.parameters()))
    assert isinstance(encoder, nn.Module)
