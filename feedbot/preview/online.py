"""A place on the web, read as `feedbot run` reads it."""

from __future__ import annotations

from dataclasses import replace

from feedbot.clock import SystemClock
from feedbot.config import Settings
from feedbot.errors import FetchError, ParseError
from feedbot.fetching import fetcher_of
from feedbot.model import Source
from feedbot.preview.see import Body, Outcome
from feedbot.reading import Reader, request


async def read_online(
    settings: Settings, source: Source, url: str, base_url: str | None
) -> tuple[Body, Outcome] | FetchError:
    """Fetch `url`, and what reading it as `source` takes; what came, and what it came to."""
    async with fetcher_of(settings) as fetcher:
        try:
            fetched = await fetcher.fetch(request(source, url))
        except FetchError as error:
            return error
        if base_url is not None:
            fetched = replace(fetched, url=base_url)
        body = Body(fetched.body, fetched.content_type, fetched.url)
        try:
            reading = await Reader(fetcher, SystemClock()).read(source, fetched)
        except ParseError as error:
            return body, error
        return body, (reading.listing, reading.extractor)
