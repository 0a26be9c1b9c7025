"""Wrong arguments of layers, cells and marks give an error that names them; no call kills the process."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from bad_calls import CASES, Case

SCRIPT = Path(__file__).with_name("bad_calls.py")
LONGEST_MESSAGE = 600  # a person reads it; a tensor's numbers have no place in it


def run_from(first: int) -> tuple[dict[int, dict[str, Any]], int | None]:
    """Return the outcomes by number, and the number of the case that killed the process, if one did."""
    command = [sys.executable, "-W", "ignore", str(SCRIPT), str(first)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    outcomes = {event.pop("index"): event for event in events}
    assert outcomes, done.stderr[-2000:]
    killer = max(outcomes) if done.returncode else None
    if killer is not None:
        outcomes[killer] = {"killed": done.returncode}
    return outcomes, killer


def run_all() -> dict[int, dict[str, Any]]:
    outcomes, killer = run_from(0)
    while killer is not None and killer + 1 < len(CASES):
        more, killer = run_from(killer + 1)
        outcomes |= more
    return outcomes


def complaint(case: Case, outcome: dict[str, Any]) -> str | None:
    """Say what is wrong with the outcome of a case; None if nothing is."""
    if case.check is not None:
        return None if outcome.get("good") else f"gave not the documented result: {outcome}"
    if "classes" not in outcome:
        return f"raised nothing: {outcome}"
    if not set(case.error_names) & set(outcome["classes"]):
        return f"raised no {case.error_names}: {outcome}"
    message = outcome["message"]
    if len(message) > LONGEST_MESSAGE or not any(word in message for word in case.word.split("|")):
        return f"does not say {case.word!r}, or too much: {outcome}"
    return None


def test_every_wrong_argument_is_refused_by_name():
    outcomes = run_all()
    assert len(outcomes) == len(CASES)
    wrong = [
        f"{case.name}\n    {text}"
        for index, case in enumerate(CASES)
        if (text := complaint(case, outcomes[index])) is not None
    ]
    assert not wrong, f"{len(wrong)} of {len(CASES)}:\n" + "\n".join(wrong)


def test_there_are_hundreds_of_wrong_calls_and_no_two_are_one():
    names = Counter(case.name for case in CASES)
    assert [name for name, count in names.items() if count > 1] == []
    assert len(names) >= 300
