"""Older pages of a source's list: fetched one at a time, and read as the first one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.clock import Clock
from feedbot.errors import FetchError, ParseError
from feedbot.fetch import Fetcher
from feedbot.identity import Row, identify
from feedbot.matching import Known, match
from feedbot.model import Extractor, Source, Take
from feedbot.reading import off_loop, request
from feedbot.source.part import Part, Way, read_part
from feedbot.store.recall import recall
from feedbot.store.sources import SourceState

_PASSING = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class OlderPage:
    """A page further back. `url`: where it was, after redirects."""

    url: str
    rows: tuple[Row, ...]
    part: Part


async def read_older(
    fetcher: Fetcher, clock: Clock, source: Source, url: str, known: Extractor | None
) -> OlderPage:
    """Fetch and read one page. Raises FetchError, ParseError.

    known: how the pages before it were read
    """
    fetched = await fetcher.fetch(request(source, url))
    part: Part = await off_loop(
        source,
        read_part,
        fetched.body,
        fetched.content_type,
        source,
        fetched.url,
        known,
        clock.now(),
    )
    rows = await off_loop(source, identify, part.listing.items, fetched.url)
    return OlderPage(fetched.url, tuple(rows), part)


def first_pages(source: Source, extractor: Extractor | None) -> tuple[Way, ...]:
    """Where the way back of a source begins: the feed that is read in its page's place, its page.

    Few feeds name their older documents; then the page's own pager leads on.
    """
    if extractor is not None and extractor.take is Take.FEED and extractor.url:
        return Way(extractor.url), Way(source.url, proof=True)
    return (Way(source.url),)


async def matched(
    connection: AsyncConnection, state: SourceState, rows: Sequence[Row]
) -> tuple[dict[int, Known], list[Known]]:
    """Which rows are entries of the source (by index), and the entries of the list as it stands."""
    known = await recall(connection, state, rows)
    places = [place.key for place in state.places if place.key is not None]
    standing = [entry for entry in known if entry.key in places]
    links, stored = {row.link_key for row in rows} - {None}, {entry.link_key for entry in known}
    # A page without a link in common is not the list at another address: it shows other rows.
    is_elsewhere = bool(links) and not links & stored
    return match(rows, known, () if is_elsewhere else places), standing


def may_pass(error: FetchError | ParseError) -> bool:
    """Whether a page that could not be read may be there a little later."""
    if isinstance(error, ParseError) or error.unwanted or error.forbidden:
        return False
    return error.status is None or error.status >= 500 or error.status in _PASSING


def retry_after(error: FetchError | ParseError) -> datetime | None:
    """The server's own word on when to come back."""
    return error.retry_after if isinstance(error, FetchError) else None
