"""How a source is read: as configured, as remembered, or as its page turns out to be.

    fetched → look (source/) ─ rows, data or a feed ──────────────────→ Reading
                  └ a page, and nothing is known of it:
                    the feeds it names → fetch → judge ─ the same list → Reading of the feed
                                                  └ none is ───────────→ Reading of the page

What was taken and why is the reading's extractor, for the caller to remember.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

from feedbot.clock import Clock
from feedbot.errors import FetchError, ParseError
from feedbot.fetch import Fetched, Fetcher, Request
from feedbot.model import Extractor, Item, Listing, Source, SourceKind, Take
from feedbot.source.alternate import FeedLink, Verdict, judge_alone, judge_feed
from feedbot.source.auto import Found
from feedbot.source.feed import read_feed
from feedbot.source.fit import NO_PAST, Past
from feedbot.source.read import look
from feedbot.source.sitemap import Sitemap, listing_of, read_sitemap

log = logging.getLogger(__name__)

#: Feeds fetched to be looked at, of those that a page names.
MOST_FEEDS = 4
#: Sitemaps read of those that an index names, indexes in it included.
MOST_SITEMAPS = 4

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading:
    """A listing, what it was read from, and how.

    fetched:   the answer that the listing came in, the feed's where one was taken
    extractor: how to read the source the next time; None: as configured
    doubt:     why it may not be the source's list at all
    """

    listing: Listing
    fetched: Fetched
    extractor: Extractor | None = None
    doubt: str | None = None


class Reader:
    """Reads what was fetched, and fetches the feeds that a page names where that is needed."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock

    async def read(
        self,
        source: Source,
        fetched: Fetched,
        known: Extractor | None = None,
        past: Past = NO_PAST,
    ) -> Reading:
        """The listing of `source` in what it answered. Raises ParseError, and nothing else.

        known: how it was read before
        past:  what it showed then
        """
        body, now = fetched.body, self._clock.now()
        found = await off_loop(
            source, look, body, fetched.content_type, source, fetched.url, known, now, past
        )
        if found.sitemaps:
            return await self._sitemaps(source, fetched, found.sitemaps)
        settled = known is not None and found.extractor == known
        refused: list[str] = []
        if source.kind is SourceKind.AUTO and not settled:
            for link in found.feeds[:MOST_FEEDS]:
                reading, reason = await self._try_feed(source, found, link)
                if reading is not None:
                    url, items = reading.fetched.url, reading.listing.items
                    proven = found.doubt is None or past.carried(items, url)
                    return reading if proven else replace(reading, doubt=found.doubt)
                refused.append(f"not the feed {link.url}: {reason}")
        if found.listing is None:
            problem = found.problem or ParseError("there is no list in it")
            raise type(problem)("; ".join([str(problem), *refused]))
        extractor = found.extractor
        if extractor is not None and not settled:
            extractor = replace(extractor, why=(*extractor.why, *refused))
        return Reading(found.listing, fetched, extractor, found.doubt)

    async def _sitemaps(self, source: Source, index: Fetched, urls: Sequence[str]) -> Reading:
        """The items of the likeliest sitemaps that an index names; one that fails loses no other.

        The answer has no validators, and its body is that of all of them: the index may stand still
        while they move.
        """
        bodies, items = [index.body], list[Item]()
        warnings: list[str] = []
        waiting = deque(urls[:MOST_SITEMAPS])
        for _ in range(MOST_SITEMAPS):
            if not waiting:
                break
            url = waiting.popleft()
            try:
                fetched = await self._fetcher.fetch(request(source, url))
                found = await off_loop(source, _read_sitemap, fetched, source)
            except FetchError as error:
                warnings.append(str(error))
                continue
            except ParseError as error:
                warnings.append(f"{url}: {error}")
                continue
            bodies.append(fetched.body)
            items += found.items
            waiting.extendleft(reversed([child.url for child in found.children]))
        if len(bodies) == 1:
            raise ParseError(f"none of the sitemaps it names can be read: {warnings[0]}")
        listing = await off_loop(source, listing_of, items)
        listing = replace(listing, warnings=(*warnings, *listing.warnings))
        whole = replace(index, body=b"".join(bodies), etag=None, last_modified=None)
        return Reading(listing, whole)

    async def _try_feed(
        self, source: Source, found: Found, link: FeedLink
    ) -> tuple[Reading | None, str]:
        """What a feed comes to that the page names, and why, in words."""
        if link.of_comments:
            return None, "it carries comments"
        try:
            fetched = await self._fetcher.fetch(request(source, link.url))
            listing = await off_loop(source, _read_feed, fetched, source)
        except FetchError as error:
            return None, error.cause
        except ParseError as error:
            return None, str(error)
        verdict = _judge(found, listing, link, self._clock.now())
        if not verdict.same:
            return None, verdict.reason
        why = (f"the page names this feed; {verdict.reason}",)
        log.info("%s: %s: read from its feed %s", source.name, source.url, link.url)
        return Reading(listing, fetched, Extractor(Take.FEED, url=link.url, why=why)), ""


def request(source: Source, url: str) -> Request:
    """A plain GET of `url` for `source`, whose secrets go to its own origin alone.

    What a page names (feeds, sitemaps) needs no browser: only the page itself is rendered.
    """
    if _origin(url) != _origin(source.url):
        return Request(url=url, robots=source.robots == "obey", proxy=source.proxy)
    return Request(
        url=url,
        headers=source.headers,
        cookies=source.cookies,
        auth=source.auth,
        render=source.render and url == source.url,
        robots=source.robots == "obey",
        proxy=source.proxy,
    )


def _judge(found: Found, feed: Listing, link: FeedLink, now: datetime) -> Verdict:
    """Check a feed against the page's rows, else its links, else against the clock alone."""
    if found.listing is not None:
        return judge_feed(found.listing.items, feed, now, link=link)
    if found.scripted:
        return judge_alone(feed, now, link=link)
    return judge_feed(found.links, feed, now, link=link, are_rows=False)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _read_sitemap(fetched: Fetched, source: Source) -> Sitemap:
    return read_sitemap(fetched.body, fetched.content_type, url=fetched.url, zone=source.timezone)


def _read_feed(fetched: Fetched, source: Source) -> Listing:
    return read_feed(
        fetched.body,
        fetched.content_type,
        url=fetched.url,
        zone=source.timezone,
        most=source.max_rows,
    )


async def off_loop(source: Source, work: Callable[..., T], *arguments: object) -> T:
    """Read off the event loop; a defect of ours is this source's failure, like any other.

    Raises ParseError.
    """
    try:
        return await asyncio.to_thread(work, *arguments)
    except ParseError:
        raise
    except Exception as error:
        log.exception("%s: %s: this is a defect of feedbot", source.name, source.url)
        raise ParseError(f"cannot be read, by a defect of feedbot: {error!r}") from error
