"""Text of any script, encoding and line ending, given to the commands as a person gives it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Outcome

Elman = Callable[..., Outcome]

SMALL = ("--hidden-size", "6", "--steps", "2", "--threads", "1", "--quiet")
TEXTS = {
    "chinese": "今天天气很好,我们去公园散步吧。",
    "arabic": "السلام عليكم ورحمة الله وبركاته",
    "emoji": "👩‍👩‍👧‍👦 👍🏽 🇫🇷 👩‍👩‍👧‍👦 👍🏽",
    "combining marks": "e\u0301a\u0308n\u0303 o\u0302u\u0302 " * 3,
    "empty lines": "\n\n\na\n\n\n\nb\n\n",
    "line ends alone": "\n" * 12,
    "one symbol": "aaaaaaaaaaaa",
    "separators of other kinds": "a\u2028b\u2029c\x85d\x0be\x0cf" * 2,
}
ENDINGS = {
    "CR": "one line\rtwo lines\rthree lines\r",
    "CR LF": "one line\r\ntwo lines\r\nthree lines\r\n",
    "mixed": "one line\r\ntwo lines\nthree lines\r",
    "none at the end": "one line\r\ntwo lines\nthree lines",
}


def fit(elman: Elman, content: bytes, *options: object) -> Outcome:
    Path("text.txt").write_bytes(content)
    return elman("fit", "text", "text.txt", *SMALL, *options, "--out", "run", "--overwrite")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_short_text_of_any_script_is_learned_written_and_scored(elman: Elman, text: str):
    done = fit(elman, text.encode())
    assert (done.code, done.err) == (0, "")
    written = elman("generate", "run", "--length", 4)
    assert written.code == 0
    assert set(written.out) <= set(text) | {"\n"}
    scored = elman("score", "run", "text.txt")
    assert scored.code == 0
    assert scored.out.endswith(text.removesuffix("\n").split("\n")[-1] + "\n")


@pytest.mark.parametrize("text", ENDINGS.values(), ids=ENDINGS)
def test_line_endings_are_one_symbol(elman: Elman, text: str):
    assert fit(elman, text.encode()).code == 0
    symbols = json.loads(Path("run/vocabulary.json").read_text())["symbols"]
    assert "\n" in symbols
    assert "\r" not in symbols
    scored = elman("score", "run", "text.txt").out.splitlines()
    assert [line.split("\t")[3] for line in scored] == ["one line", "two lines", "three lines"]
    assert "line endings of other systems (CR LF or CR) were read as line feeds" in (
        Path("run/report.html").read_text()
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_no_symbol(elman: Elman, encoding: str):
    assert fit(elman, "Ärger über Öl\nund Übel".encode(encoding)).code == 0
    symbols = json.loads(Path("run/vocabulary.json").read_text())["symbols"]
    assert "Ä" in symbols
    assert "\ufeff" not in symbols


def test_a_text_of_one_symbol_is_told(elman: Elman):
    Path("text.txt").write_text("a" * 40)
    done = elman("fit", "text", "text.txt", *SMALL[:-1], "--out", "run")
    assert done.code == 0
    told = "warning: The training part is one character, 'a', over and over: nothing else is learned."
    assert told in done.out
    Path("text.txt").write_text("ab" * 20)
    assert "over and over" not in elman("fit", "text", "text.txt", *SMALL[:-1], "--out", "other").out


def test_utf_16_without_a_mark_needs_a_name(elman: Elman):
    content = "one line\ntwo lines\n".encode("utf-16-le")
    refused = fit(elman, content)
    assert refused.code == 2
    assert "holds a zero byte in line 1, so it is no text; name its encoding" in refused.err
    assert fit(elman, content, "--encoding", "utf-16-le").code == 0


def test_a_prompt_of_unseen_symbols_alone_is_read_and_named(elman: Elman):
    fit(elman, TEXTS["arabic"].encode())
    done = elman("generate", "run", "--prompt", "ж€ж", "--length", 4)
    assert (done.code, done.err) == (0, "note: training never saw 'ж', '€'; read as an unknown character.\n")
    assert done.out.startswith("ж€ж")


def test_a_method_of_another_task_ends_with_one_message(elman: Elman):
    done = fit(elman, b"one line\n" * 20, "--through-time", "bptt")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "`through_time` of a text must be tbptt:STEPS" in done.err
    assert not Path("run").exists()
    done = fit(elman, b"one line\n" * 20, "--memory", "1B")
    assert done.code == 2
    assert "`memory` is too small for the gradient of 64 time steps" in done.err
    assert not Path("run").exists()
    assert fit(elman, b"one line\n" * 20, "--through-time", "tbptt:5", "--memory", "8MB").code == 0
    config = Path("run/config.toml").read_text()
    assert "segment = 5\n" in config
    assert elman("fit", "text", "--resume", "--through-time", "tbptt:5", "--out", "run").code == 0
