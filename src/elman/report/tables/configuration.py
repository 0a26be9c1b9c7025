"""The configuration of a run, readable and ready to copy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from elman.report.markup import Html, element
from elman.report.tables.table import row, table

REPEATS = "With the same table, these settings and this seed the run repeats."


def configuration_table(configuration: Mapping[str, Any], caption: str = REPEATS) -> Html:
    """Write every setting, one level of groups unfolded, and the same as JSON to copy."""
    rows = [
        row(name, [element("code", _text(value))])
        for group, setting in configuration.items()
        for name, value in _settings(group, setting)
    ]
    copy = json.dumps(configuration, indent=2, default=str, ensure_ascii=False)
    fold = element(
        "details", element("summary", "The same as JSON, to copy"), element("pre", element("code", copy))
    )
    return Html(table(caption, ["setting", "value"], rows) + fold)


def _settings(group: str, setting: Any) -> list[tuple[str, Any]]:
    if isinstance(setting, Mapping):
        return [(f"{group}.{name}", value) for name, value in setting.items()]
    return [(group, setting)]


def _text(value: Any) -> str:
    """Write a value as people write it in a settings file."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(_text(part) for part in value)
    words = {None: "none", True: "yes", False: "no"}
    return words[value] if value is None or isinstance(value, bool) else str(value)
