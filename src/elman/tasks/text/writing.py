"""A language model writes on where a prompt ends."""

from __future__ import annotations

from collections.abc import Sequence

from elman.data.text import unify_lines
from elman.data.vocabulary import UNKNOWN, Vocabulary
from elman.errors import OptionError
from elman.tasks.results.text import Generation
from elman.tasks.text.mixture import Mixture
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.sampling import Sampling, draw_codes


def write_text(
    network: TextNetwork,
    vocabulary: Vocabulary,
    length: int,
    *,
    prompt: str = "",
    sampling: Sampling | None = None,
    seed: int = 0,
    mixture: Mixture | None = None,
) -> Generation:
    """Write text, one symbol after the other.

    Args:
        network: what draws.
        vocabulary: its symbols.
        length: symbols to write.
        prompt: what comes before them; nothing is the beginning of a line.
        sampling: how each symbol is drawn.
        seed: of the draws.
        mixture: what the network is mixed with.

    Raises:
        OptionError: a number is out of its range.
    """
    for name, value, low in (("length", length, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise OptionError(f"`{name}` must be a whole number, {low} or more, but it is {value!r}.")
    prompt = unify_lines(prompt)[0]
    read = [vocabulary.newline, *vocabulary.encode(prompt).tolist()]
    forbidden = [UNKNOWN] if vocabulary.has_unknown else []
    codes = draw_codes(
        network,
        read,
        length,
        sampling or Sampling(),
        seed=seed,
        forbidden=forbidden,
        mixture=mixture,
    )
    text = _join(prompt, vocabulary, read[-1], codes)
    return Generation(text, vocabulary.decode(codes), vocabulary.unknown_in(prompt))


def _join(prompt: str, vocabulary: Vocabulary, last: int, codes: Sequence[int]) -> str:
    """Return a prompt, whose last code is given, and what follows; words are parted as print parts them."""
    if vocabulary.unit != "word" or not prompt[-1:].strip():
        return prompt + vocabulary.decode(codes)
    return prompt + vocabulary.decode([last, *codes]).removeprefix(vocabulary.symbol(last))
