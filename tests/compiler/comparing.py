"""One cell run by two backends, and how far their numbers may lie apart.

The bounds come from dtype and length alone:

- float64: 1e-12 of the largest value for outputs and states, 1e-10 for gradients. Both sides add the same
  terms in another order; a sum of K terms moves by at most K eps of its largest, which the cells here,
  contracting ones, do not let grow from step to step.
- float32: eager in float64 is the truth. The error may be twice eager's own float32 error, which shows what
  the equation itself loses, or, where eager happens to be lucky, 8 eps ceil(log2(K T)) of the largest
  value: pairwise sums of K terms over T steps lose about log2(K T) roundings, each of a few eps. The error
  of a single number is luck, and of a sum that cancels more so: a narrow cell runs with several seeds, and
  the largest error of each side over all of them counts.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from elman.cells import Cell, map_state
from elman.cells.state import state_tensors
from elman.layers import Recurrent

Numbers = dict[str, Tensor | None]


def random_state(cell: Cell, batch_size: int, dtype: torch.dtype) -> Any:
    """Return a state of random numbers; of those that must be positive, as a normaliser, all are."""
    fresh = cell.initial_state(batch_size)
    return map_state(lambda part: torch.rand(part.shape, dtype=torch.float64).to(dtype) + 0.1, fresh)


def cast(value: Any, dtype: torch.dtype) -> Any:
    """Return a copy of a state or a tensor in a dtype, a leaf that wants a gradient."""
    return map_state(lambda part: part.detach().to(dtype).clone().requires_grad_(), value)


def weights_like(tensor: Tensor) -> Tensor:
    """Return the weights of a loss, the same for equal shapes."""
    generator = torch.Generator().manual_seed(tensor.numel())
    return torch.rand(tensor.shape, generator=generator, dtype=torch.float64).to(tensor.dtype) - 0.3


def run_all(
    cell: Cell,
    input: Tensor,
    state: Any,
    backend: str,
    *,
    reverse: bool = False,
    layer_class: type[Recurrent] = Recurrent,
    **options: Any,
) -> Numbers:
    """Run forward and backward; return outputs, final states and all gradients by name.

    Args:
        cell: The cell, in its dtype.
        input: (T, N, I).
        state: The state before the first step; the cell's own if None.
        backend: "llvm" or "eager".
        reverse: Whether it runs from the end.
        layer_class: What runs it.
        **options: Lengths and resets.
    """
    dtype = input.dtype
    input = cast(input, dtype)
    state = None if state is None else cast(state, dtype)
    layer = layer_class(cell, backend=backend, reverse=reverse)
    output, final = layer(input, state, **options)
    results = [output, *state_tensors(final)]
    if backend == "llvm" and dtype == torch.float64:
        with torch.no_grad():
            output, final = layer(input, state, **options)
        # A forward pass that saves nothing is another program, of the same operations. It takes its time to
        # compile, so it is made for one dtype alone.
        assert all(map(torch.equal, results, [output, *state_tensors(final)]))
    numbers: Numbers = {"output": results[0].detach()}
    numbers |= {f"final {k}": part.detach() for k, part in enumerate(results[1:])}
    loss = torch.stack([(part * weights_like(part)).sum() for part in results]).sum()
    leaves = {"d input": input}
    leaves |= {} if state is None else {f"d state {k}": part for k, part in enumerate(state_tensors(state))}
    leaves |= {f"d {name}": part for name, part in cell.named_parameters() if part.requires_grad}
    gradients = torch.autograd.grad(loss, [*leaves.values()], allow_unused=True)
    return numbers | dict(zip(leaves, gradients, strict=True))


def error(found: Tensor | None, truth: Tensor | None, dtype: torch.dtype = torch.float64) -> float:
    """Return the largest difference; no gradient is a gradient of zeros."""
    if found is None or truth is None:
        there = truth if found is None else found
        return 0.0 if there is None else there.abs().max().item()
    assert found.shape == truth.shape, (found.shape, truth.shape)
    assert found.dtype == dtype, found.dtype
    assert found.isfinite().all()
    return (found.double() - truth.double()).abs().max().item()


def size(numbers: Tensor | None) -> float:
    """Return the largest value."""
    return 0.0 if numbers is None else numbers.abs().max().item()


def check_float64(found: Numbers, truth: Numbers) -> None:
    """Compare two runs in float64."""
    assert found.keys() == truth.keys()
    for name, expected in truth.items():
        bound = (1e-10 if name.startswith("d ") else 1e-12) * size(expected)
        assert error(found[name], expected) <= bound, (
            f"{name}: {error(found[name], expected)} of {size(expected)}"
        )


def check_float32(runs: Sequence[tuple[Numbers, Numbers, Numbers]], num_terms: int) -> None:
    """Compare runs in float32 with eager's, both measured against eager in float64, over all runs.

    Args:
        runs: For each seed the run, eager in float32, and eager in float64.
        num_terms: K T.
    """
    rounding = 8 * torch.finfo(torch.float32).eps * math.ceil(math.log2(num_terms))
    for name in runs[0][2]:
        assert all(run[0].keys() == run[2].keys() for run in runs)
        largest = max(size(truth[name]) for _, _, truth in runs)
        own = max(error(found[name], truth[name], torch.float32) for found, _, truth in runs)
        peers = max(error(peer[name], truth[name], torch.float32) for _, peer, truth in runs)
        allowed = max(2 * peers, rounding * largest)
        assert own <= allowed, f"{name}: error {own}, allowed {allowed}, largest {largest}"


def compare(
    make: Callable[[], Cell], dtype: torch.dtype, num_steps: int, batch_size: int, **options: Any
) -> None:
    """Run a cell by the compiler and by the plain loop; assert that the numbers agree.

    Args:
        make: Makes the cell.
        dtype: In which it is run.
        num_steps: T.
        batch_size: N.
        **options: Of `run_all`.
    """
    hidden_size = make().hidden_size
    num_seeds = 1 if dtype == torch.float64 else 2 if num_steps > 8 else max(8 // hidden_size, 2)
    runs = []
    for seed in range(num_seeds):
        torch.manual_seed(seed)
        cell = make().to(dtype)
        input = torch.randn(num_steps, batch_size, cell.input_size, dtype=dtype)
        state = random_state(cell, batch_size, dtype)
        found = run_all(cell, input, state, "llvm", **options)
        peer = run_all(cell, input, state, "eager", **options) if dtype == torch.float32 else {}
        truth = run_all(cell.double(), input.double(), map_state(Tensor.double, state), "eager", **options)
        runs.append((found, peer, truth))
    if dtype == torch.float64:
        check_float64(runs[0][0], runs[0][2])
    else:
        check_float32(runs, max((make().input_size + hidden_size) * num_steps, 2))
