"""The network of a classifier: convolution -> recurrent layers -> pooling -> head."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from elman.compiler import shared_by, within_memory
from elman.layers.topologies.pooling import Pooling
from elman.tasks.classify.encoder import Batch
from elman.tasks.classify.options import ClassifyOptions
from elman.tasks.networks import make_layers
from elman.tasks.through_time import parse_memory
from elman.training.through_time.calls import StateRows


class ClassifyNetwork(nn.Module):
    """Reads sequences and gives a score to each class; what stands behind their ends counts for nothing.

    Equations:
        (1) u = relu(W * x)    a convolution over the steps around each, if wanted
        (2) y_t = layers(u)_t
        (3) scores = A pool_t(y_t) + b

    Args:
        input_size: inputs of a step.
        num_classes: scores.
        options: of the classifier.

    Shape:
        A `Batch` of N sequences. Output: (N, num_classes).
    """

    def __init__(self, input_size: int, num_classes: int, options: ClassifyOptions) -> None:
        super().__init__()
        self.noise, self.reach = options.noise, options.reach
        self.memory = parse_memory(options.memory)
        self.convolution = None
        if options.convolution:
            self.convolution = nn.Conv1d(input_size, options.hidden_size, options.convolution, padding="same")
            input_size = options.hidden_size
        sizes = options.hidden_size, options.num_layers
        layers = make_layers(options.cell, input_size, *sizes, bidirectional=options.bidirectional)
        input_size = layers[-1].output_size
        self.layers = nn.ModuleList(layers)
        self.dropout = nn.Dropout(options.dropout)
        self.pool = _Pool(options.pooling, input_size, bidirectional=options.bidirectional)
        self.head = nn.Linear(input_size, num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return the scores; their softmax is the probability of each class."""
        input, lengths = batch.input, batch.lengths
        if self.training and self.noise:
            input = input + self.noise * torch.randn_like(input)
        live = torch.arange(len(input)).unsqueeze(1) < lengths
        live = live.to(input.device)
        if self.convolution is not None:
            input = self._convolve(input.masked_fill(~live[..., None], 0))
        if self.training and self.reach is not None and self.reach < len(input):
            input, states, lengths = self._cut(input, lengths, self.reach)
            output, _ = self._run(input, lengths, states)
            live = torch.arange(len(input), device=input.device)[:, None] < lengths.to(input.device)
        else:
            output, _ = self._run(input, lengths)
        return self.head(self.dropout(self.pool(output, live)))

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Keep the gradients of the calls in this block within `memory`."""
        with within_memory(self.memory), shared_by(len(self.layers)):
            yield

    def _run(
        self, input: Tensor, lengths: Tensor, states: list[Any] | None = None
    ) -> tuple[Tensor, list[Any]]:
        """Run the layers one upon another; states go in and come out as a list."""
        finals = []
        for at, layer in enumerate(self.layers):
            input = self.dropout(input) if at else input
            input, final = layer(input, states[at] if states else None, lengths=lengths)
            finals.append(final)
        return input, finals

    def _cut(self, input: Tensor, lengths: Tensor, reach: int) -> tuple[Tensor, list[Any], Tensor]:
        """Read all but the last `reach` steps of each sequence without a gradient.

        Returns:
            The steps that are left, from the first on; the states before them; how many they are.
        """
        before = (lengths - reach).clamp(min=0)
        longer = before.nonzero()[:, 0]
        with torch.no_grad():
            rows = longer.to(input.device)
            _, finals = self._run(input[: int(before.max()), rows], before[longer])
        states = [
            StateRows(layer).put(layer.initial_state(len(lengths)), longer, final, len(lengths))
            for layer, final in zip(cast("Any", self.layers), finals, strict=True)
        ]
        steps = (torch.arange(reach)[:, None] + before).clamp(max=len(input) - 1).to(input.device)
        return input.gather(0, steps[..., None].expand(-1, -1, input.shape[-1])), states, lengths - before

    def _convolve(self, input: Tensor) -> Tensor:
        assert self.convolution is not None
        return torch.relu(self.convolution(input.permute(1, 2, 0))).permute(2, 0, 1)

    @property
    def kernel(self) -> str:
        """What runs the first layer: the backend and how."""
        layer: Any = self.layers[0]
        return layer.explain() if hasattr(layer, "explain") else "eager"


class _Pool(nn.Module):
    """Pooling; at the last step of a bidirectional layer its backward half is taken where it ends."""

    def __init__(self, kind: str, size: int, *, bidirectional: bool) -> None:
        super().__init__()
        halves = 2 if kind == "last" and bidirectional else 1
        self.halves = nn.ModuleList(Pooling(kind, size // halves, reverse=bool(at)) for at in range(halves))

    def forward(self, outputs: Tensor, live: Tensor) -> Tensor:
        parts = outputs.chunk(len(self.halves), dim=-1)
        return torch.cat([pool(part, live) for pool, part in zip(self.halves, parts, strict=True)], dim=-1)
