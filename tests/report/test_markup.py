import math

from elman.report.formatting import NOT_AVAILABLE, number, percent, rounded
from elman.report.markup import Html, element, html


def test_text_is_escaped_once_and_markup_never():
    assert html(["<b>", Html("<i>"), None, 3]) == "&lt;b&gt;<i>3"
    assert element("p", element("b", "a & b")) == "<p><b>a &amp; b</b></p>"


def test_attribute_cannot_be_left():
    assert element("a", href='"><script>') == '<a href="&quot;&gt;&lt;script&gt;"></a>'


def test_attribute_names_follow_html():
    assert (
        element("td", class_="best", aria_label="x", hidden=False) == '<td class="best" aria-label="x"></td>'
    )


def test_numbers_that_are_none_are_said_to_be_missing():
    assert {number(math.nan), number(None), percent(math.inf), percent(None)} == {NOT_AVAILABLE}


def test_rounding_follows_the_range_and_not_the_size():
    assert rounded([1e6 + 0.123456789, 1e6 + 0.987654321]) == [1000000.12346, 1000000.98765]
    assert rounded([5.0, 5.0]) == [5.0, 5.0]
    assert rounded([0.0, None]) == [0.0, None]
    assert rounded([123456.789, 987654.321]) == [123460.0, 987650.0]
