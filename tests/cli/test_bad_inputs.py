"""Bad inputs to every command: one message and exit code 2, and every file is what it was before.

Those of `elman fit forecast` and of its runs stand in `test_mistakes`.
"""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bad_inputs import CLASSIFY, CLASSIFY_SMALL, FITS, TAG, TAG_SMALL, TEXT_SMALL, copy_run, write_inputs
from command_line import Outcome, run_main, snapshot

from elman.errors import DataError
from elman.tasks.language_model import LanguageModel

Elman = Callable[..., Outcome]
Case = tuple[tuple[str, ...], str]


def classify(data: str, *more: str, columns: tuple[str, ...] = CLASSIFY) -> tuple[str, ...]:
    return ("fit", "classify", data, *columns, *CLASSIFY_SMALL, *more)


def tag(data: str, *more: str, columns: tuple[str, ...] = TAG) -> tuple[str, ...]:
    return ("fit", "tag", data, *(columns if data.endswith(".csv") else ()), *TAG_SMALL, *more)


def text(data: str, *more: str) -> tuple[str, ...]:
    return ("fit", "text", data, *TEXT_SMALL, *more)


FILE_LABELS = ("--id", "file", "--label", "class")

FITTING: dict[str, Case] = {
    "classify: header only": (classify("classify header.csv"), "header.csv has a header but no rows"),
    "classify: short line": (classify("ragged.csv"), "ragged.csv, line 3: expected 5 fields .*, got 4"),
    "classify: binary file": (
        classify("binary.csv"),
        "binary.csv is no text: it holds zero bytes.*--encoding utf-16-le",
    ),
    "classify: not UTF-8": (
        classify("latin1.csv"),
        "latin1.csv is not UTF-8: byte 0xf6 in line 2.*--encoding windows-1252",
    ),
    "classify: workbook": (classify("sheet.csv"), "sheet.csv is a ZIP archive or an Excel.*save .* as CSV"),
    "classify: folder named as a table": (classify("folder.csv"), "inside.* lies in no sub-folder|is empty"),
    "classify: ids repeat": (classify("classify twice.csv"), "sequence 's0' have the same 't'.*id repeat"),
    "classify: id missing": (classify("classify no id.csv"), "id 'who' is missing in 5 rows.* row 11"),
    "classify: two labels": (classify("classify two labels.csv"), "'s0' has more than one 'class'.*'odd'"),
    "classify: text as numbers": (classify("classify texts.csv"), "No column is left to be a feature.*'x'"),
    "classify: text as feature": (classify("sequences.csv", "--feature", "class"), "'class' is given two"),
    "classify: nothing observed": (classify("classify nothing.csv"), "No channel .*one observed value.*'x'"),
    "classify: too large": (classify("classify huge.csv"), "column 'x' holds .*e.300, too large.*Divide"),
    "classify: two sequences": (
        classify("classify two.csv", columns=CLASSIFY[:-2]),
        "2 sequences are too few to split",
    ),
    "classify: unknown part": (
        classify("classify part.csv", "--part", "part"),
        "must be train, validation or test, but one is 'trian'",
    ),
    "classify: part missing": (classify("classify no part.csv", "--part", "part"), "no 'part', 's7' first"),
    "classify: group moves": (classify("classify moving.csv"), "'s0' has more than one 'house'"),
    "classify: no columns named": (classify("sequences.csv", columns=()), "sequences.csv is a table.*--id"),
    "classify: no label named": (classify("sequences.csv", columns=("--id", "who")), "--label COLUMN"),
    "classify: no id named": (classify("sequences.csv", columns=("--label", "class")), "--id COLUMN"),
    "classify: labels of a table": (
        classify("sequences.csv", "--labels", "labels.csv"),
        "--labels .*folder.*sequences.csv",
    ),
    "classify: empty .ts": (classify("empty.ts", columns=()), "empty.ts has no @data line"),
    "classify: .ts without data": (classify("no sequences.ts", columns=()), "no sequences after @data"),
    "classify: .ts without header": (classify("no header.ts", columns=()), "no header.ts:1 stands before"),
    "classify: word in .ts": (classify("word.ts", columns=()), "word.ts:4 .*no number.*'two'"),
    "classify: class missing in .ts": (classify("no class.ts", columns=()), "no class.ts:4 has no class"),
    "classify: channel missing in .ts": (
        classify("channels.ts", columns=()),
        "channels.ts:5 has 1 channel, but the first sequence has 2",
    ),
    "classify: folder of other channels": (
        classify("other channels", columns=()),
        r"b.csv .*\['y'\].*\['x'\]",
    ),
    "classify: folder without classes": (classify("no class", columns=()), "a.csv lies in no sub-folder"),
    "classify: broken array": (
        classify("no array", columns=()),
        r"c.npy is no array of numbers as numpy.save",
    ),
    "classify: file without label": (
        classify("folder", "--labels", "labels.csv", columns=FILE_LABELS),
        "labels.csv has no row for the file 'steep/b.csv'",
    ),
    "classify: file labelled twice": (
        classify("folder", "--labels", "labels twice.csv", columns=FILE_LABELS),
        "labels twice.csv has more than one row for the file 'a'",
    ),
    "classify: empty test data": (
        classify("sequences.csv", "--test-data", "classify header.csv"),
        "classify header.csv has a header but no rows",
    ),
    "tag: ids repeat": (tag("tag twice.csv"), "Two rows of one sequence have the same 'at'"),
    "tag: id missing": (tag("tag no id.csv"), "5 rows have no value in 'id'.*the first is row 17"),
    "tag: order missing": (tag("tag no order.csv"), "5 rows have no value in 'at'.*the first is row 2"),
    "tag: text as number": (tag("tag texts.csv"), "feature 'x' must hold numbers.*'much'.*among the symbols"),
    "tag: too large": (tag("tag huge.csv"), "column 'x' holds .*e.300, too large.*Divide"),
    "tag: every label once": (tag("tag all labels.csv"), "validation part.*none of .*occurs in training"),
    "tag: no label": (tag("tag no label.csv"), "No step of the training part has a label in 'up'"),
    "tag: no label named": (tag("tag.csv", columns=()), "--label"),
    "tag: no sequence named": (
        tag("tag.csv", columns=(*TAG[:2], *TAG[-2:])),
        "1 sequence, too few.*`sequence`",
    ),
    "tag: damaged Parquet": (tag("cut.parquet"), "cut.parquet starts as a Parquet file but is damaged"),
    "tag: folder": (tag("folder"), "folder is a directory; name one file"),
    "tag: one column": (
        tag("one column.conll"),
        "one column.conll has one column.*its label last.*--delimiter",
    ),
    "tag: no blank line": (tag("one sentence.conll"), "1 sequence, too few"),
    "tag: blank lines only": (tag("blank.conll"), "blank.conll is empty"),
    "tag: not UTF-8": (tag("latin1.conll"), "byte 0xeb in line 1.*--encoding windows-1252"),
    "tag: no encoding": (
        tag("latin1.conll", "--encoding", "latin-11"),
        "is 'latin-11'. Did you mean 'latin-1'",
    ),
    "classify: no encoding": (classify("latin1.csv", "--encoding", "utf-9"), "Did you mean 'utf-8'"),
    "tag: other delimiter": (tag("names.conll", "--delimiter", "|"), "has one column.*--delimiter"),
    "tag: empty delimiter": (tag("names.conll", "--delimiter", ""), "`delimiter` must hold a character"),
    "tag: test data of other columns": (
        tag("names.conll", "--test-data", "three columns.conll"),
        "must have the same columns, but one has 2 and another 3",
    ),
    "tag: judged by what it learned": (
        tag("names.conll", "--test-data", "names.conll"),
        "names.conll is given twice",
    ),
    "tag: nothing left": (tag("names.conll", "--validation", "0.99"), "`validation` and `test` must leave"),
    "text: folder": (text("folder", "--steps", "3"), "folder is a folder; give one text file"),
    "text: mark only": (text("mark.txt", "--steps", "3"), "mark.txt is empty"),
    "text: picture": (text("picture.txt", "--steps", "3"), "picture.txt is no text.*line 1.*--unit byte"),
    "text: no word": (text("spaces.txt", "--unit", "word", "--steps", "3"), "holds 0 words.*10 or more"),
    "text: no time": (text("book.txt", "--seconds", "0"), "`seconds` must be .* above 0, but it is 0.0"),
    "text: shares of all": (
        text("book.txt", "--steps", "3", "--validation", "0.99", "--test", "0.9"),
        "leave nothing to learn from",
    ),
    "text: option of another task": (text("book.txt", "--steps", "3", "--horizon", "4"), "--horizon.*See: "),
}

