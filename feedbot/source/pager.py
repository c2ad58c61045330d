"""The links of a page that lead on to older rows of its list.

page, and the rows known on it → its links, told apart by
    where they stand  in a row, in the list's own part of the page, beside another list, in a menu
    what they say     rel=next, "older", "next", a number, an arrow, a month, "all messages"
    where they lead   the same site; a page that is not this one, and not the one before
→ what is left, the likeliest first

A pager is told from a calendar by its numbers leading to pages and not to days, and from the pager
of another list by standing in a part of the page that has no links but its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from feedbot.identity import link_key
from feedbot.source.dates import date_in_url
from feedbot.source.page import Element, Page, absolute
from feedbot.source.pagerwords import ALL, BACK, NEXT, OLDER, PAGE_NUMBER
from feedbot.source.period import period_of
from feedbot.source.tidy import one_line

_LONGEST = 60  # characters of what such a link is called
_ARROWS = "«»‹›<>→←⇒⇨►▶▸❯⟩≫ \t\u00a0|[]().…:+-↓"
_ON = frozenset({"›", "»", ">", ">>", "→", "⇒", "⇨", "►", "▶", "▸", "❯", "⟩", "≫"})
_PAGE_PARAMETERS = re.compile(
    r"(?:.*[-_])?(?:p|pg|pn|page|paged|pagenum|pageno|pagenumber|pageindex|pagen_\d+|start|offset"
    r"|from|skip|limitstart|seite|sayfa|strana|pagina|str|pr|currentpage|cpage)$"
)
_PATH_PAGE = re.compile(r"(?:/|[-_])(?:page|p|seite|pagina|stranica|strana|sayfa)?[-_/]?(\d{1,5})$")
_NUMBER = re.compile(r"\d+")
_ENDING = re.compile(r"\.(?:html?|php|aspx?|jsp|do|shtml)$")
_WORDY = 4  # letters of a link that is no part of a pager
_MENU = 3  # such links make a box another list's, or a menu
_DAYS = 20  # numbers in a table, or numbers leading to days: a calendar
_PERIODS = 60
_NO_PAGE = re.compile(r"\.(?:pdf|docx?|xlsx?|zip|jpe?g|png|gif|mp[34]|ics|xml|rss|atom)$", re.I)
_TARGETS = ("href", "data-href", "data-url", "data-next-url", "data-next", "hx-get")


class Kind(IntEnum):
    """What says that a link leads on, the surest first."""

    NEXT_RELATION = 1
    OLDER = 2
    NEXT = 3
    NUMBER = 4
    ARROW = 5
    ADDRESS = 6  # the page's own address with the number of the next page
    PERIOD = 7  # a month or a year
    ALL = 8


@dataclass(frozen=True, slots=True)
class Onward:
    """A link that leads on. `kind`: what says so."""

    url: str
    kind: Kind


class _Link(NamedTuple):
    """A link with what it is called: its text, and its labels."""

    element: Element
    url: str
    names: tuple[str, ...]
    relation: str


def onward(
    page: Page, url: str, rows: Collection[str], dates: Sequence[date] = ()
) -> tuple[Onward, ...]:
    """The links of a page fetched from `url` that lead to older rows, the likeliest first.

    rows:  the links of the rows known on it, absolute
    dates: their days
    """
    place = _Places(page, rows)
    links = [link for link in _links(page, url) if place.is_beside(link.element)]
    boxes: dict[Element, list[_Link]] = defaultdict(list)
    for link in links:
        box = place.box(link.element)
        boxes[box if box is not link.element else link.element.getparent()].append(link)
    found: list[tuple[Kind, int, Onward]] = []
    for box, inside in boxes.items():
        if _is_calendar(box, inside):
            continue
        here = _here(box, inside, url)
        for number, link in enumerate(inside):
            foreign = place.is_foreign(box) and not place.has_rows(box)
            kind = _kind(link, here, url, page.language)
            when = _period(link, page.language)
            if kind is None and when is not None and (not foreign or _is_twin(link.url, url)):
                kind, foreign = Kind.PERIOD, False
            if kind is None or (foreign and kind is not Kind.NEXT_RELATION):
                continue
            order = number
            if when is not None:
                if dates and when > min(dates):
                    continue
                order = -when.toordinal()
            found.append((kind, order, Onward(link.url, kind)))
    return _ranked(found)


def _ranked(found: list[tuple[Kind, int, Onward]]) -> tuple[Onward, ...]:
    """Each address once; of one kind the first in the page, of periods the latest."""
    best: dict[str, Onward] = {}
    for _, _, one in sorted(found, key=lambda each: each[:2]):
        best.setdefault(link_key(one.url), one)
    kept = list(best.values())
    if any(one.kind < Kind.ADDRESS for one in kept):
        kept = [one for one in kept if one.kind is not Kind.ADDRESS]
    periods = [one for one in kept if one.kind is Kind.PERIOD][_PERIODS:]
    return tuple(one for one in kept if one not in periods)


def _links(page: Page, url: str) -> Iterator[_Link]:
    """Everything that can be followed to another page of the site."""
    site, own = _site(url), link_key(url)
    for element in page.root.iter("a", "link", "button", "div", "span"):
        if element.tag in ("div", "span") and not any(map(element.get, _TARGETS[1:])):
            continue
        relation = (element.get("rel") or "").lower().split()
        if element.tag == "link" and "next" not in relation and "prev" not in relation:
            continue
        target = next(filter(None, map(element.get, _TARGETS)), None)
        to = absolute(target, page.base)
        if to is None or _site(to) != site or ("nofollow" in relation and _is_action(to)):
            continue
        to = to.partition("#")[0]
        if link_key(to) == own or _NO_PAGE.search(urlsplit(to).path):
            continue
        ways = [way for way in ("next", "prev") if way in relation]
        yield _Link(element, to, tuple(_names(element)), ways[0] if ways else "")


def _is_action(url: str) -> bool:
    """Whether a link that no robot is to follow does something, and is no page of a list."""
    return not any(_PAGE_PARAMETERS.fullmatch(name.lower()) for name, _ in _query(url))


def _names(element: Element) -> Iterator[str]:
    """What a link is called: its text, its label, its title, its picture's."""
    said = ["".join(element.itertext())] if element.tag != "link" else []
    said += [element.get("aria-label"), element.get("title")]
    said += [image.get("alt") for image in element.iter("img")]
    for text in said:
        if text and len(text) < 400:
            line = unicodedata.normalize("NFKC", one_line(text)).casefold()
            if 0 < len(line) <= _LONGEST:
                yield line


