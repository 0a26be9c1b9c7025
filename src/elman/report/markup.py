"""HTML that is safe by construction: a string is escaped unless it is `Html` already."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Html(str):
    """Text that is markup already and is written as it stands."""

    __slots__ = ()


Content = Html | str | int | None | Iterable["Content"]
Attribute = str | int | bool | None


def html(content: Content) -> Html:
    """Turn any content into markup: strings are escaped, `None` is nothing, iterables are joined.

    Example:
        >>> html("a < b")
        'a &lt; b'
        >>> html(["a < b", element("b", 1)])
        'a &lt; b<b>1</b>'
    """
    if isinstance(content, Html):
        return content
    if content is None:
        return Html("")
    if isinstance(content, str | int):
        return Html(escape(str(content)))
    return Html("".join(html(part) for part in content))


def element(tag: str, *children: Content, **attributes: Attribute) -> Html:
    """Write one element.

    Args:
        tag: the element's name.
        children: its content; plain strings are escaped.
        attributes: `class_` becomes `class`, `aria_label` becomes `aria-label`; `True` writes the bare
            name, `False` and `None` leave it out.

    Example:
        >>> element("p", "x < y", class_="lead", hidden=True)
        '<p class="lead" hidden>x &lt; y</p>'
    """
    written = "".join(_attribute(name, value) for name, value in attributes.items())
    return Html(f"<{tag}{written}>{html(children)}</{tag}>")


def _attribute(name: str, value: Attribute) -> str:
    name = name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
