"""The page in headless Chromium: every chart and every choice is drawn, no error, no request."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import report_samples as samples

from elman.report import render_forecast_report
from elman.tasks.results import ForecastReport

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--v=0",
    "--virtual-time-budget=20000",
    "--dump-dom",
]

# Walks through every choice of every chart and writes down what it saw.
PROBE = """
<script type="module">
const seen = { title: document.title, charts: {}, pressed: 0 };
const drawn = (plot) => plot.querySelectorAll(".scatterlayer .trace").length;
function walk(figure, depth = 0) {
  const select = figure.querySelectorAll("select")[depth];
  const plot = figure.querySelector(".plot");
  if (!select) return [drawn(plot)];
  return [...select.options].flatMap((option) => {
    select.value = option.value;
    select.selectedIndex = option.index;
    select.dispatchEvent(new Event("change"));
    return walk(figure, depth + 1);
  });
}
function report() {
  if (!document.documentElement.dataset.charts) return setTimeout(report, 20);
  for (const plot of document.querySelectorAll(".plot")) {
    const figure = plot.parentElement;
    seen.charts[plot.id] = walk(figure);
    const hidden = figure.querySelector(".legend button[aria-pressed=false]");
    if (hidden) {
      const before = drawn(plot);
      hidden.click();
      seen.pressed += drawn(plot) - before;
    }
  }
  seen.title = document.title;
  seen.images = document.images.length;
  seen.links = document.querySelectorAll("svg a").length;
  seen.wide = document.documentElement.scrollWidth > innerWidth;
  const note = document.createElement("pre");
  note.id = "seen";
  note.textContent = JSON.stringify(seen);
  document.body.append(note);
}
report();
</script>
</body>"""


class Visit(NamedTuple):
    dom: str
    console: list[str]

    @property
    def seen(self) -> dict[str, Any]:
        found = re.search(r'<pre id="seen">(.*?)</pre>', self.dom, re.DOTALL)
        assert found, "the charts were never drawn"
        return json.loads(unescape(found[1]))


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"needs a headless browser, one of: {', '.join(BROWSERS)}")
    return found


@pytest.fixture
def visit(browser: str, tmp_path: Path) -> Callable[..., Visit]:
    def open_page(page: str, *options: str) -> Visit:
        path = tmp_path / "page.html"
        path.write_text(page, encoding="utf-8")
        command = [browser, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", *options, path.as_uri()]
        run = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return Visit(run.stdout, [line for line in run.stderr.splitlines() if "CONSOLE" in line])

    return open_page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("build", [samples.small, samples.bare, samples.hostile])
def test_every_chart_and_choice_is_drawn(
    visit: Callable[..., Visit], build: Callable[[], ForecastReport], scheme: str
):
    preference = f"--blink-settings=preferredColorScheme={int(scheme == 'light')}"
    page = render_forecast_report(build()).replace("</body>", PROBE)
    result = visit(page, preference, "--window-size=500,900")
    assert result.console == []
    assert len(result.seen["charts"]) == page.count('class="plot ')
    assert all(traces > 0 for drawn in result.seen["charts"].values() for traces in drawn)
    assert not result.seen["wide"]


def test_choices_and_legend_answer(visit: Callable[..., Visit]):
    seen = visit(render_forecast_report(samples.hostile()).replace("</body>", PROBE)).seen
    assert len(seen["charts"]["chart-forecasts"]) == 2 * 4
    assert len(seen["charts"]["chart-history"]) == 2
    assert seen["pressed"] == 1


def test_hostile_text_stays_text(visit: Callable[..., Visit]):
    result = visit(render_forecast_report(samples.hostile()).replace("</body>", PROBE))
    assert result.seen["title"] == samples.ATTACKS[0]
    assert (result.seen["images"], result.seen["links"]) == (0, 0)


def test_a_request_would_be_seen(visit: Callable[..., Visit]):
    page = render_forecast_report(samples.bare()).replace(
        "</body>", '<img src="https://example.invalid/x.png"></body>'
    )
    assert any("Content Security Policy" in line for line in visit(page).console)


def test_old_browser_is_told(visit: Callable[..., Visit]):
    page = render_forecast_report(samples.bare())
    page = page.replace("<style>", "<script>delete window.DecompressionStream</script><style>", 1)
    dom = visit(page).dom
    notice = re.search(r'<p id="notice"[^>]*>(.*?)</p>', dom)
    assert notice
    assert "lacks DecompressionStream" in notice[1]
    assert "hidden" not in notice[0].split(">")[0]
