"""The equation of torch.einsum -> labels for the axes of each operand and of the result."""

from collections import Counter

from elman.trace.refusals import unknown_function


def parse_einsum(equation: str, ranks: list[int]) -> tuple[list[list[str]], list[str]]:
    """Return the labels of each operand's axes, and those of the result.

    Args:
        equation: As in torch, with `...` and with or without `->`.
        ranks: Number of axes of each operand.

    Raises:
        Refusal: An operand has a label twice, which takes a diagonal.
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    operands = [_labels(term, rank) for term, rank in zip(left.split(","), ranks, strict=True)]
    if any(len(set(labels)) < len(labels) for labels in operands):
        raise unknown_function("einsum with a label twice in one operand")
    batch = max(([label for label in labels if label.isdigit()] for labels in operands), key=len)
    if arrow:
        before, dots, after = right.partition("...")
        return operands, [*before, *(batch if dots else []), *after]
    counts = Counter(label for labels in operands for label in labels if not label.isdigit())
    return operands, [*batch, *sorted(label for label, count in counts.items() if count == 1)]


def _labels(term: str, rank: int) -> list[str]:
    """Name the axes of one operand; those under `...` are numbered from the last to the first."""
    before, dots, after = term.partition("...")
    hidden = rank - len(before) - len(after) if dots else 0
    return [*before, *map(str, reversed(range(hidden))), *after]
