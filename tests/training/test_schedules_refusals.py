"""What a schedule refuses, in words."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

import elman
from elman import BPTT, TBPTT, PerStep, Recurrent
from elman.cells import GRUCell
from elman.errors import DtypeError, ElmanError, LengthError, OptionError, ShapeError
from elman.layers import Bidirectional, ManyToOne
from elman.training import SequenceBatch

INPUT = torch.zeros(6, 2, 3)


def gru(**options: Any) -> Recurrent:
    return Recurrent(GRUCell(3, 4), **options)


def parts(batch: Any, layer: Any = None, schedule: Any = None) -> list[Any]:
    return list((schedule or TBPTT(4)).parts(gru() if layer is None else layer, batch))


def loss_of(loss: Any) -> None:
    parts(SequenceBatch(INPUT))[0].backward(loss)


class Bare(nn.Module):
    """A layer that tells nothing of its state."""

    def forward(self, input: torch.Tensor, state: Any = None, lengths: Any = None):
        return input, input[-1]


REFUSALS: dict[str, tuple[Callable[[], Any], type[ElmanError], str]] = {
    "length": (lambda: TBPTT(0), OptionError, "`length` must be a positive integer, but it is 0."),
    "window": (
        lambda: TBPTT(5, window=4),
        OptionError,
        "`window` must be `length` or more, so that every step is learned from, but it is 4 with length=5.",
    ),
    "packed": (
        lambda: SequenceBatch(pack_sequence([torch.zeros(3, 1)])),  # pyright: ignore[reportArgumentType]
        DtypeError,
        "`input` must be a padded tensor with `lengths`, but it is a PackedSequence, which cannot "
        "be cut along "
        "time.\n    Unpack it: input, lengths = torch.nn.utils.rnn.pad_packed_sequence(packed).",
    ),
    "target": (
        lambda: parts(SequenceBatch(INPUT, target=torch.zeros(2, 6, 1))),
        ShapeError,
        "`target` must have the first axes of the input, (T, N) = (6, 2), but it has shape (2, 6, 1).",
    ),
    "no tensor": (
        lambda: SequenceBatch(INPUT, target=[1]),  # pyright: ignore[reportArgumentType]
        DtypeError,
        "`target` must be a tensor, but it is a list.",
    ),
    "flat": (
        lambda: SequenceBatch(torch.zeros(4)),
        ShapeError,
        "`input` must have the axes T and N, (T, N, I), but it has shape (4,).",
    ),
    "no steps": (
        lambda: parts(SequenceBatch(torch.zeros(0, 2, 3))),
        ShapeError,
        "`input` must have a time step and a sequence, but (T, N) = (0, 2).",
    ),
    "resets": (
        lambda: parts(SequenceBatch(INPUT, resets=torch.zeros(6, 2))),
        DtypeError,
        "`resets` must be (T, N) of torch.bool, but they are 2 axes of torch.float32.",
    ),
    "lengths": (
        lambda: parts(SequenceBatch(INPUT, lengths=[6, 7])),
        LengthError,
        "no sequence can be longer than the input's 6 time steps, but lengths[1] = 7.",
    ),
    "a tensor for a batch": (
        lambda: parts(INPUT),
        DtypeError,
        "`batch` must be a SequenceBatch or yield them, but there is a Tensor.",
    ),
    "batch size": (
        lambda: parts([SequenceBatch(INPUT), SequenceBatch(INPUT[:, :1])]),
        ShapeError,
        "every batch of a stream must have the 2 sequences of the first, whose states are carried "
        "on, but one "
        "has 1.",
    ),
    "reverse": (
        lambda: TBPTT(4).parts(gru(reverse=True), SequenceBatch(INPUT)),
        OptionError,
        "`layer` has reverse=True, so every step waits for the end of its sequence: there is no "
        "state to carry "
        "from one segment to the next.\n"
        "    Take a layer that reads forward only, or BPTT, which runs whole sequences.",
    ),
    "bidirectional": (
        lambda: PerStep().parts(nn.Sequential(elman.LSTM(3, 4, bidirectional=True)), SequenceBatch(INPUT)),
        OptionError,
        "layer.0 has bidirectional=True, so every step waits for the end of its sequence: there is "
        "no state to "
        "carry from one segment to the next.\n"
        "    Take a layer that reads forward only, or BPTT, which runs whole sequences.",
    ),
    "no layer": (
        lambda: TBPTT(4).parts(torch.tanh, SequenceBatch(INPUT)),  # pyright: ignore[reportArgumentType]
        OptionError,
        "`layer` must be a layer over sequences, such as elman.Recurrent, but it is a "
        "builtin_function_or_method.",
    ),
    "rows": (
        lambda: parts(SequenceBatch(INPUT, lengths=[6, 2]), Bare()),
        OptionError,
        "Bare must have `initial_state(batch_size)` for sequences that end at different times: it "
        "tells which "
        "axis of a state is the batch.",
    ),
    "window past an end": (
        lambda: parts(
            [SequenceBatch(INPUT, lengths=[6, 3]), SequenceBatch(INPUT)], schedule=TBPTT(2, window=4)
        ),
        LengthError,
        "a window that reaches into the batch before needs sequences that run to its end, but 1 of 2 ended "
        "earlier.\n    Start anew with an `initial_state`, or take TBPTT without `window`.",
    ),
    "computed input": (
        lambda: parts(SequenceBatch(INPUT * torch.ones(3, requires_grad=True))),
        OptionError,
        "`input` was computed with a gradient, whose graph the first of several parts would use up.\n"
        "    Compute it inside of the layer, or give it detached: .detach().",
    ),
    "nothing for a batch": (
        lambda: TBPTT(4).parts(gru(), None),  # pyright: ignore[reportArgumentType]
        DtypeError,
        "`batch` must be a SequenceBatch or yield them, but it is a NoneType.",
    ),
    "stateful": (
        lambda: TBPTT(4).parts(elman.Stacked(elman.Stateful(gru())), SequenceBatch(INPUT)),
        OptionError,
        "layer.layers.0 is a Stateful, which carries its state from call to call, and so does a schedule.\n"
        "    Give the layer inside, `stateful.layer`, and a stream of batches.",
    ),
    "lengths for torch": (
        lambda: parts(SequenceBatch(INPUT, lengths=[6, 3]), nn.GRU(3, 4)),
        OptionError,
        "torch.nn.GRU takes no `lengths`.\n"
        "    Take elman.GRU, which does, in its place: it loads the same state dictionary.",
    ),
    "pooled": (
        lambda: parts(SequenceBatch(INPUT[:1]), ManyToOne(gru()), schedule=BPTT()),
        ShapeError,
        "`layer` must return an output for each step of its input, (1, 2), but ManyToOne returns one of "
        "shape (2, 4).\n"
        "    Give the layer inside; what reads its outputs belongs into the loss on `part.output`.",
    ),
    "two outputs": (
        lambda: parts(SequenceBatch(INPUT), Bidirectional(GRUCell(3, 4), merge="none"), schedule=BPTT()),
        DtypeError,
        "`layer` must return a tensor of outputs, but Bidirectional returns a tuple.",
    ),
    "no loss": (lambda: loss_of(1.0), DtypeError, "`loss` must be a tensor, but it is a float."),
    "loss of each step": (
        lambda: loss_of(torch.zeros(6, 2)),
        ShapeError,
        "`loss` must be a scalar, but it has shape (6, 2).\n"
        "    Take its mean over the real steps: loss[part.mask].mean().",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal(name: str):
    call, kind, message = REFUSALS[name]
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message


def test_computed_input_is_taken_where_one_part_uses_it():
    weight = torch.ones(3, requires_grad=True)
    (part,) = TBPTT(6).parts(gru(), SequenceBatch(torch.ones(6, 2, 3) * weight))
    part.backward(part.output.sum())
    assert weight.grad is not None


def test_reverse_layers_run_where_nothing_is_cut():
    class Whole(elman.training.Schedule):
        @property
        def length(self) -> None:
            return None

    layer = gru(reverse=True)
    (part,) = Whole().parts(layer, SequenceBatch(torch.ones(6, 2, 3), lengths=[6, 2]))
    assert torch.equal(part.output, layer(torch.ones(6, 2, 3), lengths=[6, 2])[0])
