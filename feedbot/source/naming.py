"""What names a row and where it leads: title, link, and an address for a row without one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote, urldefrag

from feedbot.model import PageDate
from feedbot.source.dates import Written, scan
from feedbot.source.page import Element, absolute, is_link
from feedbot.source.row import Context, Row, around
from feedbot.source.selectors import Found
from feedbot.source.tidy import SEPARATORS, one_line, says_something, words

_EMPTY_LINKS = frozenset(
    "more|read more|read|read on|read full article|full text|continue|continue reading|details"
    "|learn more|view|view more|here|link|permalink|more details|see more|open"
    "|подробнее|далее|читать далее|читать|читать полностью|читать дальше|дальше|ещё|еще"
    "|узнать больше|подробности|полный текст|читать подробнее|ссылка|открыть|весь текст".split("|")
)
_DEEP = 4
_LEADS_ON = re.compile(r"\b(?=[^\W\d_]{1,4}\s{1,3}$)[^\W\d_A-ZА-Я]+\s+$")  # "Speech of" a day
_BEGINNING = 80  # characters of a title that a date at its very beginning cannot exceed


#: What stands before an author's name.
BY = re.compile(
    r"^\s*(?:(?:by|(?:posted|written) by|(?:escrito|publicado|publié|écrit|scritto) (?:por|par|da)"
    r"|author|von|par|por|autor\w*|auteur|autore|автор|作者|著者)\s*[:：]?(?=\s)"
    r"|(?:author|автор|作者|著者)\s*[:：])\s*",
    re.I,
)


def link_of(row: Row, title: Found | None, context: Context) -> tuple[Element | None, str | None]:
    """The row's link and its element: the rule's, else the title's own, else the first."""
    base = context.page.base
    if context.rule.link is not None:
        for found in context.rule.link.all(row.element):
            href = found if isinstance(found, str) else _href(found)
            link = absolute(href, base)
            if link is not None:
                return (None if isinstance(found, str) else found), link
        return None, None
    for element in _candidates(row, title):
        link = absolute(element.get("href"), base) if is_link(element) else None
        if link is not None:
            return element, link
    return None, None


def _href(element: Element) -> str | None:
    """The reference of an element that a `link` rule selects: its own or that of a link in it."""
    href: str | None = element.get("href")
    if href is None:
        inner = element.find(".//a[@href]")
        href = None if inner is None else inner.get("href")
    return href


def _candidates(row: Row, title: Found | None) -> Iterator[Element]:
    """Links in the order of trust: in the title, around it, then any in the row."""
    if title is not None and not isinstance(title, str):
        yield from [title] if title.tag == "a" else title.iter("a")
        yield from title.iterancestors("a")
    yield from row.walk.links
    if row.element.tag != "a":
        yield from row.element.iterancestors("a")


def title_of(
    row: Row, selected: Found | None, link: Element | None, context: Context
) -> tuple[str, bool]:
    """The title ("" where the row's text must serve), and whether a date may begin it."""
    if selected is not None:
        title = " ".join(row.text(selected).split())
        if isinstance(selected, str):
            return title, False
        if title:
            row.use(selected)
        return _uncut(title, selected), True
    for element in _title_elements(row, link):
        span = row.walk.spans.get(element)
        title = " ".join(row.walk.lines(*span).split()) if span else ""
        if _names_something(title, context):
            row.use(element)
            return _uncut(title, element), True
    return "", True


def _uncut(title: str, element: Element) -> str:
    """A title that ends in dots as the element or a link at it has the whole of it."""
    start = title.rstrip(".… ")
    if not start or not title.endswith(("…", "...")):
        return title
    near = [element, *element.iterancestors("a"), *element.iter("a")]
    names = [one.get(key) for one in near for key in ("title", "aria-label")]
    whole = map(one_line, filter(None, names))
    return next((name for name in whole if name.startswith(start) and name != title), title)


def _title_elements(row: Row, link: Element | None) -> list[Element]:
    """Where a title may be: the link (its heading first), one to the same place, a heading."""
    if link is None:
        return row.walk.headings
    href = link.get("href")
    inner = [heading for heading in row.walk.headings if link in heading.iterancestors("a")]
    same = [other for other in row.walk.links if other is not link and other.get("href") == href]
    return [*inner, link, *same, *row.walk.headings]


def _names_something(title: str, context: Context) -> bool:
    """Whether a link's text names anything: not "Read more", not a date alone."""
    if not says_something(title) or says_read_on(title):
        return False
    found = scan(title, context.language)
    return not found or bool(around(title, (found[0].start, found[0].end)))


def says_read_on(text: str) -> bool:
    """Whether a link's text is "Read more" or the like."""
    return len(text) < 40 and _is_empty(text)


@lru_cache(maxsize=4_096)  # pages say the same in row after row, and poll after poll
def _is_empty(short: str) -> bool:
    return words(short) in _EMPTY_LINKS


def without_date(title: str, date: PageDate, context: Context) -> str:
    """A title without the row's own date at its beginning ("27.05.2020 - …") or its end."""
    if date is None:
        return title
    beginning = title[:_BEGINNING]
    for one in scan(beginning, context.language)[:1]:
        if says(one, date) and not title[: one.start].strip(SEPARATORS + "(["):
            return title[one.end :].lstrip(SEPARATORS + ")]") or title
    cut = max(len(title) - _BEGINNING, 0)
    for one in scan(title[cut:], context.language)[-1:]:
        before = title[: cut + one.start]
        if _LEADS_ON.search(before):
            continue
        if says(one, date) and not title[cut + one.end :].strip(SEPARATORS + ")]."):
            return before.rstrip(SEPARATORS + "([") or title
    return title


def says(one: Written, date: PageDate) -> bool:
    """Whether a date as it is written can mean that day."""
    return date is not None and any(
        (way.month, way.day) == (date.month, date.day)
        and (way.year is None or way.year % 100 == date.year % 100)
        for way in one.readings
    )


def name_of(link: Element | None) -> str:
    """What a link without text says of itself."""
    if link is None:
        return ""
    names = [link.get("title"), link.get("aria-label")]
    names += [image.get("alt") for image in link.iter("img")]
    return next((name for name in map(one_line, filter(None, names)) if name), "")


def anchor_of(row: Element) -> str | None:
    """A name that the page itself gives the row."""
    first = [row]  # what the row begins with: of several elements made one, the first has the name
    while len(first) < _DEEP and len(first[-1]) and not (first[-1].text or "").strip():
        first.append(first[-1][0])
    named = [*first, *row.iter("a")]
    return next((name for tag in named if (name := tag.get("id") or tag.get("name"))), None)


def own_address(anchor: str | None, title: str, date: PageDate, url: str) -> str:
    """The page `url` with a fragment, for a row without a link.

    The fragment is the row's own name where it has one, else a hash of its title and date, so that
    it stays when rows are added above it.
    """
    if not anchor:
        said = f"{words(title)}\n{date.isoformat() if date else ''}"
        anchor = "row-" + hashlib.sha256(said.encode()).hexdigest()[:12]
    return f"{urldefrag(url).url}#{quote(one_line(anchor), safe='-._~!$()*+,;=:@/?')}"
