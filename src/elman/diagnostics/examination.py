"""A network looked over: what was measured becomes findings."""

from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor, nn

from elman.cells.options import check_size
from elman.diagnostics.activity import gates_of_run
from elman.diagnostics.finding import Finding
from elman.diagnostics.lags import lags_of_run
from elman.diagnostics.non_finite import (
    find_non_finite,
    find_non_finite_gradients,
    find_non_finite_states,
)
from elman.diagnostics.rows import longest_rows
from elman.diagnostics.rules import RULES, LayerReport
from elman.diagnostics.runs import LayerRun, check_module, collect_runs
from elman.diagnostics.traits import traits_of


def findings(
    layer: nn.Module,
    input: Any,
    *,
    initial_state: Any = None,
    lengths: Tensor | Sequence[int] | None = None,
    task_lag: int | None = None,
    num_sequences: int = 4,
) -> tuple[Finding, ...]:
    """Say what keeps a network from learning, and what usually helps.

    Use it on a fresh network with a batch of real data before a long training, and on one that does not
    learn. An empty answer means that gradients reach as far back as the task looks, and units can move.

    Args:
        layer: A layer, or a network that holds some.
        input: What it is called with.
        initial_state: The second argument of the call, if there is one.
        lengths: Number of time steps of each sequence, (N,); all T without it.
        task_lag: How many steps back the task looks; to the start of the longest sequence without it.
        num_sequences: How many sequences of the batch are looked at: the longest of the batch.

    Returns:
        The findings; what is not finite first, then layer by layer.

    Raises:
        DtypeError: `layer` is no module.
        OptionError: It holds no recurrent layer, or a number is not positive.

    Example:
        >>> from elman import Recurrent
        >>> from elman.cells import LSTMCell
        >>> layer = Recurrent(LSTMCell(3, 8, forget_bias=-6.0))
        >>> [(one.kind, one.layer) for one in findings(layer, torch.randn(40, 4, 3))]
        [('vanishing_gradient', 'recurrent'), ('closed_gate', 'recurrent')]
        >>> findings(Recurrent(LSTMCell(3, 8, forget_bias=4.0)), torch.randn(40, 4, 3))
        ()
    """
    check_module(layer)
    check_size("num_sequences", num_sequences)
    if task_lag is not None:
        check_size("task_lag", task_lag)
    runs = collect_runs(layer, input, initial_state, lengths)
    found = list(find_non_finite(layer, runs))
    if not found:
        for run in runs:
            found += _look_over(run, task_lag, num_sequences)
    return tuple(found)


def _look_over(run: LayerRun, task_lag: int | None, num_sequences: int) -> Iterator[Finding]:
    activity = gates_of_run(run, num_sequences)
    lags = lags_of_run(run, num_sequences)
    rows = longest_rows(num_sequences, run.lengths)
    wrong = [*find_non_finite_states(activity), *find_non_finite_gradients(lags, run.lengths[rows.numpy()])]
    if wrong:  # whatever else was measured means nothing
        yield wrong[0]
        return
    longest = max(int(run.lengths.max()) - 1, 1)
    traits = traits_of(run.cell, activity)
    report = LayerReport(run, lags, activity, traits, task_lag or longest, task_lag is not None)
    for rule in RULES:
        yield from rule(report)
