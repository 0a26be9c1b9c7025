"""What moves while a language model trains: the weights, the best ones, the optimizer, the carried state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from elman.cells.state import map_state, state_tensors
from elman.tasks.text.network import TextNetwork
from elman.training.state import join_parts, load_optimizer, optimizer_tensors, part_of

_BETAS = (0.9, 0.99)


class TextState:
    """The weights, the best of them so far, the optimizer, and the state that the next segment begins with.

    Args:
        network: its weights are moved in place.
        weight_decay: AdamW's.
        num_rows: N, places in the text that are read side by side.
    """

    def __init__(self, network: TextNetwork, weight_decay: float, num_rows: int) -> None:
        self.network, self._num_rows = network, num_rows
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=0.0, betas=_BETAS, weight_decay=weight_decay, fused=True
        )
        self.best: dict[str, Tensor] = {}
        self.keep_as_best()
        self.carried: Any = None
        """Before the next segment; None for the fresh one."""
        self.learning_rate_factor = 1.0

    def move(self, learning_rate: float) -> None:
        """Move the weights along the gradients they hold."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.step()

    def keep_as_best(self) -> None:
        """Remember the present weights as the best so far."""
        self.best = {name: one.clone() for name, one in self.network.state_dict().items()}

    def leave_best_weights(self) -> None:
        """End the training: the network holds the best weights and is ready to be used."""
        self.network.load_state_dict(self.best)
        self.network.eval()

    def find_non_finite(self) -> str | None:
        """Return the name of a weight that is not finite, or the first of whatever else moves with them."""
        moving = {
            **dict(self.network.named_parameters()),
            **join_parts({"optimizer": optimizer_tensors(self.optimizer), "state": self._carried_tensors()}),
        }
        return next((name for name, one in moving.items() if not bool(one.isfinite().all())), None)

    def tensors(self) -> dict[str, Tensor]:
        """Return every tensor a training goes on from, by name; they move on with it."""
        return join_parts(
            {
                "model": self.network.state_dict(),
                "best": self.best,
                "optimizer": optimizer_tensors(self.optimizer),
                "state": self._carried_tensors(),
                "learning_rate": {"factor": torch.tensor(self.learning_rate_factor, dtype=torch.float64)},
            }
        )

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `tensors` returned.

        Raises:
            KeyError: a tensor is missing.
            RuntimeError: a tensor has another shape than the network's.
        """
        self.network.load_state_dict(part_of(tensors, "model"))
        self.best = part_of(tensors, "best")
        load_optimizer(self.optimizer, part_of(tensors, "optimizer"))
        self.learning_rate_factor = float(tensors["learning_rate.factor"])
        carried, self.carried = part_of(tensors, "state"), None
        if carried:
            device = self.network.head.weight.device
            numbered = iter([carried[str(index)].to(device) for index in range(len(carried))])
            example = self.network.layers.initial_state(self._num_rows)
            self.carried = map_state(lambda one: torch.as_tensor(next(numbered)), example)

    def _carried_tensors(self) -> dict[str, Tensor]:
        carried = [] if self.carried is None else state_tensors(self.carried)
        return {str(index): one for index, one in enumerate(carried)}
