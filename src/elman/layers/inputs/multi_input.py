"""Several inputs, joined into that of one layer."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from elman.cells.options import check_choice
from elman.errors import OptionError, ShapeError
from elman.layers.contract import SequenceLayer
from elman.layers.frames import live_steps
from elman.layers.inputs.options import as_encoders, check_layer, check_sizes
from elman.layers.inputs.part import InputPart
from elman.layers.inputs.presence import frames_to_read
from elman.layers.inputs.reading import Frames, Reader
from elman.layers.inputs.static_state import StaticState
from elman.layers.lengths import as_lengths


class MultiInput(SequenceLayer):
    """Runs a layer over several inputs at once: streams with a frame at each step, and what never changes.

    Use it where a sequence is told by more than one source: video and sound, sensors and the day of the week,
    sales and the shop that makes them. Each input has its own encoder.

    Equations:
        (1) e^k_t = encoder_k(x^k_t)    for each stream k; the missing vector of k where there is no frame
        (2) e^j = encoder_j(s^j)    for each static input j
        (3) h_t = layer(h_{t-1}, [e^1_t; e^2_t; ...; e^j; ...])    if join="concat"
        (3) h_t = layer(h_{t-1}, e^1_t + e^2_t + ... + e^j + ...)    if join="sum"

    Args:
        streams: The encoder of each stream by its name: `LinearEncoder`, `EmbeddingEncoder`, `ConvEncoder`,
            any module that maps frames (M, ...) to (M, E) and has an `output_size`, or a number of features
            to hand on as they come.
        layer: Any layer over sequences that reads the joined features; its `batch_first` holds for all.
        static: The encoder of each static input by its name, in the same way.
        static_to: Where static inputs go: to all "steps", joined with the streams; to the "state" that
            sequences start from, through a linear map; or to "both".
        join: "concat", features side by side, streams first, in the order of their names here; or "sum".
        missing: Whether inputs may be absent. "refuse"; "mask" lets an input be absent where its name is not
            there, or its value is None, or its mask in `present` is False; "nan" does the same wherever a
            frame holds a NaN. In the place of what is absent stands a vector that is learned for that input,
            from zero on; whatever the frame holds is never read.

    Shape:
        input: a dict with (T, N, ...), or (N, T, ...), for each stream and (N, ...) for each static input.
        lengths: (N,). resets: (T, N), or (N, T). present: (T, N), or (N, T), or (N,) for whole sequences;
        (N,) for static inputs. sequences: (N,). output: (T, N, output_size), or (N, T, output_size).

    Raises:
        DtypeError: An encoder or the layer is none.
        OptionError: An option has a value that is not legal, two inputs have one name, or the layer does not
            read as many features as the encoders make.

    Example:
        >>> from elman.cells import GRUCell
        >>> from elman.layers import EmbeddingEncoder, LinearEncoder, Recurrent
        >>> layer = MultiInput(
        ...     {"location": 2, "pressure": LinearEncoder(input_size=1, output_size=4)},
        ...     Recurrent(GRUCell(input_size=2 + 4 + 3, hidden_size=5)),
        ...     static={"writer": EmbeddingEncoder(num_categories=10, output_size=3)},
        ... )
        >>> pen = {"location": torch.rand(7, 2, 2), "pressure": torch.rand(7, 2, 1)}
        >>> output, state = layer({**pen, "writer": torch.tensor([3, 8])}, lengths=[7, 4])
        >>> output.shape, state.shape
        (torch.Size([7, 2, 5]), torch.Size([2, 5]))
    """

    def __init__(
        self,
        streams: Mapping[str, nn.Module | int],
        layer: SequenceLayer,
        *,
        static: Mapping[str, nn.Module | int] | None = None,
        static_to: str = "steps",
        join: str = "concat",
        missing: str = "refuse",
    ):
        super().__init__()
        check_choice("static_to", static_to, ("steps", "state", "both"))
        check_choice("join", join, ("concat", "sum"))
        check_choice("missing", missing, ("refuse", "mask", "nan"))
        moving = as_encoders("streams", streams)
        fixed = as_encoders("static", {} if static is None else static)
        for name in moving.keys() & fixed.keys():
            raise OptionError(f"every input needs a name of its own, but {name!r} is a stream and static.")
        self.layer = check_layer(layer)
        self.static_to, self.join, self.missing = static_to, join, missing
        self.streams = _collect(moving, missing != "refuse")
        self.static = _collect(fixed, missing != "refuse")
        self.static_state = None
        joined = {**_sizes(self.streams), **(_sizes(self.static) if static_to != "state" else {})}
        check_sizes(layer, joined if moving else {}, join)
        if static_to != "steps":
            if not fixed:
                raise OptionError(f"`static_to={static_to!r}` needs static inputs, but there is none.")
            self.static_state = StaticState(sum(_sizes(self.static).values()), layer)
        self.input_size, self.output_size = layer.input_size, layer.output_size
        self.batch_first = layer.batch_first

    def initial_state(self, batch_size: int) -> Any:
        """Return the layer's fresh state of `batch_size` sequences; static inputs have added nothing yet."""
        return self.layer.initial_state(batch_size)

    def reset_state(self, state: Any, sequences: Tensor) -> Any:
        """Return `state` with the layer's fresh state in the place of that of some sequences.

        Args:
            state: As `forward` and `step` return it.
            sequences: True for each sequence that starts anew.
        """
        return self.layer.reset_state(state, sequences)

    def forward(
        self,
        input: Mapping[str, Tensor | None],
        initial_state: Any = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
        present: Mapping[str, Tensor] | None = None,
    ) -> tuple[Any, Any]:
        """Encode the inputs, join them, and run the layer over them.

        Args:
            input: The streams and static inputs by name.
            initial_state: The state before the first step. Without it, the layer's fresh state, and what
                static inputs add to it.
            lengths: Number of time steps of each sequence; all T without it. What stands behind a sequence's
                end in any stream reaches nothing.
            resets: Where True, the state becomes the layer's fresh state before the step. What was static
                is not added to it: a new sequence in the same row may have other static inputs.
            present: By name, True where an input is there, with `missing="mask"` or "nan".

        Returns:
            What the layer returns: the outputs, and the state after each sequence's own last step.

        Raises:
            ShapeError: A tensor has the wrong shape, or there is no time step.
            DtypeError: A tensor has the wrong dtype.
            DeviceError: A tensor is not where the parameters are.
            LengthError: A length is not within 1..T.
            OptionError: An input is absent and may not be, or has a name that no encoder has.
            DataError: A category is not one of those that its encoder knows.
        """
        layout = "N, T" if self.batch_first else "T, N"
        frames, sizes = self._reader().read(input, present, layout)
        num_steps, num_sequences = sizes[::-1] if self.batch_first else sizes
        if num_steps == 0:
            raise ShapeError(f"streams must have at least one time step, but their ({layout}) is {sizes}.")
        ends = None if lengths is None else as_lengths(lengths, num_steps, num_sequences)
        steps = live_steps(num_steps, ends)
        alive = steps.T if steps is not None and self.batch_first else steps
        features, static = self._encode(frames, sizes, alive)
        state = self._start(initial_state, static, num_sequences)
        return self.layer(features, state, lengths=ends, resets=resets)

    def step(
        self, input: Any, state: Any = None, *, present: Mapping[str, Tensor] | None = None
    ) -> tuple[Any, Any]:
        """Run one time step, as for a stream; the state it returns is the one to give it next.

        Args:
            input: The streams at this time step and the static inputs, (N, ...) each, by name.
            state: The state after the step before. Without it, the layer's fresh state, and what static
                inputs add to it.
            present: By name, True where an input is there, (N,), with `missing="mask"` or "nan".

        Raises:
            ShapeError: A tensor has the wrong shape.
            DtypeError: A tensor has the wrong dtype.
            DeviceError: A tensor is not where the parameters are.
            OptionError: The layer cannot be stepped; an input is absent and may not be, or has a name that
                no encoder has.
            DataError: A category is not one of those that its encoder knows.
        """
        frames, sizes = self._reader().read(input, present, "N")
        features, static = self._encode(frames, sizes, None)
        axis = self._time_axis()
        return self.layer.step(features.squeeze(axis), self._start(state, static, sizes[1 - axis]))

    def extra_repr(self) -> str:
        """Name the options that differ from their defaults."""
        defaults = {"static_to": "steps", "join": "concat", "missing": "refuse"}
        options = {name: getattr(self, name) for name in defaults}
        return ", ".join(f"{name}={value!r}" for name, value in options.items() if value != defaults[name])

    def _time_axis(self) -> int:
        return 1 if self.batch_first else 0

    def _reader(self) -> Reader:
        return Reader(self.streams, self.static, self.missing == "refuse", self._time_axis())

    def _encode(
        self, frames: Mapping[str, Frames], sizes: tuple[int, int], alive: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Return the joined features of each step, and those of static inputs side by side."""
        axis = self._time_axis()
        features = [self._run(part, frames[name], sizes, alive) for name, part in self.streams.items()]
        once = (1, sizes[1 - axis])
        static = [self._run(part, frames[name], once, None).squeeze(0) for name, part in self.static.items()]
        if self.static_to != "state":
            features += [row.unsqueeze(axis).expand(*sizes, -1) for row in static]
        joined = torch.cat(features, dim=-1) if self.join == "concat" else torch.stack(features).sum(0)
        return joined, torch.cat(static, dim=-1) if static else None

    def _run(self, part: nn.Module, frames: Frames, sizes: tuple[int, int], alive: Tensor | None) -> Tensor:
        where = None
        if frames.values is not None:
            masks = [mask for mask in (alive, frames.mask) if mask is not None]
            where = frames_to_read(frames.values, masks, self.missing == "nan")
        return part(frames.values, where, sizes)

    def _start(self, state: Any, static: Tensor | None, num_sequences: int) -> Any:
        if state is not None or self.static_state is None:
            return state
        return self.static_state(static, self.layer.initial_state(num_sequences))


def _collect(encoders: Mapping[str, nn.Module], learns_missing: bool) -> nn.ModuleDict:
    parts = nn.ModuleDict()
    for name, encoder in encoders.items():
        # As `parts[name] = ...`, which refuses names that modules have for their own, such as "type".
        parts._modules[name] = InputPart(encoder, learns_missing)
    return parts


def _sizes(parts: nn.ModuleDict) -> dict[str, int]:
    return {name: cast(InputPart, part).output_size for name, part in parts.items()}
