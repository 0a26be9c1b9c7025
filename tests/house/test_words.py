"""The project's files speak of the project alone, and the commands they show exist."""

import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from elman.cli import main

ROOT = Path(__file__).parents[2]

MACHINE = r"(?<![\w.~}-])/(?:work|root|tmp|home|opt|Users|mnt)/"
PROCESS = r"\b(?:TODO|FIXME|XXX|as requested|the brief|(?:this|last|previous|next) session|sub-?agent)\b"
UNWANTED = re.compile(f"{MACHINE}|{PROCESS}")

COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?((?:make|elman) .*)$", re.MULTILINE)
LINK = re.compile(r"\]\((?!\w+:|#)([^)#]+)")


def tracked_texts() -> dict[str, str]:
    """The text files that git tracks, by their path; this one, which must spell what it forbids, left out."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content and ROOT / name != Path(__file__):
            texts[name] = content.decode()
    return texts


TEXTS = tracked_texts()
PAGES = [name for name in TEXTS if name.endswith(".md")]


def commands(page: str) -> list[str]:
    """The `make` and `elman` commands in the code blocks of a page, continued lines joined."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [command for block in blocks for command in COMMAND.findall(block.replace("\\\n", " "))]


COMMANDS = {name: commands(TEXTS[name]) for name in PAGES}
SHOWN = sorted({command for shown in COMMANDS.values() for command in shown})


@pytest.mark.parametrize("name", TEXTS)
def test_file_speaks_of_the_project_alone(name: str):
    assert [found[0] for found in UNWANTED.finditer(TEXTS[name])] == []


@pytest.mark.parametrize(
    "text",
    [*(f"see '/{place}/notes'" for place in ("work", "root", "tmp")), "TODO: later", "per the brief"],
)
def test_unwanted_words_are_found(text: str):
    assert UNWANTED.search(text)


@pytest.mark.parametrize("text", ["https://a.org/work/1", "src/tmp/x", "{root}/home/", "a brief note"])
def test_other_words_are_left_alone(text: str):
    assert not UNWANTED.search(text)


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_files(name: str):
    page = ROOT / name
    assert [link for link in LINK.findall(TEXTS[name]) if not (page.parent / link).exists()] == []


def test_readme_shows_the_two_commands():
    assert {"make demo", "make test"} <= {" ".join(command.split()[:2]) for command in COMMANDS["README.md"]}


@pytest.mark.parametrize("command", [line for line in SHOWN if line.startswith("make ")])
def test_make_target_exists(command: str):
    targets = set(re.findall(r"^([a-z-]+):", TEXTS["Makefile"], re.MULTILINE))
    assert command.split()[1] in targets


@pytest.mark.parametrize("command", [line for line in SHOWN if line.startswith("elman ")])
def test_command_and_its_options_exist(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    _, *words = command.split()
    path = takewhile(re.compile(r"[a-z][a-z-]*").fullmatch, words)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "argv", ["elman", *path, "--help"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 0
    options = {word.split("=")[0] for word in words if word.startswith("-")}
    assert options <= set(re.findall(r"(?<!\w)--?[\w-]+", capsys.readouterr().out))
