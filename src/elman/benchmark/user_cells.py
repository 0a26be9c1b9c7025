"""Cells as a person writes them who knows PyTorch and no compiler: what a compiler must make fast."""

from typing import TypeAlias

import torch
from torch import Tensor, nn

from elman.cells import Cell

Two: TypeAlias = tuple[Tensor, Tensor]


class _TwoStates(Cell):
    """Has a hidden state and a cell state; abstract."""

    def initial_state(self, batch_size: int) -> Two:
        """Return zeros."""
        return self.zeros(batch_size, self.hidden_size), self.zeros(batch_size, self.hidden_size)


class LayerNormLSTM(_TwoStates):
    """An LSTM with layer norms of both products and of the cell state (Ba et al., 2016)."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.from_input = nn.Linear(input_size, 4 * hidden_size, bias=False)
        self.from_hidden = nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        self.norm_input = nn.LayerNorm(4 * hidden_size)
        self.norm_hidden = nn.LayerNorm(4 * hidden_size)
        self.norm_memory = nn.LayerNorm(hidden_size)

    def forward(self, input: Tensor, state: Two) -> tuple[Tensor, Two]:
        """Compute one time step."""
        hidden, memory = state
        gates = self.norm_input(self.from_input(input)) + self.norm_hidden(self.from_hidden(hidden))
        write, forget, candidate, read = gates.chunk(4, dim=-1)
        memory = torch.sigmoid(forget) * memory + torch.sigmoid(write) * torch.tanh(candidate)
        hidden = torch.sigmoid(read) * torch.tanh(self.norm_memory(memory))
        return hidden, (hidden, memory)


class PeepholeLSTM(_TwoStates):
    """An LSTM whose gates also see the cell state (Gers and Schmidhuber, 2000)."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.gates = nn.Linear(input_size + hidden_size, 4 * hidden_size)
        self.peep_write = nn.Parameter(torch.randn(hidden_size) / 10)
        self.peep_forget = nn.Parameter(torch.randn(hidden_size) / 10)
        self.peep_read = nn.Parameter(torch.randn(hidden_size) / 10)

    def forward(self, input: Tensor, state: Two) -> tuple[Tensor, Two]:
        """Compute one time step."""
        hidden, memory = state
        write, forget, candidate, read = self.gates(torch.cat([input, hidden], dim=-1)).chunk(4, dim=-1)
        write = torch.sigmoid(write + self.peep_write * memory)
        forget = torch.sigmoid(forget + self.peep_forget * memory)
        memory = forget * memory + write * torch.tanh(candidate)
        hidden = torch.sigmoid(read + self.peep_read * memory) * torch.tanh(memory)
        return hidden, (hidden, memory)


class CoupledGatesLSTM(_TwoStates):
    """An LSTM that forgets as much as it writes (Greff et al., 2017)."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.from_input = nn.Linear(input_size, 3 * hidden_size)
        self.from_hidden = nn.Linear(hidden_size, 3 * hidden_size)

    def forward(self, input: Tensor, state: Two) -> tuple[Tensor, Two]:
        """Compute one time step."""
        hidden, memory = state
        forget, candidate, read = (self.from_input(input) + self.from_hidden(hidden)).chunk(3, dim=-1)
        forget = torch.sigmoid(forget)
        memory = forget * memory + (1 - forget) * torch.tanh(candidate)
        hidden = torch.sigmoid(read) * torch.tanh(memory)
        return hidden, (hidden, memory)


class ResetBeforeGRU(Cell):
    """A GRU whose reset gate scales the state before the product (Cho et al., 2014)."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.gates = nn.Linear(input_size + hidden_size, 2 * hidden_size)
        self.candidate = nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        both = torch.cat([input, state], dim=-1)
        reset, update = torch.sigmoid(self.gates(both)).chunk(2, dim=-1)
        candidate = torch.tanh(self.candidate(torch.cat([input, reset * state], dim=-1)))
        state = torch.lerp(state, candidate, update)
        return state, state


class MinimalGatedUnit(Cell):
    """A GRU with one gate for both of its jobs (Zhou et al., 2016)."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.forget_input = nn.Linear(input_size, hidden_size)
        self.forget_hidden = nn.Linear(hidden_size, hidden_size, bias=False)
        self.candidate_input = nn.Linear(input_size, hidden_size)
        self.candidate_hidden = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        forget = torch.sigmoid(self.forget_input(input) + self.forget_hidden(state))
        candidate = torch.tanh(self.candidate_input(input) + self.candidate_hidden(forget * state))
        state = (1 - forget) * state + forget * candidate
        return state, state


class IndRNN(Cell):
    """A network whose units each see their own past alone (Li et al., 2018)."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.from_input = nn.Linear(input_size, hidden_size)
        self.recurrent = nn.Parameter(torch.empty(hidden_size).uniform_(-1, 1))

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        state = torch.relu(self.from_input(input) + self.recurrent * state)
        return state, state


class MinGRU(Cell):
    """A GRU whose gate and candidate see the input alone (Feng et al., 2024)."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.update = nn.Linear(input_size, hidden_size)
        self.candidate = nn.Linear(input_size, hidden_size)

    def forward(self, input: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one time step."""
        update = torch.sigmoid(self.update(input))
        state = (1 - update) * state + update * self.candidate(input)
        return state, state


USER_CELLS: dict[str, type[Cell]] = {
    cell.__name__: cell
    for cell in (
        LayerNormLSTM,
        PeepholeLSTM,
        CoupledGatesLSTM,
        ResetBeforeGRU,
        MinimalGatedUnit,
        IndRNN,
        MinGRU,
    )
}