class _Places:
    """Where the rows of the list stand in the page, and what stands beside them."""

    def __init__(self, page: Page, rows: Collection[str]) -> None:
        wanted = {link_key(row) for row in rows}
        self._rows_in: dict[Element, set[str]] = defaultdict(set)
        self._total = 0
        found: set[str] = set()
        for anchor in page.root.iter("a"):
            to = absolute(anchor.get("href"), page.base)
            key = link_key(to) if to else ""
            if key in wanted:
                found.add(key)
                for element in (anchor, *anchor.iterancestors()):
                    self._rows_in[element].add(key)
        self._total = len(found)
        self._wordy: dict[Element, int] = {}

    def is_beside(self, element: Element) -> bool:
        """Whether it is part of no row."""
        if element.tag == "link" or self._total < 2:
            return element not in self._rows_in
        for around in (element, *element.iterancestors()):
            if around in self._rows_in:
                return len(self._rows_in[around]) > 1 and around is not element
        return True

    def has_rows(self, box: Element) -> bool:
        """Whether rows of the list stand in it."""
        return box in self._rows_in

    def box(self, element: Element) -> Element:
        """The largest part of the page around it that has no row of the list in it.

        Where the rows have no links, the largest that is no menu.
        """
        box = element
        for around in element.iterancestors():
            if around in self._rows_in or (not self._total and self.is_foreign(around)):
                return box
            box = around
        return box

    def is_foreign(self, box: Element) -> bool:
        """Whether a part of the page is a menu, or another list with its own pager."""
        if box not in self._wordy:
            self._wordy[box] = sum(map(_is_wordy, box.iter("a")))
        return self._wordy[box] >= _MENU


def _is_wordy(anchor: Element) -> bool:
    """Whether a link is called something that no pager and no archive is made of."""
    name = next(_names(anchor), "")
    plain = name.strip(_ARROWS)
    if PAGE_NUMBER.match(plain) or plain in NEXT or plain in OLDER or plain in ALL:
        return False
    if BACK.match(plain) or period_of(plain) is not None:
        return False
    return sum(map(str.isalpha, plain)) >= _WORDY


def _is_calendar(box: Element, inside: Sequence[_Link]) -> bool:
    """Whether a part of the page leads from day to day, for ever."""
    numbered = [link for link in inside if any(map(str.isdecimal, link.names))]
    said = [date_in_url(link.url) for link in numbered]
    days = [one for one in said if one is not None and one.day is not None]
    if len(days) >= 3 and len(days) * 2 >= len(numbered):
        return True
    cells = [cell for cell in box.iter("td") if one_line("".join(cell.itertext())).isdecimal()]
    return len(cells) >= _DAYS


