"""`feedbot preview`: what would be found in a page, feed or file. Stores nothing, posts nothing."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from feedbot.clock import SystemClock
from feedbot.config import Settings
from feedbot.errors import ConfigError, FetchError, ParseError, Problem
from feedbot.fetch import Fetcher
from feedbot.model import Extractor, Item, Listing, PageDate, Source, Take
from feedbot.reading import Reader, request
from feedbot.source.read import look

_TAKEN = {
    Take.FEED: "the page's feed",
    Take.DATA: "data in the page (JSON-LD, microdata)",
    Take.LISTING: "the page's rows",
}


async def preview(
    settings: Settings,
    place: str,
    *,
    source_name: str | None,
    base_url: str | None,
    as_json: bool,
) -> int:
    """Read `place` as the source would be and print its rows; 1 if there are none.

    Raises ConfigError for a source that is not there or a file that cannot be read.
    """
    source = _source(settings, place, source_name)
    try:
        listing, extractor = await _read(settings, source, place, base_url)
    except (FetchError, ParseError) as error:
        print(f"feedbot: {_placed(place, error)}", file=sys.stderr)
        return 1
    for warning in listing.warnings:
        print(f"feedbot: {place}: {warning}", file=sys.stderr)
    if as_json:
        print(json.dumps(_document(listing, extractor, source), indent=2, ensure_ascii=False))
    else:
        print("\n".join([*_table(listing, source.timezone), *_taken(extractor)]))
    return 0 if listing.items else 1


def _source(settings: Settings, place: str, name: str | None) -> Source:
    if name is None:
        url = place if _is_url(place) else Path(place).absolute().as_uri()
        return Source(
            name="preview",
            url=url,
            title=place,
            timezone=ZoneInfo(settings.timezone),
            language=settings.language,
        )
    for source in settings.effective_sources():
        if source.name == name:
            return replace(source, url=place) if _is_url(place) else source
    known = ", ".join(source.name for source in settings.effective_sources()) or "none"
    raise ConfigError(
        [Problem("--source", name, "the configuration has no such source", f"it has: {known}")]
    )


async def _read(
    settings: Settings, source: Source, place: str, base_url: str | None
) -> tuple[Listing, Extractor | None]:
    """The listing, and how it was found. A file's feeds are not fetched: it is looked at alone."""
    if not _is_url(place):
        body = await asyncio.to_thread(_file, place)
        found = look(body, None, source, base_url or source.url, now=SystemClock().now())
        if found.listing is None:
            raise found.problem or ParseError("there is no list in it")
        return found.listing, found.extractor
    http = settings.http
    async with Fetcher(
        contact=http.contact,
        timeout=http.timeout.total_seconds(),
        max_bytes=http.max_bytes,
        allow_private_networks=http.allow_private_networks,
    ) as fetcher:
        fetched = await fetcher.fetch(request(source, place))
        if base_url is not None:
            fetched = replace(fetched, url=base_url)
        reading = await Reader(fetcher, SystemClock()).read(source, fetched)
    return reading.listing, reading.extractor


def _file(place: str) -> bytes:
    try:
        return Path(place).read_bytes()
    except OSError as error:
        what = str(error.strerror)
        raise ConfigError([Problem(place, "file", what, "name a file or a URL")]) from None


def _is_url(place: str) -> bool:
    return "://" in place


def _placed(place: str, error: FetchError | ParseError) -> str:
    return str(error) if isinstance(error, FetchError) else f"{place}: {error}"


def _row(item: Item, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "url": item.link,
        "title": item.title,
        "published": stamp(item.date, zone),
        "summary": item.summary,
    }


def _document(listing: Listing, extractor: Extractor | None, source: Source) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "kind": str(listing.kind),
        "title": listing.title,
        "language": listing.language,
        "taken": list(_taken(extractor)),
        "warnings": list(listing.warnings),
        "items": [_row(item, source.timezone) for item in listing.items],
    }


def _taken(extractor: Extractor | None) -> Iterator[str]:
    """What the list was taken from and why, where nobody has said it."""
    if extractor is not None:
        where = f" {extractor.url}" if extractor.url else ""
        yield f"taken from: {_TAKEN[extractor.take]}{where}"
        yield from extractor.why


def stamp(when: PageDate, zone: ZoneInfo) -> str | None:
    """RFC 3339 with the source's offset; the date alone where the page gives no time."""
    if isinstance(when, datetime):
        return when.astimezone(zone).isoformat(timespec="seconds")
    return when.isoformat() if isinstance(when, date) else None


def _table(listing: Listing, zone: ZoneInfo) -> Iterable[str]:
    for item in listing.items:
        yield f"{stamp(item.date, zone) or 'no date':<25}  {item.title}"
        yield f"{'':<25}  {item.link}"
    dated = sum(item.date is not None for item in listing.items)
    yield f"{len(listing.items)} rows, {dated} with a date, read as {listing.kind}"
