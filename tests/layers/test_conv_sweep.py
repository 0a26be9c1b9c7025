"""`ImageSweep`: what a pixel sees, and the loops that say so."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elman.cells import Cell, ElmanCell, GRUCell, LSTMCell
from elman.errors import DtypeError, OptionError, ShapeError
from elman.layers import ImageSweep, TimeDistributed

TIGHT = {"rtol": 0, "atol": 1e-12}


def make_sweep(cell_class: Any = GRUCell, channels: int = 2, **options: Any) -> ImageSweep:
    return ImageSweep(partial(cell_class, hidden_size=3), channels, **options).double()


def run_by_hand(cell: Cell, line: Tensor, reverse: bool) -> Tensor:
    """A cell over one line (T, C), as a loop."""
    state, outputs = cell.initial_state(1), {}
    for t in reversed(range(len(line))) if reverse else range(len(line)):
        outputs[t], state = cell(line[t : t + 1], state)
    return torch.cat([outputs[t] for t in range(len(line))])


def sweep_by_hand(sweep: ImageSweep, image: Tensor) -> Tensor:
    for axis in sweep.axes:
        layers: Any = sweep.sweeps[axis]
        rows = []
        for picture in image if axis == "width" else image.transpose(2, 3):
            lines = [
                torch.cat([run_by_hand(layer.cell, picture[:, y].T, layer.reverse) for layer in layers], 1).T
                for y in range(picture.shape[1])
            ]
            rows.append(torch.stack(lines, 1))
        image = torch.stack(rows) if axis == "width" else torch.stack(rows).transpose(2, 3)
    return image


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (5, 1), (3, 4)], ids=str)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("axes", [("width",), ("height",), ("width", "height"), ("height", "width")])
def test_lines_are_sequences(axes: Any, bidirectional: bool, size: Any):
    sweep = make_sweep(LSTMCell, axes=axes, bidirectional=bidirectional)
    image = torch.randn(2, 2, *size, dtype=torch.float64)
    output = sweep(image)
    assert (sweep.input_size, sweep.output_size) == (2, 6 if bidirectional else 3)
    assert output.shape == (2, sweep.output_size, *size)
    torch.testing.assert_close(output, sweep_by_hand(sweep, image), **TIGHT)


def seen(module: nn.Module, pixel: tuple[int, int], size: tuple[int, int] = (7, 6)) -> Tensor:
    """Which pixels of the input the gradient of one output pixel reaches, (H, W) of bool."""
    image = torch.randn(1, 1, *size, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(module(image)[0, :, pixel[0], pixel[1]].sum(), image)
    return gradient[0, 0] != 0


@pytest.mark.parametrize("pixel", [(3, 3), (0, 0), (6, 5), (2, 4)])
@pytest.mark.parametrize("cell_class", [ElmanCell, GRUCell, LSTMCell])
def test_a_convolution_sees_nine_pixels_and_a_sweep_of_four_directions_sees_all(cell_class: Any, pixel: Any):
    around = torch.zeros(7, 6, dtype=torch.bool)
    around[max(pixel[0] - 1, 0) : pixel[0] + 2, max(pixel[1] - 1, 0) : pixel[1] + 2] = True
    convolution = nn.Conv2d(1, 2, 3, padding=1).double()
    assert seen(convolution, pixel).equal(around)
    assert seen(make_sweep(cell_class, 1), pixel).all()
    assert seen(nn.Sequential(convolution, make_sweep(cell_class, 2)), pixel).all()


def test_fewer_directions_see_less():
    row, corner = torch.zeros(7, 6, dtype=torch.bool), torch.zeros(7, 6, dtype=torch.bool)
    row[3] = True
    corner[:4, :3] = True
    assert seen(make_sweep(channels=1, axes=("width",)), (3, 2)).equal(row)
    assert seen(make_sweep(channels=1, bidirectional=False), (3, 2)).equal(corner)


def test_gradients_are_those_of_finite_differences():
    sweep = make_sweep()
    image = torch.randn(2, 2, 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda image, *_: sweep(image), (image, *sweep.parameters()))


def test_frames_of_a_video_are_swept():
    sweep = make_sweep()
    video = torch.randn(3, 2, 2, 4, 5, dtype=torch.float64)
    layer = TimeDistributed(sweep)
    assert (layer.input_size, layer.output_size) == (2, 6)
    torch.testing.assert_close(layer(video)[0][2], sweep(video[2]), **TIGHT)
    assert sweep(video[0, :0]).shape == (0, 6, 4, 5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: make_sweep()(torch.zeros(2, 3, 4, 4)),
            ShapeError,
            "`image` must have shape (N, C, H, W) = (N, 2, H, W) because input_channels=2, "
            "but it has shape (2, 3, 4, 4).",
        ),
        (lambda: make_sweep()(torch.zeros(2, 4, 4)), ShapeError, "`image` must have shape (N, C, H, W)"),
        (
            lambda: make_sweep()(torch.zeros(1, 2, 0, 4)),
            ShapeError,
            "`image` must have at least one pixel, but it has shape (1, 2, 0, 4).",
        ),
        (
            lambda: make_sweep()(torch.zeros(1, 2, 3, 4)),
            DtypeError,
            "`image` must have the dtype of the layer's",
        ),
        (lambda: make_sweep()(None), DtypeError, "`image` must be a tensor, but it is a NoneType."),
        (
            lambda: make_sweep(axes=("depth",)),
            OptionError,
            "`axes` must be one or both of 'width' and 'height', in a tuple, but it is ('depth',).",
        ),
        (lambda: make_sweep(axes="width"), OptionError, "in a tuple, but it is 'width'."),
        (lambda: make_sweep(axes=("width", "width")), OptionError, "but it is ('width', 'width')."),
        (lambda: make_sweep(axes=()), OptionError, "but it is ()."),
        (
            lambda: make_sweep(bidirectional=2),
            OptionError,
            "`bidirectional` must be True or False, but it is 2.",
        ),
        (
            lambda: make_sweep(channels=0),
            OptionError,
            "`input_channels` must be a positive integer, but it is 0.",
        ),
        (
            lambda: ImageSweep(GRUCell(2, 3), 2),  # pyright: ignore[reportArgumentType]
            DtypeError,
            "`make_cell` must make a cell from the size of its input, such as functools.partial(GRUCell, "
            "hidden_size=8), but it is a GRUCell.",
        ),
        (
            lambda: ImageSweep(lambda size: nn.Linear(size, 3), 2),  # pyright: ignore[reportArgumentType]
            DtypeError,
            "`make_cell` must return an elman.Cell, but it returned a Linear.",
        ),
        (
            lambda: ImageSweep(lambda size: GRUCell(2, 3), 2),
            OptionError,
            "`make_cell(6)` must return a cell with input_size=6, but its input_size is 2.",
        ),
    ],
)
def test_a_wrong_call_is_refused(call: Any, error: Any, message: str):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)
