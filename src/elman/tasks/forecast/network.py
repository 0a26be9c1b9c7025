"""The recurrent branch: an encoder over the past, a decoder over the horizon, a head of quantiles.

    past target, covariates, calendar --encoder--> final state
    known future, season lags, linear forecast --decoder, from that state--> features --head--> quantiles

A second decoder reads the known future from its end, so that every step sees what is known to come.
The centre quantile is a mixture of bases (the values one season before, nothing), weighted anew at every
step, plus what the network adds to it. For one series the linear forecast is an input and no base: two
forecasts that are made apart err for different reasons, and their mean is better than either.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from elman.compiler import shared_by, within_memory
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecast.quantiles import QuantileHead
from elman.tasks.forecast.through_time import parse_memory, parse_reach
from elman.tasks.networks import CellChoice, make_layers


@dataclass(frozen=True)
class Batch:
    """N windows as tensors. T is the context, H the horizon.

    Args:
        past: (T, N, .) float, what is read of the past.
        past_codes: (T, N, .) int, text covariates of the past.
        future: (H, N, .) float, what is known of the future and the bases.
        future_codes: (H, N, .) int, text covariates known in the future.
        target: (H, N) scaled truth, 0 where missing.
        observed: (H, N) bool.
        bases: (H, N, B) simple forecasts to start from, scaled.
    """

    past: Tensor
    past_codes: Tensor
    future: Tensor
    future_codes: Tensor
    target: Tensor
    observed: Tensor
    bases: Tensor


@dataclass(frozen=True)
class NetworkSizes:
    """What the network must fit: the widths of its inputs.

    Args:
        past: features of a past step.
        future: features of a future step.
        bases: simple forecasts to start from.
        past_vocabularies: codes of each text covariate of the past.
        future_vocabularies: codes of each text covariate known in the future.
    """

    past: int
    future: int
    bases: int
    past_vocabularies: tuple[int, ...] = ()
    future_vocabularies: tuple[int, ...] = ()


class ForecastNetwork(nn.Module):
    """Encoder, two decoders and a quantile head; any cell.

    Args:
        sizes: of the inputs.
        cell: a name of `elman.cells.ALL_CELLS`, or a function of (input_size, hidden_size) that makes a cell.
        hidden_size: units of each layer.
        num_layers: layers of the encoder and of each decoder.
        dropout: share of features that are dropped before the head and between layers, in [0, 1).
        levels: quantiles, ascending.
        reach: steps before the end of the past that training learns from; None for all.
        memory: bytes that a gradient may take where it is `bounded`; None for as many as it needs.

    Shape:
        A `Batch` of N windows. Output: (H, N, Q).
    """

    def __init__(
        self,
        sizes: NetworkSizes,
        *,
        cell: CellChoice,
        hidden_size: int,
        num_layers: int,
        dropout: float,
        levels: tuple[float, ...],
        reach: int | None = None,
        memory: int | None = None,
    ) -> None:
        super().__init__()
        self.reach, self.memory = reach, memory
        self.embed_past = _Embeddings(sizes.past_vocabularies)
        self.embed_future = _Embeddings(sizes.future_vocabularies)
        past = sizes.past + self.embed_past.output_size
        future = sizes.future + self.embed_future.output_size

        def stack(input_size: int) -> _Stack:
            return _Stack(cell, input_size, hidden_size, num_layers, dropout)

        self.encoder, self.decoder, self.backward_decoder = stack(past), stack(future), stack(future)
        self.dropout = nn.Dropout(dropout)
        features = self.decoder.output_size + self.backward_decoder.output_size
        self.head = QuantileHead(features, levels)
        self.mixture = nn.Linear(features, sizes.bases + 1)

    @classmethod
    def from_options(cls, sizes: NetworkSizes, options: ForecastOptions) -> ForecastNetwork:
        """Return a network as the options want it, on their device."""
        network = cls(
            sizes,
            cell=options.cell,
            hidden_size=options.hidden_size,
            num_layers=options.num_layers,
            dropout=options.dropout,
            levels=options.quantiles,
            reach=parse_reach(options.through_time),
            memory=parse_memory(options.memory),
        )
        return network.to(options.device)

    def forward(self, batch: Batch) -> Tensor:
        """Return the quantiles in scaled units."""
        past = torch.cat([batch.past, self.embed_past(batch.past_codes)], dim=-1)
        future = torch.cat([batch.future, self.embed_future(batch.future_codes)], dim=-1)
        ahead, _ = self.decoder(future, self._encode(past))
        behind, _ = self.backward_decoder(future.flip(0), None)
        features = self.dropout(torch.cat([ahead, behind.flip(0)], dim=-1))
        weights = self.mixture(features).softmax(dim=-1)[..., :-1]
        base = (weights * batch.bases).sum(dim=-1, keepdim=True)
        return base + self.head(features)

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Keep the gradients of the calls in this block within `memory`."""
        num_layers = sum(len(one.layers) for one in (self.encoder, self.decoder, self.backward_decoder))
        with within_memory(self.memory), shared_by(num_layers):
            yield

    def _encode(self, past: Tensor) -> list[Any]:
        """Read the past; in training, what lies beyond the reach without a gradient."""
        states = None
        if self.training and self.reach is not None and self.reach < len(past):
            with torch.no_grad():
                _, states = self.encoder(past[: -self.reach], None)
            past = past[-self.reach :]
        return self.encoder(past, states)[1]


class _Embeddings(nn.Module):
    """One table a text covariate; their rows side by side."""

    def __init__(self, vocabularies: tuple[int, ...]) -> None:
        super().__init__()
        widths = [min(16, 1 + size // 2) for size in vocabularies]
        self.tables = nn.ModuleList(nn.Embedding(*pair) for pair in zip(vocabularies, widths, strict=True))
        for table in self.tables:
            # A text that training never saw says nothing, rather than something random.
            nn.init.zeros_(cast("nn.Embedding", table).weight[0].data)
        self.output_size = sum(widths)

    def forward(self, codes: Tensor) -> Tensor:
        if not self.tables:
            return codes.new_zeros((*codes.shape[:-1], 0), dtype=torch.get_default_dtype())
        return torch.cat([table(codes[..., at]) for at, table in enumerate(self.tables)], dim=-1)


class _Stack(nn.Module):
    """Layers of one kind of cell, each reading the one below it. States go in and come out as a list."""

    def __init__(
        self, cell: CellChoice, input_size: int, hidden_size: int, num_layers: int, dropout: float
    ) -> None:
        super().__init__()
        layers = make_layers(cell, input_size, hidden_size, num_layers)
        self.layers = nn.ModuleList(layers)
        self.dropout = nn.Dropout(dropout)
        self.output_size = layers[-1].output_size

    def forward(self, input: Tensor, states: list[Any] | None) -> tuple[Tensor, list[Any]]:
        finals = []
        for at, layer in enumerate(self.layers):
            input, final = layer(self.dropout(input) if at else input, states[at] if states else None)
            finals.append(final)
        return input, finals
