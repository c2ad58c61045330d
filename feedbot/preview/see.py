"""A place read as its source would be, and what else there is on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from feedbot.clock import SystemClock
from feedbot.config import Settings
from feedbot.errors import ConfigError, FeedbotError, FetchError, ParseError, Problem
from feedbot.model import Extractor, Listing, ListingRule, Source, SourceKind, Take
from feedbot.source.alternate import feed_links, page_links
from feedbot.source.auto import Found
from feedbot.source.data import data_items
from feedbot.source.page import parse_page
from feedbot.source.read import look
from feedbot.source.text import decode

MOST_LISTS = 6  # of those that a page shows; what comes after them is menus


@dataclass(frozen=True, slots=True)
class Body:
    """What came: from the web, or from a file."""

    content: bytes
    content_type: str | None
    url: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A list that a page shows. number: what `--list` calls it; 1 is the likeliest."""

    number: int
    rule: ListingRule
    why: str
    listing: Listing


@dataclass(frozen=True, slots=True)
class Searched:
    """What a page without a list was searched for, and how much of it there is."""

    feeds: tuple[str, ...]
    data: int
    links: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to say of a place.

    listing:   None where there is none; `problem` says why
    extractor: how it was found; None: the configuration says how to read it, or it is no page
    shown:     the lists on the page, the likeliest first
    feeds:     the feeds that the page names, those of comments left out
    searched:  where nothing was found in a page
    """

    source: Source
    listing: Listing | None = None
    extractor: Extractor | None = None
    problem: FetchError | ParseError | None = None
    shown: Sequence[Shown] = ()
    feeds: tuple[str, ...] = ()
    searched: Searched | None = None

    @property
    def rule(self) -> ListingRule | None:
        """Where the rows are, as they were found or configured."""
        return self.extractor.rule if self.extractor else self.source.listing

    @property
    def is_sound(self) -> bool:
        """Whether there is a list with rows."""
        return self.listing is not None and bool(self.listing.items)


async def see(
    settings: Settings,
    source: Source,
    place: str,
    *,
    base_url: str | None = None,
    number: int | None = None,
) -> Sight:
    """Read `place`, a URL or a file, as `source`.

    base_url: what links are relative to, and where a file came from
    number:   of the list to take in place of the one that would be

    Raises ConfigError for a file that cannot be read, FeedbotError where there is no such list.
    """
    now = SystemClock().now()
    if not is_url(place):
        body = Body(_file(place), None, base_url or source.url)
        return _sight(source, body, _alone(source, body, now), now, number)
    from feedbot.preview.online import read_online  # brings the HTTP client along

    answered = await read_online(settings, source, place, base_url)
    if isinstance(answered, FetchError):
        return Sight(source, problem=answered)
    body, outcome = answered
    return _sight(source, body, outcome, now, number)


def is_url(place: str) -> bool:
    """Whether a place is an address; else it is a file."""
    return "://" in place


#: What reading came to: a list and how it was found, or why there is none.
Outcome = tuple[Listing, Extractor | None] | ParseError


def _alone(source: Source, body: Body, now: datetime) -> Outcome:
    """A file, looked at alone: nothing that it names is fetched."""
    try:
        found = look(body.content, None, source, body.url, now=now)
    except ParseError as error:
        return error
    if found.sitemaps:
        return ParseError("this is an index of sitemaps, and the list is in those that it names")
    if found.listing is None:
        return found.problem or ParseError("there is no list in it")
    return found.listing, found.extractor


def _sight(
    source: Source, body: Body, outcome: Outcome, now: datetime, number: int | None
) -> Sight:
    found = _whatever(source, body, now)
    shown = _shown(source, body, found, now)
    feeds = tuple(feed.url for feed in found.feeds if not feed.of_comments)
    if number is not None:
        one = _chosen(shown, number)
        why = (f"list {one.number} of the page, as --list says: {one.why}",)
        ruled = Extractor(Take.LISTING, rule=one.rule, why=why)
        return Sight(source, one.listing, ruled, shown=shown, feeds=feeds)
    if isinstance(outcome, ParseError):
        return Sight(source, problem=outcome, shown=shown, searched=_searched(source, body))
    listing, extractor = outcome
    return Sight(source, listing, extractor, shown=shown, feeds=feeds)


def _whatever(source: Source, body: Body, now: datetime) -> Found:
    """What a page has to offer, whatever the configuration says of it."""
    kind = source.kind if source.kind is not SourceKind.JSON else SourceKind.AUTO
    free = replace(source, listing=None, kind=kind)
    try:
        return look(body.content, body.content_type, free, body.url, now=now)
    except ParseError:
        return Found()


def _shown(source: Source, body: Body, found: Found, now: datetime) -> list[Shown]:
    out: list[Shown] = []
    for one in found.lists[:MOST_LISTS]:
        ruled = replace(source, kind=SourceKind.HTML, listing=one.rule)
        try:
            read = look(body.content, body.content_type, ruled, body.url, now=now).listing
        except ParseError:
            continue
        if read is not None and read.items:
            out.append(Shown(len(out) + 1, one.rule, one.why, read))
    return out


def _chosen(shown: Sequence[Shown], number: int) -> Shown:
    if 1 <= number <= len(shown):
        return shown[number - 1]
    there = f"it shows {len(shown)}: name one of 1 to {len(shown)}" if shown else "it shows none"
    raise FeedbotError(f"--list: {number}: there is no such list on the page; {there}")


def _searched(source: Source, body: Body) -> Searched | None:
    """None for what is no page."""
    try:
        page = parse_page(decode(body.content, body.content_type), body.url)
    except ParseError:
        return None
    feeds = tuple(feed.url for feed in islice(feed_links(page, body.url), 4))
    data = data_items(page, url=body.url, zone=source.timezone)
    return Searched(feeds, len(data), len(page_links(page)))


def _file(place: str) -> bytes:
    try:
        return Path(place).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in its name
        what = getattr(error, "strerror", None) or str(error)
        raise ConfigError([Problem(place, "file", what, "name a file or a URL")]) from None
