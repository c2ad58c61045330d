"""Lists that a page carries as data: JSON-LD (schema.org in JSON) and microdata.

    scripts, itemscopes → nodes → lists of nodes → items → the list that the page shows

Data is believed where it agrees with the page: most of its links are links of the page. Sites leave
data in their templates that nobody keeps, or that describes something else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from feedbot.identity import link_key
from feedbot.model import Item, PageDate
from feedbot.source.alternate import page_links
from feedbot.source.dates import understand
from feedbot.source.microdata import Node, microdata
from feedbot.source.page import Element, Page, absolute, parse_page, text_of
from feedbot.source.tidy import one_line, repeats

_ARTICLES = frozenset(
    "Article NewsArticle BlogPosting Report ReportageNewsArticle AnalysisNewsArticle"
    " OpinionNewsArticle BackgroundNewsArticle ReviewNewsArticle AskPublicNewsArticle"
    " AdvertiserContentArticle SatiricalArticle ScholarlyArticle TechArticle LiveBlogPosting"
    " SocialMediaPosting DiscussionForumPosting SpecialAnnouncement PressRelease Statement"
    " Legislation DigitalDocument PodcastEpisode VideoObject CreativeWork".split()
)
_OTHERS = ("Event", "JobPosting")  # lists of their own: a page's news beside its calendar
_ELEMENTS = "itemListElement"
_NAMES = ("headline", "name", "alternativeHeadline")
_DATES = ("datePublished", "dateCreated", "uploadDate", "datePosted", "startDate", "dateModified")
_FEW = 3  # fewer are no list: an article's own data, a teaser
_AGREES = 0.8  # of its links, on the page
_DEEP = 30
_MOST = 2_000  # nodes of a page


def data_items(page: Page, *, url: str, zone: ZoneInfo) -> tuple[Item, ...]:
    """The items of the best list in a page's data that the page shows; empty where none is.

    The best has the most dates, and of two of these the most items: menus are lists too.

    url:  where the page came from; a list of links to it is none
    zone: of times that name none
    """
    lists = [nodes for nodes in _lists(page) if len(nodes) >= _FEW]
    shown = {link_key(item.link): item.title for item in page_links(page)} if lists else {}
    best: tuple[Item, ...] = ()
    most = (0, 0)
    for nodes in lists:
        items = _items(nodes, page, url, zone, shown)
        there = sum(link_key(item.link) in shown for item in items)
        worth = (sum(item.date is not None for item in items), len(items))
        if len(items) >= _FEW and there >= _AGREES * len(items) and worth > most:
            best, most = items, worth
    return best


def _lists(page: Page) -> Iterator[list[Node]]:
    """Every list of nodes: each ItemList, and the articles and events that stand on their own."""
    nodes = [node for top in _tops(page) for node in _within(top)][:_MOST]
    for node in nodes:
        if "ItemList" in _types(node):
            yield [element for element in map(_listed, _all(node, _ELEMENTS)) if element]
    yield [node for node in nodes if _ARTICLES & _types(node)]
    for kind in _OTHERS:
        yield [node for node in nodes if any(name.endswith(kind) for name in _types(node))]


def _tops(page: Page) -> Iterator[Any]:
    """What each JSON-LD script holds, and each microdata item."""
    for script in page.root.iter("script"):
        kind = (script.get("type") or "").partition(";")[0].strip().lower()
        if kind == "application/ld+json":
            yield _json(script)
    yield from microdata(page.root, page.base)


def _json(script: Element) -> Any:
    """A script's JSON; comment marks around it and raw line breaks in it are forgiven."""
    text = (script.text or "").strip().removeprefix("<!--").removesuffix("-->")
    text = text.strip().removeprefix("//<![CDATA[").removesuffix("//]]>")
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _within(value: Any, depth: int = 0) -> Iterator[Node]:
    """Every node in a JSON value, outer before inner."""
    if depth > _DEEP:
        return
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _within(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _within(inner, depth + 1)


def _types(node: Node) -> frozenset[str]:
    """Its types without their vocabulary: `schema:NewsArticle` is a NewsArticle."""
    return frozenset(
        name.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]
        for name in _all(node, "@type")
        if isinstance(name, str)
    )


def _listed(element: Any) -> Node | None:
    """The node of a list's element: what a ListItem holds, or that itself, or a bare URL's."""
    if isinstance(element, str):
        return {"url": element}
    if not isinstance(element, dict):
        return None
    item = next(iter(_all(element, "item")), None)
    if isinstance(item, str):
        return {**element, "url": item}
    return {**element, **item} if isinstance(item, dict) else element


def _all(node: Node, name: str) -> list[Any]:
    """A property's values, which may be one, several, or a list's."""
    value = node.get(name)
    if isinstance(value, dict) and "@list" in value:
        value = value["@list"]
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


# --- nodes to items ------------------------------------------------------------------------------


def _items(
    nodes: Sequence[Node], page: Page, url: str, zone: ZoneInfo, shown: Mapping[str, str]
) -> tuple[Item, ...]:
    """The nodes that have a link and a name, each link once."""
    found: dict[str, Item] = {}
    for node in nodes:
        item = _item(node, page, zone, shown)
        if item is not None and link_key(item.link) != link_key(url):
            found.setdefault(link_key(item.link), item)
    return tuple(found.values())


def _item(node: Node, page: Page, zone: ZoneInfo, shown: Mapping[str, str]) -> Item | None:
    link = absolute(_link(node), page.base)
    if link is None:
        return None
    title = _plain(_text(node, *_NAMES), page.base) or shown.get(link_key(link), "")
    if not title:
        return None
    title = one_line(title)
    summary = _plain(_text(node, "description", "abstract"), page.base)
    return Item(
        title=title,
        link=link,
        date=_date(node, page, zone),
        summary="" if repeats(summary, title) else summary,
        author=one_line(_text(node, "author", "creator")) or None,
        image=absolute(_address(node, "image", "thumbnailUrl"), page.base),
    )


def _link(node: Node) -> str:
    stated = _address(node, "url", "mainEntityOfPage", "@id")
    return "" if stated.startswith(("#", "_:")) else stated


def _text(node: Node, *names: str) -> str:
    """The first of some properties that is text, or has a name that is."""
    for name in names:
        for value in _all(node, name):
            if isinstance(value, dict):
                value = next(iter(_all(value, "@value") or _all(value, "name")), "")
            if isinstance(value, str) and value.strip():
                return value
    return ""


def _address(node: Node, *names: str) -> str:
    """The first of some properties that is an address, or a node that has one."""
    for name in names:
        for value in _all(node, name):
            if isinstance(value, dict):
                value = next(
                    (found for key in ("url", "contentUrl", "@id") for found in _all(value, key)),
                    "",
                )
            if isinstance(value, str) and value.strip():
                return value.strip()
    return ""


def _plain(text: str, base: str) -> str:
    """Plain text of a field in which sites leave references and tags."""
    if "&" not in text and "<" not in text:
        return one_line(text)
    return text_of(parse_page(f"<body>{text}</body>", base).root)


def _date(node: Node, page: Page, zone: ZoneInfo) -> PageDate:
    """The first date that can be read; data states ISO 8601, or what its author took for it."""
    for name in _DATES:
        stated = _text(node, name)
        date = understand(stated, language=page.language, zone=zone) if stated else None
        if date is not None:
            return date
    return None
