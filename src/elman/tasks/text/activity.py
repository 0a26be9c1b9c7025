"""Units whose activity is worth a look: those that hold on to something."""

from __future__ import annotations

import numpy as np
import torch

from elman.tasks.results.text import UnitActivity
from elman.tasks.text.network import TextNetwork


def watch_units(network: TextNetwork, codes: np.ndarray, num_units: int) -> list[UnitActivity]:
    """Return the activity of a few units of the last layer while they read a text.

    Those are taken whose output varies most from one stretch of text to the next: a unit that holds on to
    something, such as being inside a quotation, is on for a while and then off.

    Args:
        network: in evaluation mode.
        codes: the text, (T,).
        num_units: how many.
    """
    features = outputs_of(network, codes)
    slow = features - features.mean(axis=0)
    # The mean of each symbol is what a unit owes to the present symbol alone.
    for code in np.unique(codes):
        slow[codes == code] -= slow[codes == code].mean(axis=0)
    held = (slow[1:] * slow[:-1]).mean(axis=0) if len(slow) > 1 else np.zeros(slow.shape[1])
    chosen = np.argsort(-held, kind="stable")[:num_units]
    return [UnitActivity(int(unit), features[:, unit].round(3).tolist()) for unit in chosen]


@torch.no_grad()
def outputs_of(network: TextNetwork, codes: np.ndarray) -> np.ndarray:
    """Return what the last layer puts out while it reads a text, (T, H).

    Args:
        network: in evaluation mode.
        codes: the text, (T,).
    """
    read = torch.from_numpy(codes)[:, None].to(network.head.weight.device)
    return network.features(read)[0][:, 0].double().cpu().numpy()
