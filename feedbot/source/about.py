"""What an article's page says of itself for machines: JSON-LD, `<meta>` and `<time>`.

schema.org/Article, The Open Graph protocol (ogp.me, `article:…`), HTML's `rel=author`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from feedbot.source.page import Element, Page, absolute, text_of
from feedbot.source.tidy import one_line

_ARTICLES = ("Article", "Posting", "Report", "PressRelease", "Opinion", "Review")  # ends of @type
_DEEP = 6  # levels of JSON-LD that are looked into
_MUCH = 500  # nodes of it
_LONGEST = 200  # of a name
_TIMES = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "article:published",
    "dc.date.issued",
    "dcterms.created",
    "pubdate",
    "date",
)


@dataclass(frozen=True, slots=True)
class About:
    """Of each the first that is believable, or None.

    titles:    what the page calls itself: headline, og:title, <title>
    image:     absolute URL
    published: a moment, aware UTC; a day alone is none
    """

    titles: tuple[str, ...] = ()
    author: str | None = None
    image: str | None = None
    published: datetime | None = None
    section: str | None = None


def about(page: Page, zone: ZoneInfo) -> About:
    """What `page` says of itself; zone: of times that name none."""
    node = next(_articles(page), {})
    metas = _metas(page)
    titles = (_text(node.get("headline")), metas.get("og:title"), page.title)
    authors = (_name(node.get("author")), *map(metas.get, ("author", "article:author")), _by(page))
    images = (
        _address(node.get("image")),
        *map(metas.get, ("og:image", "og:image:url", "twitter:image", "image")),
    )
    times = (
        _text(node.get("datePublished")),
        *map(metas.get, _TIMES),
        *(time.get("datetime") for time in page.root.iterfind(".//time[@datetime]")),
    )
    sections = (_text(node.get("articleSection")), metas.get("article:section"))
    return About(
        titles=tuple(title for title in titles if title),
        author=next((name for name in authors if name and _is_name(name)), None),
        image=next(filter(None, (absolute(image, page.base) for image in images if image)), None),
        published=next(filter(None, (moment(time, zone) for time in times if time)), None),
        section=next((name for name in sections if name and len(name) <= _LONGEST), None),
    )


def moment(text: str, zone: ZoneInfo) -> datetime | None:
    """A moment in ISO 8601, aware UTC; None where it is none, or a day alone."""
    try:
        when = datetime.fromisoformat(text.strip())
        if ":" not in text and "T" not in text:
            return None
        return (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _metas(page: Page) -> dict[str, str]:
    """The page's `<meta>` by lower-case name, the first of each."""
    found: dict[str, str] = {}
    for meta in page.root.iterfind(".//meta[@content]"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        if value := one_line(meta.get("content")):
            found.setdefault(name.strip().lower(), value)
    return found


def _by(page: Page) -> str | None:
    """Whom the page names as its author in plain sight."""
    for path in (".//*[@rel='author']", ".//*[@itemprop='author']"):
        element = page.root.find(path)
        if element is not None:
            name: Element | None = element.find(".//*[@itemprop='name']")
            return one_line(text_of(element if name is None else name))
    return None


def _is_name(name: str) -> bool:
    return len(name) <= _LONGEST and "://" not in name and any(map(str.isalpha, name))


# --- JSON-LD -------------------------------------------------------------------------------------


def _articles(page: Page) -> Iterator[dict[str, Any]]:
    for script in page.root.iterfind(".//script[@type='application/ld+json']"):
        try:
            data = json.loads(script.text or "", strict=False)
        except (ValueError, RecursionError):
            continue
        seen = [_MUCH]
        yield from (node for node in _nodes(data, _DEEP, seen) if _is_article(node))


def _nodes(data: Any, depth: int, left: list[int]) -> Iterator[dict[str, Any]]:
    left[0] -= 1
    if depth < 0 or left[0] < 0:
        return
    if isinstance(data, dict):
        yield data
        for key in ("@graph", "mainEntity", "mainEntityOfPage"):
            yield from _nodes(data.get(key), depth - 1, left)
    elif isinstance(data, list):
        for one in data:
            yield from _nodes(one, depth - 1, left)


def _is_article(node: dict[str, Any]) -> bool:
    kinds = node.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(name, str) and name.endswith(_ARTICLES) for name in names)


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        value = next(iter(value), None)
    return one_line(value) or None if isinstance(value, str) else None


def _name(value: Any) -> str | None:
    if isinstance(value, list):
        names = [name for name in map(_name, value[:20]) if name]
        return ", ".join(names) or None
    if isinstance(value, dict):
        return _text(value.get("name"))
    return _text(value)


def _address(value: Any) -> str | None:
    if isinstance(value, list):
        value = next(iter(value), None)
    return _text(value.get("url")) if isinstance(value, dict) else _text(value)
