"""One bar on a terminal; nothing of it elsewhere."""

import os
import pty
import re
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from command_line import FIT, STEPS, Outcome

from elman.cli.progress import watch

Elman = Callable[..., Outcome]
OnTerminal = Callable[[Callable[[], object]], str]


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> OnTerminal:
    """Call something whose stderr is a terminal; return what was written to it."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def call(function: Callable[[], object]) -> str:
        leader, follower = pty.openpty()
        parts: list[bytes] = []

        def read() -> None:
            try:
                while part := os.read(leader, 4096):
                    parts.append(part)
            except OSError:  # how Linux says that the other end is closed
                os.close(leader)

        reader = Thread(target=read)
        reader.start()
        with monkeypatch.context() as patch, os.fdopen(follower, "w") as stream:
            patch.setattr(sys, "stderr", stream)
            function()
        reader.join()
        return b"".join(parts).decode()

    return call


def frames(text: str) -> list[str]:
    """What the line showed, one time after another, without colours."""
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
    return [frame.strip() for frame in re.split(r"[\r\n]+", plain) if frame.strip()]


def test_one_bar_on_one_line(elman: Elman, place: Path, on_terminal: OnTerminal):
    written = on_terminal(lambda: elman(*FIT, "--config", "run/config.toml", "--out", "new"))
    assert "\x1b[1A" not in written  # the cursor never goes up: there is one line
    shown = frames(written)
    assert shown[0].startswith("reading ")
    assert max(map(len, shown)) <= 80
    figures = r"loss \d+\.\d{4}  validation \d+\.\d{4} 0:00:00"
    assert re.fullmatch(rf"calibrating ━+ {STEPS}/{STEPS} {figures}", shown[-1])


def test_continued_run_begins_where_it_stopped(on_terminal: OnTerminal, monkeypatch: pytest.MonkeyPatch):
    clock = [0.0]
    monkeypatch.setattr("rich.console.monotonic", lambda: clock[0])

    def go_on() -> None:
        with watch(1000, quiet=False) as observer:
            clock[0] += 100  # reading the table
            for step in range(901, 921):
                observer.on_step(step, 1.0)
                clock[0] += 2

    # Eighty steps of two seconds are left; the 900 of an earlier sitting and the reading do not count.
    assert re.search(r" 920/1000 loss 1\.0000 0:02:40$", frames(on_terminal(go_on))[-1])


def test_message_after_the_bar_has_its_own_line(elman: Elman, place: Path, on_terminal: OnTerminal):
    arguments = [*FIT, "--config", "run/config.toml", "--out", "new", "--learning-rate", "1e30"]
    assert frames(on_terminal(lambda: elman(*arguments)))[-1].startswith("elman: The ")


def test_quiet_on_a_terminal(elman: Elman, place: Path, on_terminal: OnTerminal):
    arguments = [*FIT, "--config", "run/config.toml", "--out", "new", "--quiet"]
    assert on_terminal(lambda: elman(*arguments)) == ""
    assert (place / "new" / "report.html").exists()