USING: dict[str, Case] = {
    "resume another task": (("fit", "tag", "--resume", "--out", "classified"), "no tag.*'classify'"),
    "resume with another size": (
        ("fit", "text", "--resume", "--out", "written", "--hidden-size", "9"),
        "has hidden_size = 8, not 9; leave --hidden-size out",
    ),
    "resume a damaged state": (
        ("fit", "tag", "--resume", "--out", "damaged", "--quiet"),
        "damaged/state.*is damaged",
    ),
    "predict of a damaged model": (
        ("predict", "damaged", "names.conll", "--out", "o.csv"),
        "damaged/model.safetensors is damaged",
    ),
    "report of damaged results": (("report", "damaged"), "damaged are damaged"),
    "predict other columns": (
        ("predict", "tagged", "tag.csv", "--out", "o.csv"),
        "no column 'column_1'.*'id'",
    ),
    "predict without an id": (("predict", "classified", "tag.csv", "--out", "o.csv"), "no column 'who'"),
    "predict into a folder": (
        ("predict", "classified", "sequences.csv", "--out", "folder.csv"),
        "file in a folder that exists",
    ),
    "predict over another run": (
        ("predict", "written", "book.txt", "--out", "classified/predictions.csv"),
        "classified/predictions.csv, a file of the run",
    ),
    "evaluate unknown classes": (
        ("evaluate", "classified", "--data", "classify renamed.csv"),
        r"class 'gentle' was not in the data.*\['flat', 'steep'\]",
    ),
    "evaluate unlabelled steps": (("evaluate", "tagged", "--data", "one column.conll"), "has one column"),
    "evaluate an unknown part": (("evaluate", "tagged", "--part", "all"), "`part` must be .*'all'"),
    "generate with a classifier": (("generate", "classified"), "no text.*'classify'"),
    "generate with a text": (("generate", "book.txt"), "book.txt holds no run of elman"),
    "score with a tagger": (("score", "tagged", "book.txt"), "no text.*'tag'"),
    "score a picture": (("score", "written", "picture.txt"), "picture.txt is no text in utf-8 .*line 1"),
    "score zero bytes": (("score", "written", "zeros.txt"), "zeros.txt holds a zero byte in line 1"),
    "score nothing": (("score", "written", "empty.txt"), "empty.txt is empty"),
    "score into a folder": (("score", "written", "book.txt", "--out", "folder.csv"), "folder.csv"),
    "score over another run": (
        ("score", "written", "book.txt", "--out", "classified/predictions.csv"),
        "classified/predictions.csv, a file of the run",
    ),
    "inspect a unit of a classifier": (
        ("inspect", "classified", "--unit", "3"),
        "Unit 3 cannot be followed through a text: classified is a classify run",
    ),
    "inspect a unit that is none": (
        ("inspect", "written", "--unit", "9999"),
        r"`unit` must be the number of a unit of the last layer, in \[0, \d+\], but it is 9999",
    ),
    "inspect an unknown part": (("inspect", "tagged", "--part", "all"), "`part` must be .*'all'"),
    "inspect into a table": (("inspect", "tagged", "--out", "o.csv"), "ends in .html, but it is o.csv"),
    "inspect over another run": (
        ("inspect", "tagged", "--out", "classified/report.html"),
        "classified/report.html, a file of the run",
    ),
    "stream to a language model": (("stream", "written"), "written is a text run.*row"),
    "stream to both directions": (("stream", "tagged"), "from both ends.*--stream"),
    "plan without a size": (("plan", "--memory", "much"), "`memory` must be a size such as .*'much'"),
    "plan an unknown cell": (("plan", "--cell", "lstn"), "no cell called 'lstn'. Did you mean LSTMCell"),
    "plan no length": (("plan", "--length", "0"), "must be a positive integer, but it is 0"),
    "cells of no size": (("cells", "lstm", "--hidden-size", "0"), "`hidden_size` must be a positive"),
    "bench an unknown kind": (("bench", "--kind", "gur"), "`kind` must be one of .*'gru'.*'gur'"),
    "bench half a shape": (("bench", "--shape", "1,2,3"), "A shape is T,N,I,H.*'1,2,3'"),
    "bench into nowhere": (("bench", "--json", "nowhere/b.json"), "in a folder that exists.*nowhere/b.json"),
    "experiment without a name": (("experiment",), "Missing argument 'NAME'.*--help"),
    "experiment that is none": (("experiment", "addign"), "no experiment called 'addign'.*adding"),
    "experiment with no seed": (("experiment", "adding", "--seed", "-1"), "`seed` must be .*-1"),
    "experiment with a wrong option": (
        ("experiment", "adding", "--cell", "lstm:forget_bias=much"),
        "`forget_bias` must be a finite number, but it is 'much'",
    ),
    "experiment of no length": (("experiment", "adding", "--length", "0"), "`length` of Adding.*is 0"),
    "experiment into a run": (("experiment", "adding", "--out", "classified"), "classified holds a run"),
    "experiment below a file": (("experiment", "adding", "--out", "a file/x"), "a file/x cannot be made"),
}


