"""The page about training through time shows the figures that were measured."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("through_time")
    for name in ("through_time", "svg"):
        sys.modules.pop(name, None)


def test_page_and_plot_are_what_the_script_writes(script: Any):
    figures = json.loads(script.FIGURES.read_text(encoding="utf-8"))
    page = script.PAGE.read_text(encoding="utf-8")
    measured = page.partition(script.BEGIN)[2].partition(script.END)[0].strip()
    assert measured == script.render(figures), "python benchmarks/through_time.py --page writes it anew"
    assert script.PLOT.read_text(encoding="utf-8") == script.plot(figures)
    assert [repr(method) for method in script.METHODS] == list(figures["learning"])


def test_the_long_gradient_was_exact_within_its_budget(script: Any):
    long = json.loads(script.FIGURES.read_text(encoding="utf-8"))["long"]
    assert long["steps"] == 1_000_000
    assert long["equal bits"]
    assert long["budget"] <= 1.4 * long["plain"]


def test_the_plot_names_every_method(script: Any):
    plot = ElementTree.fromstring(script.PLOT.read_text(encoding="utf-8"))
    texts = {element.text for element in plot.iter() if element.text and element.text.strip()}
    assert {repr(method) for method in script.METHODS} | {"segment", "window"} <= texts
