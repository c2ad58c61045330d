"""Whether a feed that is read in its page's place still keeps up with the page.

A feed that answers as ever and is filled no more looks like a quiet source. So once a day the page
is fetched as well, and the feed judged as it was when it was found.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial

from feedbot.errors import FetchError, ParseError
from feedbot.fetch import Fetcher
from feedbot.model import Extractor, Source
from feedbot.reading import off_loop, request
from feedbot.source.alternate import FeedLink, judge_feed
from feedbot.source.feed import read_feed
from feedbot.source.read import look

log = logging.getLogger(__name__)

_OFTEN = timedelta(days=1)


def is_due(source: Source, polls: int) -> bool:
    """Whether the poll after `polls` sound ones is one of those that look at the page as well."""
    each = max(1, round(_OFTEN / source.every))
    return polls % each == 0


async def has_died(fetcher: Fetcher, source: Source, extractor: Extractor, now: datetime) -> str:
    """How far the feed stays behind the page, in words; "" where it does not, or nothing tells."""
    if extractor.url is None:
        return ""
    try:
        page = await fetcher.fetch(request(source, source.url))
        found = await off_loop(
            source, look, page.body, page.content_type, source, page.url, None, now
        )
        if found.listing is None:
            return ""
        feed = await fetcher.fetch(request(source, extractor.url))
        read = partial(read_feed, url=feed.url, zone=source.timezone)
        listing = await off_loop(source, read, feed.body, feed.content_type)
    except (FetchError, ParseError) as error:
        log.debug("%s: not compared with its page: %s", source.name, error)
        return ""
    verdict = judge_feed(found.listing.items, listing, now, link=FeedLink(extractor.url))
    return verdict.reason if verdict.died else ""
