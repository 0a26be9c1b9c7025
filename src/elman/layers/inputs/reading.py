"""What a caller gave, checked and brought to one form."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from torch import Tensor, nn

from elman.errors import DtypeError, OptionError, ShapeError
from elman.layers.inputs.part import InputPart
from elman.layers.inputs.presence import as_mask


class Frames(NamedTuple):
    """The frames of one input.

    Attributes:
        values: The frames, (T, N, ...) or (N, T, ...), of a static input (1, N, ...); None where the input is
            absent.
        mask: True where the caller says that a frame is there; None where nothing was said.
    """

    values: Tensor | None
    mask: Tensor | None


class Reader(NamedTuple):
    """Checks what a caller gives to some inputs.

    Attributes:
        streams: What is there at each step.
        static: What never changes.
        refuses_absent: Whether every input must be there.
        time_axis: 0 for (T, N), 1 for (N, T).
    """

    streams: nn.ModuleDict
    static: nn.ModuleDict
    refuses_absent: bool
    time_axis: int

    def read(self, input: Any, present: Any, layout: str) -> tuple[dict[str, Frames], tuple[int, int]]:
        """Return the frames of each input by name, and the sizes of (T, N), or (N, T).

        Args:
            input: What the caller gave.
            present: The masks that the caller gave, or None.
            layout: The axes in front of each stream: "T, N", "N, T" or "N".

        Raises:
            OptionError: An input is absent and may not be, or has a name that no encoder has.
            DtypeError: What came is no dict of tensors, or one has the wrong dtype.
            ShapeError: A tensor has the wrong shape.
            DeviceError: A tensor is not where the parameters are.
        """
        self._check_names("input", input)
        if present is not None:
            self._check_names("present", present)
            if self.refuses_absent:
                raise OptionError("`present` needs missing='mask' or missing='nan', but it is 'refuse'.")
        for parts, axes in ((self.streams, layout), (self.static, "N")):
            for name, part in parts.items():
                self._check_one(name, cast(InputPart, part), input.get(name), axes)
        sizes = self._find_sizes(input, layout)
        masks = {} if present is None else present
        return {name: self._frames(name, input, masks, sizes, layout) for name in self._names()}, sizes

    def _names(self) -> tuple[str, ...]:
        return (*self.streams, *self.static)

    def _check_names(self, title: str, given: object) -> None:
        if not isinstance(given, Mapping):
            raise DtypeError(f"`{title}` must be a dict of tensors, but it is a {type(given).__name__}.")
        for name in given:
            if name not in self._names():
                listed = ", ".join(map(repr, self._names()))
                raise OptionError(f"`{title}` must hold no other names than {listed}, but it holds {name!r}.")

    def _check_one(self, name: str, part: InputPart, value: object, axes: str) -> None:
        if value is not None:
            part.check(_title(name), value, axes)
        elif self.refuses_absent:
            raise OptionError(
                f"`input` must hold {name!r}, but it does not.\n"
                "    Where inputs may be absent, say so: missing='mask'."
            )

    def _find_sizes(self, input: Mapping[str, Tensor | None], layout: str) -> tuple[int, int]:
        """Return the sizes of the first two axes of the streams, one time step where they have but one."""
        given = {name: value for name in self.streams if (value := input.get(name)) is not None}
        if not given:
            raise OptionError("`input` must hold at least one stream, but all are absent.")
        first, count = next(iter(given)), layout.count(",") + 1
        shape = tuple(given[first].shape[:count])
        for name, value in given.items():
            if value.shape[:count] != shape:
                raise ShapeError(
                    f"`{_title(name)}` must begin with the axes of `{_title(first)}`, ({layout}) = {shape}, "
                    f"but it has shape {tuple(value.shape)}."
                )
        sizes = shape if count == 2 else (*shape, 1) if self.time_axis == 1 else (1, *shape)
        self._check_rows(input, sizes[1 - self.time_axis])
        return cast(tuple[int, int], sizes)

    def _check_rows(self, input: Mapping[str, Tensor | None], num_sequences: int) -> None:
        for name in self.static:
            value = input.get(name)
            if value is not None and len(value) != num_sequences:
                raise ShapeError(
                    f"`{_title(name)}` must have a row for each of the {num_sequences} sequences, "
                    f"but it has shape {tuple(value.shape)}."
                )

    def _frames(
        self,
        name: str,
        input: Mapping[str, Tensor | None],
        present: Mapping[str, Tensor],
        sizes: tuple[int, int],
        layout: str,
    ) -> Frames:
        axis = self.time_axis
        if name in self.static:
            axis, layout, sizes = 0, "N", (1, sizes[1 - axis])
        value, mask = input.get(name), present.get(name)
        if mask is not None:
            mask = as_mask(f"present[{name!r}]", mask, sizes, axis, layout)
            if value is None and mask.any():
                raise OptionError(f"`present[{name!r}]` says that there are frames, but `input` holds none.")
        return Frames(value.unsqueeze(axis) if value is not None and layout == "N" else value, mask)


def _title(name: str) -> str:
    return f"input[{name!r}]"
