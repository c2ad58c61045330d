"""HTML microdata as the same nodes that JSON-LD gives (WHATWG HTML, chapter 5).

A node is a dict: `@type` (the last part of the type's URL), and each property with its values.
`itemref` is not followed: lists do not use it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from feedbot.source.page import Element, absolute, text_of
from feedbot.source.tidy import one_line

Node = dict[str, Any]

_LINKED = {"a": "href", "area": "href", "link": "href"}
_MEDIA = dict.fromkeys(("img", "audio", "embed", "iframe", "source", "track", "video"), "src")
_DEEP = 12  # items inside items


def microdata(root: Element, base: str) -> list[Node]:
    """The top-level items of a page, in its order."""
    return [
        _node(element, base, 0)
        for element in root.iter()
        if element.get("itemscope") is not None and element.get("itemprop") is None
    ]


def _node(element: Element, base: str, depth: int) -> Node:
    kind = (element.get("itemtype") or "").split()
    node: Node = {"@type": kind[0].rstrip("/").rsplit("/", 1)[-1] if kind else ""}
    for found in _properties(element) if depth < _DEEP else ():
        value = _value(found, base, depth)
        if value:
            for name in found.get("itemprop").split():
                node.setdefault(name, []).append(value)
    return node


def _properties(scope: Element) -> Iterator[Element]:
    """The elements that are properties of `scope` itself, and not of an item within it."""
    waiting = list(reversed(scope))
    while waiting:
        element = waiting.pop()
        if (element.get("itemprop") or "").strip():
            yield element
        if element.get("itemscope") is None:
            waiting.extend(reversed(element))


def _value(element: Element, base: str, depth: int) -> Any:
    """A property's value (5.2.4): an item, a URL, a machine-readable value, or its text."""
    if element.get("itemscope") is not None:
        return _node(element, base, depth + 1)
    if element.get("content") is not None:
        return element.get("content").strip()
    address = _LINKED.get(element.tag) or _MEDIA.get(element.tag)
    if address is not None:
        return absolute(element.get(address), base)
    if element.tag == "time" and element.get("datetime"):
        return element.get("datetime").strip()
    return one_line(text_of(element))
