"""The feeds that a page names, and whether one of them is the page's own list.

A feed is believed because it carries what the page shows, not because the page names it: sites name
feeds of comments, of everything, of one section, and feeds nobody has filled for years.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from feedbot.identity import link_key
from feedbot.model import Item, Listing, day_of
from feedbot.source.dates import AHEAD
from feedbot.source.page import Element, Page, absolute, text_of
from feedbot.source.tidy import one_line, words

_TYPES = frozenset(
    "application/rss+xml application/atom+xml application/feed+json application/rdf+xml".split()
)
#: Types that a feed may have, and much else: the address has to say that it is one.
_LOOSE_TYPES = frozenset("text/xml application/xml application/json text/json".split())
_FEED_PATH = re.compile(
    r"(?:^|[/._-])(?:rss|atom|feeds?|xmlfeed|jsonfeed)(?:[12]0?)?(?:/(?:rss|atom|feed|all))?"
    r"(?:\.(?:xml|rss|atom|rdf|json|php|aspx?))?/?$|\.(?:rss|atom|rdf)$",
    re.I,
)
_FEED_QUERY = re.compile(r"(?:^|&)(?:feed|format|type|output|_format)=(?:rss2?|atom|feed)\b", re.I)
_COMMENTS = re.compile(
    r"\bcomment|коммент|kommentar|comentári|comentari|commenti|komentar|评论|評論|コメント|تعليق",
    re.I,
)
_END = 200  # characters of an address that can say that it is a feed's
_NAMED = 12  # of a page's feeds; some name one for each of a hundred sections
_SAME = 0.6  # of the newest in each; the rest are pinned rows, and what a cache has not seen yet
_LINKED = 0.8  # of a feed's newest among all links of a page, where its rows are not known
_FEW = 3  # rows that say enough
_BEHIND = timedelta(days=2)  # a feed may be made anew once a day
_LONG_BEHIND = timedelta(days=30)
_ALIVE = timedelta(days=180)
_SHORT_TITLE = 12  # characters; "News" stands on every page


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page names. `title`: what it is called there, "" where it has no name."""

    url: str
    title: str = ""

    @property
    def of_comments(self) -> bool:
        """Whether address or name say that it carries comments."""
        return bool(_COMMENTS.search(self.title) or _COMMENTS.search(urlsplit(self.url).path))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a feed is the page's own list, and how that was seen, in words.

    died: it was, perhaps, and nobody fills it any more
    """

    same: bool
    reason: str
    died: bool = False


def feed_links(page: Page, url: str) -> tuple[FeedLink, ...]:
    """The feeds that a page fetched from `url` names, the likeliest first.

    `<link rel="alternate">` before plain links; feeds of the page's own folder before the site's;
    comments last.
    """
    found: dict[str, tuple[tuple[int, ...], FeedLink]] = {}
    for number, (link, declared) in enumerate((*_declared(page), *_linked(page))):
        known = found.get(link_key(link.url))
        if link_key(link.url) == link_key(url) or known is not None:
            continue
        rank = (link.of_comments, not declared, -_kinship(link, page, url), number)
        found[link_key(link.url)] = (rank, link)
    ranked = sorted(found.values(), key=lambda pair: pair[0])
    return tuple(link for _, link in ranked[:_NAMED])


def _declared(page: Page) -> Iterator[tuple[FeedLink, bool]]:
    """HTML "alternate" links of a feed's type (RSS Autodiscovery; WHATWG HTML, 4.6.7.1)."""
    for element in page.root.iter("link"):
        relations = (element.get("rel") or "").lower().split()
        kind = (element.get("type") or "").partition(";")[0].strip().lower()
        link = absolute(element.get("href"), page.base)
        if link is None or not {"alternate", "feed"} & set(relations):
            continue
        if kind in _TYPES or "feed" in relations or (kind in _LOOSE_TYPES and _is_feedlike(link)):
            yield FeedLink(link, one_line(element.get("title") or "")), True


def _linked(page: Page) -> Iterator[tuple[FeedLink, bool]]:
    """Plain links whose address or type is a feed's."""
    for element in page.root.iter("a"):
        link = absolute(element.get("href"), page.base)
        if link is None or urlsplit(link).fragment:
            continue
        kind = (element.get("type") or "").lower()
        if kind in _TYPES or _is_feedlike(link):
            yield FeedLink(link, _name(element)), False


def _is_feedlike(link: str) -> bool:
    parts = urlsplit(link)
    return bool(_FEED_PATH.search(parts.path[-_END:]) or _FEED_QUERY.search(parts.query[:_END]))


def _name(link: Element) -> str:
    return one_line(text_of(link)) or one_line(link.get("title") or "")


def _kinship(link: FeedLink, page: Page, url: str) -> int:
    """How much of the page's address and name a feed shares."""
    own, other = urlsplit(url), urlsplit(link.url)
    if own.hostname != other.hostname:
        shared = 0
    else:
        folders = zip(own.path.split("/"), other.path.split("/"), strict=False)
        shared = 1 + sum(one == another != "" for one, another in folders)
    named = set(words(page.title or "").split()) & set(words(link.title).split())
    return 2 * shared + min(len(named), 3)


