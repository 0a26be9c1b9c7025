"""The manners of a classifier of scikit-learn: parameters by name, a score, tags."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields
from difflib import get_close_matches
from importlib import import_module
from typing import Any, ClassVar, Self

import numpy as np

from elman.errors import KeywordError


class Estimator(ABC):
    """A classifier whose parameters are the fields of a dataclass of options; abstract.

    Args:
        options: as keywords.

    Raises:
        KeywordError: there is no such option.
    """

    _options_class: ClassVar[type]

    def __init__(self, **options: Any) -> None:
        self._given: dict[str, Any] = {}
        self.set_params(**options)

    @property
    @abstractmethod
    def _is_fitted(self) -> bool:
        """True after `fit` or `load`."""

    @abstractmethod
    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return the class of each sequence, (N,)."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - as scikit-learn calls it
        """Return every option with its value.

        Args:
            deep: changes nothing, for no option is an estimator.
        """
        defaults = {one.name: one.default for one in fields(self._options_class)}
        return {**defaults, **self._given}

    def set_params(self, **options: Any) -> Self:
        """Set options; what was fitted stays until the next `fit`.

        Raises:
            KeywordError: there is no such option.
        """
        names = [one.name for one in fields(self._options_class)]
        strange = [name for name in options if name not in names]
        if strange:
            close = get_close_matches(strange[0], names, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else f" The options are {', '.join(names)}."
            raise KeywordError(f"There is no option {strange[0]!r}.{hint}")
        self._given.update(options)
        return self

    def score(self, X: Any, y: Any) -> float:  # noqa: N803
        """Return the accuracy.

        Args:
            X: the sequences.
            y: their classes.

        Raises:
            DataError: the sequences do not have the channels of the training.
        """
        return float(np.mean(self.predict(X) == np.asarray(y)))

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what kind of estimator this is."""
        utils = import_module("sklearn.utils")  # only scikit-learn calls this, so it is there
        return utils.Tags(
            estimator_type="classifier",
            target_tags=utils.TargetTags(required=True),
            classifier_tags=utils.ClassifierTags(),
            input_tags=utils.InputTags(two_d_array=True, three_d_array=True, allow_nan=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Tell scikit-learn whether `fit` was called."""
        return self._is_fitted

    def __repr__(self) -> str:
        """Return the options that were given."""
        return (
            f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._given.items())})"
        )
