"""What a formula of the table of derivatives is."""

from collections.abc import Callable
from typing import TypeAlias

from elman.passes.derivatives.value import Value

# (gradient of the result, result, *operands, **attributes) -> gradient of one operand; None is zero.
Row: TypeAlias = Callable[..., Value | None]
