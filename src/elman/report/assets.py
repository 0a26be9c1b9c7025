"""The files a page carries inside itself: style sheet, script, and plotly.js packed small."""

from __future__ import annotations

import base64
import gzip
from functools import cache
from importlib.resources import files

from elman.report.markup import Html


@cache
def static(name: str) -> Html:
    """Return a file of `elman/report/static`."""
    return Html(files("elman.report").joinpath("static", name).read_text(encoding="utf-8"))


@cache
def packed_plotly() -> Html:
    """Return plotly.js, packed: 2.0 MB instead of 4.8."""
    # Half of what importing this module would cost is plotly, and only this function needs it.
    from plotly.offline import get_plotlyjs

    return packed(get_plotlyjs())


def packed(text: str) -> Html:
    """Compress text with gzip and write it in base64; the page's script unpacks it.

    No letter of base64 means anything to HTML, so what is packed can never leave its element.
    """
    squeezed = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    return Html(base64.b64encode(squeezed).decode("ascii"))