def make_place(folder: Path) -> None:
    """Write all inputs, and fit a run of every task; one is copied and damaged."""
    write_inputs(folder)
    for run, arguments in FITS.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.setattr(sys, "argv", ["elman", *arguments, "--out", run])
            assert run_main() == 0
    damaged = copy_run(folder, "tagged", "damaged")
    for name in ("model.safetensors", "state.safetensors", "evaluation.json"):
        (damaged / name).write_bytes(b"{garbage")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs and bad inputs. Its files name it, so it is not copied but put right again."""
    folder = tmp_path_factory.mktemp("bad") / "inputs"
    folder.mkdir()
    make_place(folder)
    shutil.copytree(folder, folder.with_name("copy"))
    return folder


@pytest.fixture
def littered(made: Path) -> Iterator[tuple[Path, dict[str, bytes]]]:
    """That folder, and what is in it."""
    before = snapshot(made)
    yield made, before
    if snapshot(made) != before:
        shutil.rmtree(made)
        shutil.copytree(made.with_name("copy"), made)


@pytest.fixture
def refused(
    littered: tuple[Path, dict[str, bytes]], elman: Elman, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Call the command line in that folder and make sure that it refuses, and touches nothing."""
    folder, before = littered
    monkeypatch.chdir(folder)

    def call(arguments: tuple[str, ...], words: str) -> None:
        result = elman(*arguments)
        assert result.code == 2, result
        assert result.out == ""
        assert result.err.startswith("elman: ")
        assert len(re.findall("^(?! {4})", result.err.strip(), re.MULTILINE)) == 1, result.err
        assert "Traceback" not in result.err
        assert re.search(words, result.err, re.DOTALL), result.err
        assert snapshot(folder) == before

    return call


@pytest.mark.parametrize("name", FITTING)
def test_bad_input_of_a_fit_begins_nothing_and_replaces_nothing(refused: Callable[..., None], name: str):
    arguments, words = FITTING[name]
    run = {"classify": "classified", "tag": "tagged", "text": "written"}[arguments[1]]
    refused((*arguments, "--out", "new"), words)
    refused((*arguments, "--out", run, "--overwrite"), words)


@pytest.mark.parametrize("name", USING)
def test_bad_input_of_another_command_changes_nothing(refused: Callable[..., None], name: str):
    refused(*USING[name])


def test_the_name_of_a_file_is_no_text_and_a_string_no_list_of_lines(
    made: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(made)
    for read in (LanguageModel().fit, LanguageModel().check):
        with pytest.raises(
            DataError, match=r"'book.txt' is the name of a file; give pathlib.Path\('book.txt'\)"
        ):
            read("book.txt")
    with pytest.raises(DataError, match="`lines` must be a list of lines"):
        LanguageModel().score("book.txt")


def test_there_are_many_bad_inputs():
    assert len(FITTING) + len(USING) >= 50
