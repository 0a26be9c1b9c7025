"""A function called in a process of its own, where nothing has run before it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from elman.errors import RunError

_CALL = """
import json, sys
from importlib import import_module
module, name, arguments = sys.argv[1:]
result = getattr(import_module(module), name)(*json.loads(arguments))
print("\\n" + json.dumps(result))
"""


def call_in_fresh_process(
    module: str, name: str, *arguments: Any, environment: Mapping[str, str] | None = None
) -> Any:
    """Call a function in a new interpreter and return what it returned.

    Args:
        module: Where the function is.
        name: Its name.
        arguments: What it takes; they and the result travel as JSON.
        environment: Variables that are set besides those of this process.

    Raises:
        RunError: The process failed; the message ends with its last words.
    """
    command = [sys.executable, "-c", _CALL, module, name, json.dumps(arguments)]
    variables = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | dict(environment or {})
    done = subprocess.run(command, capture_output=True, text=True, env=variables)  # noqa: S603
    if done.returncode:
        raise RunError(f"{module}.{name} failed in its own process:\n    {_last_words(done.stderr)}")
    return json.loads(done.stdout.splitlines()[-1])


def _last_words(text: str) -> str:
    return "\n    ".join(text.strip().splitlines()[-3:])
