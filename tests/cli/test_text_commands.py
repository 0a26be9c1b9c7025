"""`elman fit text`, `generate` and `score`, called as a person calls them."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from command_line import Outcome, run_main

from elman.errors import RunError
from elman.tasks.language_model import LanguageModel
from elman.tasks.text.run import load_model
from elman.tasks.text.saved import load_report
from elman.tasks.text.settings import TextSettings
from elman.training.run import RunDirectory

TEXT = "The cat sat on the mat.\nThe dog sat on the log.\n" * 20
SMALL = ("--hidden-size", "8", "--segment", "8", "--batch-size", "4", "--steps", "24")

Elman = Callable[..., Outcome]


def fit(text: Path, out: Path) -> list[str]:
    return ["fit", "text", str(text), *SMALL, "--out", str(out)]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `book.txt` and the finished run `run`; do not write to it."""
    folder = tmp_path_factory.mktemp("text")
    (folder / "book.txt").write_text(TEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["elman", *fit(folder / "book.txt", folder / "run"), "--quiet"])
        assert run_main() == 0
    return folder


@pytest.fixture
def book(fitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `fitted` to write to, as the current folder."""
    folder = tmp_path / "place"
    shutil.copytree(fitted, folder)
    config = folder / "run" / "config.toml"
    config.write_text(config.read_text().replace(str(fitted), str(folder)))
    monkeypatch.chdir(folder)
    return folder


def test_a_fit_prints_scores_beside_baselines_and_leaves_a_report(elman: Elman, book: Path):
    done = elman(*fit(book / "book.txt", book / "other"))
    assert done.code == 0
    for words in (
        "test part, 96 characters",
        "elman (GRU + 8-gram)",
        "GRU alone",
        "5-gram (Witten-Bell)",
        "unigram",
        "perplexity",
        "Its predictions are ",
        " those of counting 8-grams, as the validation part wants it.",
    ):
        assert words in done.out
    assert "step 24/24" in done.err
    page = (book / "other" / "report.html").read_text()
    for heading in ("What it writes", "What single units follow", "Learning curves and gradient norm"):
        assert heading in page
    assert "seconds per 1000 characters" in page
    assert "llvm: GRUCell runs as one kernel through time" in page


def test_the_report_is_drawn_again_byte_for_byte(elman: Elman, book: Path):
    before = (book / "run" / "report.html").read_bytes()
    assert elman("report", "run", "--out", "again.html").code == 0
    assert (book / "again.html").read_bytes() == before


def test_evaluate_gives_the_scores_of_the_fit(elman: Elman, book: Path):
    done = elman("evaluate", "run")
    rows = load_report(RunDirectory(book / "run")).scores[0].rows
    assert done.code == 0
    for row in rows:
        assert f"{row.metrics['nats per character']:.4g}" in done.out
    assert "validation part, 43 characters" in elman("evaluate", "run", "--part", "validation").out
    assert (
        "`part` must be test or validation, but it is 'all'" in elman("evaluate", "run", "--part", "all").err
    )


@pytest.mark.parametrize("command", ["evaluate", "inspect"])
def test_a_run_whose_text_is_gone_asks_for_another(elman: Elman, book: Path, command: str):
    (book / "book.txt").rename(book / "moved.txt")
    refused = elman(command, "run")
    assert refused.code == 2
    assert "book.txt, which run was fitted to, is not there any more" in refused.err
    assert elman(command, "run", "--data", "moved.txt").code == 0


def test_predict_says_of_each_symbol_how_likely_it_was(elman: Elman, book: Path):
    (book / "new.txt").write_text("The cat\n")
    done = elman("predict", "run", "new.txt", "--out", "new.parquet")
    assert (done.code, done.out) == (0, "8 rows, one per character: new.parquet\n")
    table = pl.read_parquet(book / "new.parquet")
    line = load_model(RunDirectory(book / "run")).score(["The cat"])[0]
    # Single precision, once in a batch and once alone.
    assert table["log_probability"].sum() == pytest.approx(line.log_probability, abs=1e-4)
    assert "".join(table["symbol"]) == "The cat\n"
    assert (table["log_probability"].exp() <= table["its_probability"] + 1e-12).all()


def test_predict_refuses_a_text_without_a_word(elman: Elman, book: Path):
    assert elman(*fit(book / "book.txt", book / "words"), "--unit", "word").code == 0
    (book / "new.txt").write_text("cat")
    assert elman("predict", "words", "new.txt", "--out", "new.csv").out == "1 row, one per word: new.csv\n"
    (book / "new.txt").write_text("  ")
    done = elman("predict", "words", "new.txt", "--out", "new.csv")
    assert (done.code, done.err) == (2, "elman: new.txt holds no word; give a text that does.\n")


def test_generate_writes_and_names_what_it_never_saw(elman: Elman, book: Path):
    done = elman("generate", "run", "--prompt", "Thé", "--length", 30, "--top-k", 5, "--seed", 1)
    assert done.code == 0
    assert done.out.startswith("Thé")
    assert len(done.out) == len("Thé") + 30 + len("\n")
    assert done.err == "note: training never saw 'é'; read as an unknown character.\n"
    assert (
        elman("generate", "run", "--length", 30, "--seed", 1).out
        != elman("generate", "run", "--length", 30).out
    )
    assert elman("generate", "run", "--temperature", 0).out == elman("generate", "run", "--top-k", 1).out


def test_score_gives_the_log_probability_of_each_line(elman: Elman, book: Path):
    (book / "lines.txt").write_bytes("The cat\r\n\r\nZoë".encode())
    done = elman("score", "run", "lines.txt")
    expected = LanguageModel.load(book / "run" / "model.safetensors").score(["The cat", "", "Zoë"])
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [row[3] for row in rows] == ["The cat", "", "Zoë"]
    assert [row[0] for row in rows] == [f"{score.log_probability:.4f}" for score in expected]
    assert [row[1] for row in rows] == ["8", "1", "4"]
    assert done.err == "note: training never saw 'Z', 'ë'; read as an unknown character.\n"
    assert elman("score", "run", "lines.txt", "--out", "scores.csv").out == "3 lines: scores.csv\n"
    table = pl.read_csv(book / "scores.csv")
    assert table["num_symbols"].to_list() == [8, 1, 4]
    assert [f"{value:.4f}" for value in table["nats_per_symbol"]] == [row[2] for row in rows]


def test_a_run_continues_to_the_same_weights(elman: Elman, book: Path):
    run = book / "run"
    before = (run / "model.safetensors").read_bytes()
    for name in ("model.safetensors", "evaluation.json"):
        (run / name).unlink()
    assert (
        "is not finished (it has no model.safetensors); continue it with --resume"
        in elman("generate", run).err
    )
    assert elman("fit", "text", "--resume", "--out", "run").code == 0
    assert (run / "model.safetensors").read_bytes() == before


def test_a_changed_vocabulary_is_refused_and_the_difference_shown(elman: Elman, book: Path):
    (book / "book.txt").write_text(TEXT.replace("T", "Þ"))
    done = elman("fit", "text", "--resume", "--out", "run")
    assert done.code == 2
    assert done.err == (
        "elman: The vocabulary has changed since run was begun: 1 character is new ('Þ'), 1 character is "
        "gone ('T'). Put the text back, or begin a new run with another --out.\n"
    )
    (book / "book.txt").write_text(TEXT.replace("cat", "tac"))
    assert "has changed since run was begun, so the run cannot be continued" in (
        elman("fit", "text", "--resume", "--out", "run").err
    )


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (None, (), "There is no file"),
        (b"", (), "is empty."),
        (b"ab\xff" * 20, (), "is no text in utf-8 (byte 0xff in line 1); name its encoding"),
        (b"ab\0" * 20, (), "holds a zero byte in line 1, so it is no text"),
        (b"abc", (), "The text holds 3 characters; a language model needs 10 or more."),
        (b"one two three", ("--unit", "word"), "The text holds 3 words; a language model needs 10 or more."),
        (
            b"abc" * 20,
            ("--unit", "letter"),
            "`unit` must be one of character, byte, word, but it is 'letter'.",
        ),
        (b"abc" * 20, ("--cell", "lstmm"), "`cell` must be one of "),
        (b"abc" * 20, ("--seconds", "1"), "`seconds` and `num_steps` are two budgets: give one of them."),
        (b"abc" * 20, ("--test", "1"), "`test` must be in [0, 1), but it is 1.0."),
        (b"abc" * 20, ("--device", "abacus"), "`device` must be one that can be used here"),
        (b"abc" * 20, ("--encoding", "klingon"), "`encoding` must be one that Python knows"),
    ],
)
def test_a_mistake_ends_with_one_message_and_no_folder(
    elman: Elman, tmp_path: Path, content: bytes | None, options: tuple[str, ...], message: str
):
    text = tmp_path / "text.txt"
    if content is not None:
        text.write_bytes(content)
    done = elman(*fit(text, tmp_path / "run"), *options)
    assert done.code == 2
    assert done.err.startswith("elman: ")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("generate", "run", "--temperature", -1), "`temperature` must be a finite number, 0 or more"),
        (("generate", "run", "--length", 0), "`length` must be a whole number, 1 or more, but it is 0."),
        (("generate", "run", "--seed", -3), "`seed` must be a whole number, 0 or more, but it is -3."),
        (("generate", "nowhere"), "There is no folder nowhere."),
        (("score", "run", "nothing.txt"), "There is no file nothing.txt."),
        (("score", "run", "run"), "run is a folder; give one text file."),
        (("score", "run", "book.txt", "--out", "book.txt"), "--out must be a .csv or .parquet"),
        (("predict", "run", "book.txt", "--future", "book.txt", "--out", "a.csv"), "leave --future out"),
    ],
)
def test_a_mistake_with_a_run_ends_with_one_message(
    elman: Elman, book: Path, arguments: tuple[object, ...], message: str
):
    done = elman(*arguments)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert message in done.err


def test_a_damaged_run_is_refused(elman: Elman, book: Path):
    run = book / "run"
    (run / "vocabulary.json").write_text("[]")
    assert "vocabulary.json is damaged" in elman("fit", "text", "--resume", "--out", "run").err
    (run / "model.safetensors").write_bytes(b"\0" * 100)
    assert "model.safetensors is damaged or was not written by elman" in elman("generate", "run").err
    (run / "evaluation.json").write_text("{}")
    with pytest.raises(RunError, match="are damaged"):
        load_report(RunDirectory(run))


def test_settings_come_back_from_their_file(book: Path):
    settings = TextSettings.of_run(RunDirectory(book / "run"))
    assert (settings.hidden_size, settings.num_steps, settings.seconds) == (8, 24, None)
    assert Path(settings.data) == book / "book.txt"


def test_threads_are_chosen_by_a_trial_and_written_down(
    elman: Elman, book: Path, monkeypatch: pytest.MonkeyPatch
):
    cost = {1: 3.0, 4: 2.0}
    monkeypatch.setattr("os.sched_getaffinity", lambda process: range(4), raising=False)
    monkeypatch.setattr("elman.tasks.text.threads._seconds", lambda network, codes, number: cost[number])
    assert elman(*fit(book / "book.txt", book / "four")).code == 0
    assert TextSettings.of_run(RunDirectory(book / "four")).threads == 4
    cost[4] = 2.9
    assert elman(*fit(book / "book.txt", book / "one")).code == 0
    assert TextSettings.of_run(RunDirectory(book / "one")).threads == 1


def test_a_budget_of_seconds_is_shown(elman: Elman, book: Path):
    done = elman("fit", "text", "book.txt", "--hidden-size", 8, "--seconds", 0.3, "--out", "timed")
    assert done.code == 0
    assert "of 0.3 s, step" in done.err
