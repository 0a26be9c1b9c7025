"""Names of torch functions that are refused before they run, and of those that ask for sizes alone."""

import re
from typing import Any

from elman.trace import refusals

READING = """
    __bool__ __float__ __int__ __index__ __complex__ __contains__ __repr__ __format__ __array__ item tolist
    numpy equal allclose is_nonzero data_ptr nonzero
"""
RANDOM = """
    rand randn randint randperm rand_like randn_like randint_like bernoulli normal multinomial poisson
    binomial rrelu gumbel_softmax manual_seed seed initial_seed get_rng_state set_rng_state
"""
QUERIES = """
    shape size dim ndim numel nelement __len__ dtype device layout itemsize element_size stride storage_offset
    get_device is_contiguous is_floating_point is_complex is_signed is_cuda is_cpu is_sparse is_quantized
    is_nested is_meta is_mkldnn is_same_size is_tensor result_type
"""
DROPOUT = re.compile(r"(feature_)?(alpha_)?dropout(1d|2d|3d)?")
AUGMENTED = "add sub mul matmul div truediv floordiv pow mod and or xor lshift rshift"
IN_PLACE = re.compile(rf"\w*[a-zA-Z0-9]_|__(set|del)item__|__i({'|'.join(AUGMENTED.split())})__")


def check_allowed(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], *, has_tensors: bool) -> None:
    """Refuse what no recorded step may do.

    Args:
        name: The bare name of a torch function.
        args: What it is called with.
        kwargs: What it is called with by name.
        has_tensors: Whether there is a tensor among them.

    Raises:
        Refusal: The function reads a value, draws random numbers or writes in place.
    """
    if name in RANDOM.split() or (DROPOUT.fullmatch(name) and _drops(*args[1:], **kwargs)):
        raise refusals.draws_numbers(name)
    if not has_tensors:
        return
    if name in READING.split():
        raise refusals.reads_value(name)
    if IN_PLACE.fullmatch(name) or kwargs.get("out") is not None or kwargs.get("inplace"):
        raise refusals.writes_in_place(name)


def _drops(p: float = 0.5, training: bool = True, *_: Any, train: bool = True, **__: Any) -> bool:
    return bool(training and train and p)


def is_query(name: str) -> bool:
    """Whether the function tells about sizes, dtype or device, and nothing about values."""
    return name in QUERIES.split()