def page_links(page: Page) -> tuple[Item, ...]:
    """Every named link of a page as an item: what is known of it where its rows are not."""
    found = []
    for element in page.root.iter("a"):
        link, name = absolute(element.get("href"), page.base), _name(element)
        if link is not None and name:
            found.append(Item(title=name, link=link))
    return tuple(found)


# --- whether a feed is the page's list -----------------------------------------------------------


def judge_feed(
    shown: Sequence[Item],
    feed: Listing,
    now: datetime,
    *,
    link: FeedLink,
    are_rows: bool = True,
) -> Verdict:
    """Whether `feed` carries what a page shows.

    shown:    the page's items in its order; with `are_rows` false, merely all its links
    now:      aware UTC; dates beyond it are events', and say nothing of how fresh a list is
    """
    if link.of_comments or _mostly_comments(feed.items):
        return Verdict(False, "it carries comments")
    if not feed.items:
        return Verdict(False, "it is empty")
    dead = _dead(shown, feed.items, now)
    if dead:
        return Verdict(False, dead, died=True)
    return _same_rows(shown, feed.items) if are_rows else _among_links(shown, feed.items)


def judge_alone(feed: Listing, now: datetime, *, link: FeedLink) -> Verdict:
    """Whether to take a feed of a page that shows nothing to compare it with: it must be alive."""
    if link.of_comments or _mostly_comments(feed.items):
        return Verdict(False, "it carries comments")
    last = max(_days(feed.items, (now + AHEAD).date()), default=None)
    if last is None:
        return Verdict(False, "the page shows nothing to compare it with, and it has no dates")
    if now.date() - last > _ALIVE:
        return Verdict(False, f"its newest is of {last}")
    return Verdict(True, "the page is filled in by a script: there is nothing to compare it with")


def _mostly_comments(items: Sequence[Item]) -> bool:
    marked = sum("comment" in urlsplit(item.link).fragment.lower() for item in items)
    return marked * 2 > len(items)


def _dead(shown: Iterable[Item], items: Iterable[Item], now: datetime) -> str:
    """How far a feed stays behind the page; "" where it does not, or where nothing tells."""
    latest = (now + AHEAD).date()
    last = max(_days(items, latest), default=None)
    if last is None:
        return ""
    newer = [day for day in _days(shown, latest) if day - last > _BEHIND]
    if len(newer) >= _FEW or (newer and max(newer) - last > _LONG_BEHIND):
        return f"it has died: its newest is of {last}, the page has {len(newer)} newer than that"
    return ""


def _days(items: Iterable[Item], latest: date) -> Iterator[date]:
    for item in items:
        day = day_of(item.date)
        if day is not None and day <= latest:
            yield day


def _same_rows(shown: Sequence[Item], items: Sequence[Item]) -> Verdict:
    """Compare the newest of each with all of the other."""
    few = min(len(shown), len(items))
    if not few:
        return Verdict(False, "the page has no rows to compare it with")
    there = _known(shown)
    carried = _known(items)
    held = sum(_stands(item, there) for item in _newest(items, few))
    covered = max(
        sum(_stands(row, carried) for row in some)
        for some in (_newest(shown, few), shown[:few], shown[-few:])
    )
    if held >= _SAME * few and covered >= _SAME * few:
        return Verdict(True, f"it carries the page's items: {covered} of the newest {few}")
    if covered < _SAME * few <= held:
        return Verdict(False, f"it carries a part: {covered} of the page's newest {few}")
    return Verdict(False, f"it carries another list: {held} of its newest {few} are on the page")


def _among_links(links: Sequence[Item], items: Sequence[Item]) -> Verdict:
    """Whether a feed's newest, as many as the page may show, are among its links."""
    there = _known(links)
    stands = [_stands(item, there) for item in _newest(items, len(items))]
    few = min(_FEW, len(stands))
    best = max(n for n in range(len(stands) + 1) if sum(stands[:n]) >= _LINKED * n)
    if best >= few:
        return Verdict(True, f"its newest {sum(stands[:best])} are linked on the page")
    return Verdict(False, f"of its newest {len(stands)}, {sum(stands)} are linked on the page")


def _newest(items: Sequence[Item], count: int) -> Sequence[Item]:
    """The `count` newest by their dates, where most have one; else the first."""
    if sum(item.date is not None for item in items) * 2 <= len(items):
        return items[:count]
    return sorted(items, key=lambda item: day_of(item.date) or date.min, reverse=True)[:count]


def _known(items: Iterable[Item]) -> frozenset[str]:
    """What the items can be recognised by: canonical links, and titles long enough to tell."""
    keys = set()
    for item in items:
        keys.add(link_key(item.link))
        title = words(item.title)
        if len(title) >= _SHORT_TITLE:
            keys.add(f"title {title}")
    return frozenset(keys)


def _stands(item: Item, known: frozenset[str]) -> bool:
    return link_key(item.link) in known or f"title {words(item.title)}" in known
