"""Predict what comes next in a text, write text, and say how likely a text is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.findings import Finding
from elman.data.text import decode_text, read_bytes, read_text, unify_lines
from elman.data.vocabulary import Vocabulary
from elman.errors import DataError, OptionError, RunError
from elman.tasks.inspection import NetworkInspection, inspect_network
from elman.tasks.model_file import options_from_json, options_to_json, reading_model, write_model
from elman.tasks.observer import Observer
from elman.tasks.results.inspection import Passage
from elman.tasks.results.scores import ScoreTable
from elman.tasks.results.text import Generation, LineScore, TextReport
from elman.tasks.text.fitting import TextFit, fit_network, try_network
from elman.tasks.text.inspection import follow, subject_of
from elman.tasks.text.mixture import PREFIX, Mixture
from elman.tasks.text.network import TextNetwork
from elman.tasks.text.options import TextOptions
from elman.tasks.text.parts import TextParts
from elman.tasks.text.report import build_report
from elman.tasks.text.sampling import Sampling
from elman.tasks.text.scoring import score_part
from elman.tasks.text.streaming import TextStream, score_lines
from elman.tasks.text.writing import write_text
from elman.training.keywords import naming_keywords


class LanguageModel:
    r"""A recurrent network that predicts the next character, byte or word of a text.

    It is trained by truncated backpropagation through time over the text as one stream, the state carried
    from segment to segment. The end of the text is held out and read once, by `evaluate` or `report`.

    Args:
        options: everything that can be chosen; see `TextOptions`.

    Reference:
        T. Mikolov, M. Karafiát, L. Burget, J. Černocký, S. Khudanpur (2010), "Recurrent neural network based
        language model", Interspeech. A. Graves (2013), "Generating sequences with recurrent neural
        networks", arXiv:1308.0850.

    Example:
        >>> small = TextOptions(hidden_size=8, segment=8, batch_size=4, num_steps=4)
        >>> model = LanguageModel(small).fit("the cat sat on the mat. " * 20)
        >>> [row.model for row in model.evaluate().rows]
        ['elman (GRU + 8-gram)', 'GRU alone', '5-gram (Witten-Bell)', 'unigram']
        >>> model.generate(5, prompt="the é").unknown
        ('é',)
    """

    @naming_keywords("LanguageModel", options=TextOptions)
    def __init__(self, options: TextOptions | None = None) -> None:
        self.options = options or TextOptions()
        self._network: TextNetwork | None = None
        self._vocabulary: Vocabulary | None = None
        self._mixture: Mixture | None = None
        self._fit: TextFit | None = None

    @property
    def network(self) -> TextNetwork:
        """The fitted network.

        Raises:
            RunError: `fit` or `load` was not called.
        """
        if self._network is None:
            raise RunError("This model is not fitted: call fit(text) or LanguageModel.load(path) first.")
        return self._network

    @property
    def vocabulary(self) -> Vocabulary:
        """The symbols it knows.

        Raises:
            RunError: `fit` or `load` was not called.
        """
        if self._vocabulary is None:
            raise RunError("This model is not fitted: call fit(text) or LanguageModel.load(path) first.")
        return self._vocabulary

    @property
    def mixture(self) -> Mixture | None:
        """The counts that the network is mixed with, and how much they are believed."""
        return self._mixture

    def check(self, text: str | bytes | Path, *, encoding: str = "utf-8") -> TextParts:
        """Read a text as `fit` would, learn nothing, and return its parts.

        Args:
            text: as for `fit`.
            encoding: as for `fit`.

        Raises:
            DataError: the text cannot be used; the message says why.
            OptionError: the cell cannot do what an option asks for, or the memory is too small.
        """
        parts = self._cut(text, encoding, None)
        try_network(parts, self.options)
        return parts

    def fit(
        self,
        text: str | bytes | Path,
        *,
        encoding: str = "utf-8",
        checkpoint: Path | None = None,
        observer: Observer | None = None,
    ) -> LanguageModel:
        """Learn from the training part of a text; keep the weights that the validation part likes best.

        Args:
            text: the text itself, or the path of a file.
            encoding: of the file.
            checkpoint: a file to save the training to at every evaluation, and to go on from if it exists.
            observer: is told of steps and evaluations.

        Returns:
            This model.

        Raises:
            DataError: the text cannot be used; the message says why.
            OptionError: the cell cannot do what an option asks for, or the memory is too small.
            NonFiniteError: the training diverged.
            RunError: the checkpoint belongs to another run.
        """
        parts = self._cut(text, encoding, None)
        fit = fit_network(parts, self.options, checkpoint=checkpoint, observer=observer or Observer())
        self._fit, self._network, self._mixture = fit, fit.network, fit.mixture
        self._vocabulary = parts.vocabulary
        return self

    def evaluate(
        self, text: str | bytes | Path | None = None, part: str = "test", *, encoding: str = "utf-8"
    ) -> ScoreTable:
        """Score the predictions of a held-out part beside those of counting runs of symbols.

        Args:
            text: the text of the fit, again; needed after `load`.
            part: "test" or "validation".
            encoding: of the file.

        Raises:
            OptionError: there is no such part.
            DataError: the text cannot be used.
        """
        parts = self._parts(text, encoding)
        return score_part(parts, part, self.options.cell_name, self.network, self.mixture)

    def inspect(
        self,
        text: str | bytes | Path | None = None,
        part: str = "test",
        *,
        task_lag: int | None = None,
        encoding: str = "utf-8",
    ) -> NetworkInspection:
        """Look the network over: how far its gradients reach, what gates and units do, what is wrong.

        Args:
            text: the text of the fit, again; needed after `load`.
            part: "test" or "validation"; passages of it are read.
            task_lag: how many symbols back the task looks; one segment without it.
            encoding: of the file.

        Raises:
            OptionError: there is no such part, or the lag is not positive.
            DataError: the text cannot be used.
        """
        parts = self._parts(text, encoding)
        return inspect_network(subject_of(self.network, parts, part, self.options.segment, task_lag))

    def follow_unit(
        self,
        unit: int,
        text: str | bytes | Path | None = None,
        part: str = "test",
        *,
        encoding: str = "utf-8",
    ) -> Passage:
        """Return what one unit of the last layer puts out while the beginning of a part is read.

        Args:
            unit: its number, from 0.
            text: as for `inspect`.
            part: as for `inspect`.
            encoding: as for `inspect`.

        Raises:
            OptionError: there is no such unit or part.
            DataError: the text cannot be used.

        Reference:
            A. Karpathy, J. Johnson, L. Fei-Fei (2016), "Visualizing and understanding recurrent networks",
            ICLR workshop.
        """
        (passage,) = follow(self.network, self._parts(text, encoding), part, unit)
        return passage

    def generate(
        self, length: int, *, prompt: str = "", sampling: Sampling | None = None, seed: int = 0
    ) -> Generation:
        """Write text, one symbol after the other.

        Args:
            length: symbols to write.
            prompt: what comes before them; nothing is the beginning of a line. Symbols that training never
                saw are read as unknown, and named in the result.
            sampling: how each symbol is drawn.
            seed: of the draws.

        Raises:
            OptionError: a number is out of its range.
        """
        return write_text(
            self.network,
            self.vocabulary,
            length,
            prompt=prompt,
            sampling=sampling,
            seed=seed,
            mixture=self.mixture,
        )

    def encode(self, text: str | bytes | Path, *, encoding: str = "utf-8") -> np.ndarray:
        """Return the codes of a text's symbols, (T,) int64.

        Args:
            text: the text itself, or the path of a file.
            encoding: of the file.

        Raises:
            DataError: the file cannot be read, or is no text.
        """
        return self.vocabulary.encode(_read(text, self.options.unit, encoding)[0])

    def score(self, lines: Sequence[str], *, batch_size: int = 64) -> list[LineScore]:
        """Return how likely each line is, each as the first of a text.

        Args:
            lines: without their line ends.
            batch_size: lines that are read side by side; it changes no score beyond rounding.

        Raises:
            OptionError: `batch_size` is not positive.
            DataError: `lines` is one string.
        """
        if isinstance(lines, str):
            raise DataError(
                "`lines` must be a list of lines, but it is one string; give [line] or text.split()."
            )
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise OptionError(f"`batch_size` must be a whole number, 1 or more, but it is {batch_size!r}.")
        return score_lines(self.network, self.mixture, self.vocabulary, lines, batch_size)

    def stream(self) -> TextStream:
        """Return an object that reads a text piece by piece and says how likely each piece was."""
        return TextStream(self.network, self.mixture, self.vocabulary)

    def report(
        self, *, title: str | None = None, configuration: Mapping[str, Any] | None = None
    ) -> TextReport:
        """Gather what a report shows: the held-out parts are scored here, once.

        Args:
            title: of the page; None says what the model is.
            configuration: what repeats the run, to be shown.

        Raises:
            RunError: `fit` was not called on this object.
        """
        return build_report(
            self._fitted, self.options.cell_name, self.options.seed, title, configuration or {}
        )

    def save(self, path: str | Path) -> None:
        """Write the model to one safetensors file, atomically.

        Args:
            path: the file; its folder must exist.

        Raises:
            RunError: the file cannot be written, or there is no fitted model.
        """
        values = {"options": options_to_json(self.options), "symbols": list(self.vocabulary.symbols)}
        mixed = self.mixture.tensors() if self.mixture else {}
        write_model(path, "text", {**self.network.state_dict(), **mixed}, values)

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu") -> LanguageModel:
        """Read what `save` wrote.

        Args:
            path: the file.
            device: where the network goes.

        Raises:
            RunError: the file is absent, damaged or not one of ours.
        """
        with reading_model(path, "text", device) as (tensors, values):
            model = cls(options_from_json(TextOptions, values["options"], device))
            model._vocabulary = Vocabulary(model.options.unit, tuple(values["symbols"]))
            network = TextNetwork.fresh(len(model._vocabulary), model.options)
            own = {name: one for name, one in tensors.items() if not name.startswith(PREFIX)}
            network.load_state_dict({name: one.to(device) for name, one in own.items()})
            model._mixture = Mixture.of_tensors(tensors, len(model._vocabulary))
        model._network = network.eval()
        return model

    @property
    def _fitted(self) -> TextFit:
        if self._fit is None:
            raise RunError("This model does not hold its text: call fit(text), or give the text.")
        return self._fit

    def _parts(self, text: str | bytes | Path | None, encoding: str) -> TextParts:
        return self._fitted.parts if text is None else self._cut(text, encoding, self.vocabulary)

    def _cut(self, text: str | bytes | Path, encoding: str, vocabulary: Vocabulary | None) -> TextParts:
        text, findings = _read(text, self.options.unit, encoding)
        parts = TextParts.of(text, self.options, vocabulary)
        return replace(parts, findings=findings + parts.findings)


def _refuse_file_name(text: str) -> None:
    """Refuse a text that is the name of a file: a model of its few letters would be of no use.

    Raises:
        DataError: it is.
    """
    if "\n" in text or not (Path(text).suffix or "/" in text):
        return
    try:
        is_file = Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or no name at all
        return
    if is_file:
        raise DataError(
            f"A string is read as the text itself, but {text!r} is the name of a file; "
            f"give pathlib.Path({text!r})."
        )


def _read(text: str | bytes | Path, unit: str, encoding: str) -> tuple[str | bytes, tuple[Finding, ...]]:
    if isinstance(text, Path):
        return (read_bytes(text), ()) if unit == "byte" else read_text(text, encoding)
    if isinstance(text, bytes):
        return (text, ()) if unit == "byte" else decode_text(text, encoding, "The text")
    _refuse_file_name(text)
    return (text, ()) if unit == "byte" else unify_lines(text)