def _here(box: Element, inside: Sequence[_Link], url: str) -> int:
    """The number of the page that is shown: the one in its pager without a link, else its URL's."""
    numbered = {number for link in inside for number in _numbers(link)}
    if not numbered:
        return 1
    linked = {link.element for link in inside}
    for element in box.iter():
        if len(element) or linked.intersection((element, *element.iterancestors("a"))):
            continue
        alone = unicodedata.normalize("NFKC", one_line(element.text or "")).strip(_ARROWS)
        if alone.isdecimal() and len(alone) < 5 and int(alone) + 1 in numbered:
            return int(alone)
    between = {number + 1 for number in numbered} & {number - 1 for number in numbered} - numbered
    stated = (number for number in _numbers_in(url) if number + 1 in numbered)
    return next(iter(between), next(stated, 1))


def _numbers(link: _Link) -> list[int]:
    found = [PAGE_NUMBER.match(name.strip(_ARROWS)) for name in link.names]
    return [int(match[1]) for match in found if match]


def _kind(link: _Link, here: int, url: str, language: str | None) -> Kind | None:
    """What says that a link leads on, None where nothing does."""
    plain = [name.strip(_ARROWS) for name in link.names]
    dated = _period(link, language) is not None
    if link.relation and dated:  # a list by months runs back from month to month
        return Kind.NEXT_RELATION
    numbered = _is_kin(link.url, url) or bool(_numbers_in(link.url))
    if any(name in OLDER for name in plain):
        return Kind.OLDER if numbered else Kind.ALL
    if any(map(BACK.match, plain)) or link.relation == "prev":
        return None
    if link.relation == "next":
        return Kind.NEXT_RELATION
    if numbered and any(name in NEXT for name in plain):
        return Kind.NEXT
    if here + 1 in _numbers(link) and _is_kin(link.url, url):
        return Kind.NUMBER
    if any(name in _ON for name in link.names) and _is_kin(link.url, url):
        return Kind.ARROW
    if any(name in ALL for name in plain):
        return Kind.ALL
    if not dated and _follows(link.url, url):
        return Kind.ADDRESS
    return None


def _period(link: _Link, language: str | None) -> date | None:
    """The first day of the month or year that a link is called by."""
    for name in link.names:
        when = period_of(name.strip(_ARROWS), language)
        if when is not None:
            return when
    return None


def _is_kin(url: str, own: str) -> bool:
    """Whether an address is that of a part of the page: the same path, or below it, or numbered."""
    path, mine = (_stem(one) for one in (url, own))
    if not path or not mine:  # the front page: everything is below it
        return path == mine
    return path.startswith(mine) or mine.startswith(path)


def _is_twin(url: str, own: str) -> bool:
    """Whether two addresses differ in their numbers alone."""
    return _NUMBER.sub("0", url) == _NUMBER.sub("0", own)


def _stem(url: str) -> str:
    """A path without ending and page number."""
    path = _ENDING.sub("", unquote(urlsplit(url).path).casefold().rstrip("/"))
    return _PATH_PAGE.sub("", path).removesuffix("/index").removesuffix("/default")


def _follows(url: str, own: str) -> bool:
    """Whether an address is the page's own with the number of the next page."""
    if urlsplit(url).path.rstrip("/") != urlsplit(own).path.rstrip("/"):
        return False
    mine, its = dict(_query(own)), dict(_query(url))
    changed = {name for name in mine.keys() | its.keys() if mine.get(name) != its.get(name)}
    if len(changed) != 1:
        return False
    name = changed.pop()
    if not _PAGE_PARAMETERS.fullmatch(name.lower()) or not its.get(name, "").isdecimal():
        return False
    before = int(mine[name]) if mine.get(name, "").isdecimal() else None
    now = int(its[name])
    return now in (1, 2) if before is None else now == before + 1


def _numbers_in(url: str) -> list[int]:
    """The page numbers that an address states."""
    said = [
        int(value)
        for name, value in _query(url)
        if _PAGE_PARAMETERS.fullmatch(name.lower()) and value.isdecimal() and len(value) < 6
    ]
    path = _PATH_PAGE.search(_ENDING.sub("", urlsplit(url).path.rstrip("/")))
    return [*said, *([int(path[1])] if path else [])]


def _query(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True, errors="replace")


def _site(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
