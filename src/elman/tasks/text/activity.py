"""Units whose activity is worth a look: those that hold on to something."""

from __future__ import annotations

import numpy as np
import torch

from elman.tasks.results.text import UnitActivity
from elman.tasks.text.network import TextNetwork


@torch.no_grad()
def watch_units(network: TextNetwork, codes: np.ndarray, num_units: int) -> list[UnitActivity]:
    """Return the activity of a few units of the last layer while they read a text.

    Those are taken whose output varies most from one stretch of text to the next: a unit that holds on to
    something, such as being inside a quotation, is on for a while and then off.

    Args:
        network: in evaluation mode.
        codes: the text, (T,).
        num_units: how many.
    """
    read = torch.from_numpy(codes)[:, None].to(network.head.weight.device)
    features = network.features(read)[0][:, 0].double().cpu().numpy()
    slow = features - features.mean(axis=0)
    # The mean of each symbol is what a unit owes to the present symbol alone.
    for code in np.unique(codes):
        slow[codes == code] -= slow[codes == code].mean(axis=0)
    held = (slow[1:] * slow[:-1]).mean(axis=0) if len(slow) > 1 else np.zeros(slow.shape[1])
    chosen = np.argsort(-held, kind="stable")[:num_units]
    return [UnitActivity(int(unit), features[:, unit].round(3).tolist()) for unit in chosen]
