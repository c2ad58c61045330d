"""`feedbot preview`: what would be found in a page, feed or file. Stores nothing, posts nothing."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from feedbot.config import Settings
from feedbot.errors import ConfigError, FetchError, NoRuleError, ParseError, Problem
from feedbot.fetch import Fetcher, Request
from feedbot.model import Item, Listing, PageDate, Source
from feedbot.source.read import read


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
        body, content_type, url = await _body(settings, source, place)
        listing = read(body, content_type, source, base_url or url)
    except (FetchError, ParseError) as error:
        print(f"feedbot: {_placed(place, error, source_name)}", file=sys.stderr)
        return 1
    for warning in listing.warnings:
        print(f"feedbot: {place}: {warning}", file=sys.stderr)
    if as_json:
        rows = [_row(item, source.timezone) for item in listing.items]
        print(json.dumps({"items": rows}, indent=2, ensure_ascii=False))
    else:
        print("\n".join(_table(listing, source.timezone)))
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


async def _body(settings: Settings, source: Source, place: str) -> tuple[bytes, str | None, str]:
    if not _is_url(place):
        try:
            return await asyncio.to_thread(Path(place).read_bytes), None, source.url
        except OSError as error:
            what = str(error.strerror)
            raise ConfigError([Problem(place, "file", what, "name a file or a URL")]) from None
    http = settings.http
    async with Fetcher(
        contact=http.contact,
        timeout=http.timeout.total_seconds(),
        max_bytes=http.max_bytes,
        allow_private_networks=http.allow_private_networks,
    ) as fetcher:
        request = Request(place, source.headers, source.cookies, source.auth)
        fetched = await fetcher.fetch(request)
    return fetched.body, fetched.content_type, fetched.url


def _is_url(place: str) -> bool:
    return "://" in place


def _placed(place: str, error: FetchError | ParseError, source_name: str | None) -> str:
    if isinstance(error, NoRuleError) and source_name is None:
        return (
            f"{place}: no feed, and nothing says where its rows are: name with --source a source"
            " of the configuration whose [sources.listing] fits this page"
        )
    return str(error) if isinstance(error, FetchError) else f"{place}: {error}"


def _row(item: Item, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "url": item.link,
        "title": item.title,
        "published": stamp(item.date, zone),
        "summary": item.summary,
    }


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
