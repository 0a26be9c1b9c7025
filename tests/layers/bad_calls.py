"""Runs wrong calls one after the other and prints what came of each, a line of JSON per event.

A script: in a process of its own, a call that kills the process is seen as what it is.
"""

import importlib
import json
import sys
import traceback
from typing import Any

from bad_case import Case

MODULES = (
    "bad_recurrent",
    "bad_cells",
    "bad_options",
    "bad_torch_layers",
    "bad_packed",
    "bad_stacks",
    "unusual_calls",
)
CASES: list[Case] = [case for name in MODULES for case in importlib.import_module(name).all_cases()]


def outcome(case: Case) -> dict[str, Any]:
    """What came of a case: an error, a result, or a value that could not be made."""
    try:
        value = case.make()
    except Exception as error:
        return {"unmade": repr(error)}
    try:
        result = case.call(value)
        good = case.check is not None and bool(case.check(result))
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        classes = [base.__name__ for base in type(error).__mro__]
        return {"classes": classes, "message": str(error), "depth": frames[-1].filename}
    return {"good": good}


def main(first: int) -> None:
    """Run the cases from number `first` on."""
    for index in range(first, len(CASES)):
        print(json.dumps({"index": index}), flush=True)
        print(json.dumps({"index": index, **outcome(CASES[index])}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
