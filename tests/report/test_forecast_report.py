"""The page as text: its parts, its order, and that text stays text."""

import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
import report_samples as samples

from elman.report import render_forecast_report, write_forecast_report
from elman.tasks.results import ForecastReport

REPORTS: list[Callable[[], ForecastReport]] = [samples.small, samples.bare, samples.hostile]
VOID = {"meta", "link"}
HEADINGS = [
    "Scores",
    "Forecasts against the truth",
    "Error by step",
    "Calibration",
    "The data",
    "Learning curves",
    "Odd in the data",
    "Configuration",
]


class Outline(HTMLParser):
    """What elements a page has, whether they nest, and its text."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]):
        self.tags.append(tag)
        self.attributes += attrs
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str):
        assert self.open.pop() == tag

    def handle_data(self, data: str):
        self.texts.append(data)


@pytest.mark.parametrize("build", REPORTS)
def test_page_is_well_formed_with_unique_ids(build: Callable[[], ForecastReport]):
    outline = Outline(render_forecast_report(build()))
    ids = [value for name, value in outline.attributes if name == "id"]
    assert outline.open == []
    assert len(ids) == len(set(ids))
    links = {
        str(value)[1:] for name, value in outline.attributes if name == "href" and str(value).startswith("#")
    }
    assert links <= set(ids)


def test_sections_stand_in_order():
    page = render_forecast_report(samples.small())
    assert re.findall(r"<h2>(.*?)</h2>", page) == HEADINGS


def test_first_sentence_of_the_verdict_leads():
    page = render_forecast_report(samples.small())
    assert page.index("14 % lower") < page.index("<h2>")
    assert page.index("better at 43 of 56") > page.index("<h2>Scores")


def test_every_chart_has_a_caption_and_a_description():
    page = render_forecast_report(samples.small())
    plots = re.findall(r'<div id="chart-[a-z-]+" class="plot \w+" role="img" aria-label="[^"]+"></div>', page)
    assert len(plots) == 5
    assert all(f"{plot}<figcaption>" in page for plot in plots)


def test_plotly_travels_in_the_page_once_and_packed():
    page = render_forecast_report(samples.small())
    assert page.count('<script id="plotly"') == 1
    assert "Plotly, Inc" not in page
    assert 1_500_000 < len(page) < 3_000_000


def test_nothing_is_asked_of_the_network():
    page = render_forecast_report(samples.small())
    outline = Outline(page)
    assert not [value for name, value in outline.attributes if name == "src"]
    assert re.findall(r"https?://[^\"']*", page) == ["http://www.w3.org/2000/svg"]  # a name, not an address
    assert "default-src 'none'" in page


def test_hostile_text_becomes_no_element():
    safe, attacked = (
        Outline(render_forecast_report(samples.small())),
        Outline(render_forecast_report(samples.hostile())),
    )
    assert set(attacked.tags) <= set(safe.tags)
    assert attacked.tags.count("script") == safe.tags.count("script")
    assert not [name for name, _ in attacked.attributes if name.startswith("on")]
    assert all(any(attack in text for text in attacked.texts) for attack in samples.ATTACKS)


def test_warnings_stand_before_notes_and_in_the_lead():
    page = render_forecast_report(samples.small())
    assert page.index('class="warning"') < page.index('class="note"')
    assert "1 warning about the data" in page


def test_nothing_found_is_said():
    page = render_forecast_report(samples.bare())
    assert "Nothing odd was found" in page
    assert "predicts no quantiles" in page


def test_same_report_gives_the_same_page():
    assert render_forecast_report(samples.small()) == render_forecast_report(samples.small())


def test_file_is_replaced_and_nothing_else_left(tmp_path: Path):
    path = tmp_path / "run" / "report.html"
    assert write_forecast_report(samples.bare(), path) == path
    first = path.read_text(encoding="utf-8")
    write_forecast_report(samples.small(), str(path))
    assert path.read_text(encoding="utf-8") == render_forecast_report(samples.small()) != first
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write_forecast_report(samples.bare(), tmp_path / "report.html")
    old = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_forecast_report(samples.small(), path)
    assert path.read_bytes() == old
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_importing_the_report_loads_no_torch_and_no_plotly():
    code = "import elman.report, sys; sys.exit(bool({'torch', 'plotly'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
