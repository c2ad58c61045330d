"""What a picture is, by its own server: the media type and the length that enclosures have to name.

Asked once for each picture, by HEAD: nothing of it is fetched. A server that does not say, or says
that it is no picture, leaves the feed as it was.
"""

from __future__ import annotations

import logging
import re
from datetime import datetime, timedelta

from feedbot.errors import FetchError
from feedbot.fetch import Fetcher, Request
from feedbot.store.pictures import PictureErrand, Size

log = logging.getLogger(__name__)

#: What may pass by itself is tried again after these.
_RETRIES = (timedelta(minutes=10), timedelta(hours=1))
_PASSING = frozenset({408, 425, 429})
_TYPE = re.compile(r"image/[a-z0-9][a-z0-9.+-]{0,60}")  # RFC 6838, section 4.2


async def measured(
    fetcher: Fetcher, errand: PictureErrand, now: datetime, *, robots: bool, proxy: str | None
) -> Size:
    """What the picture's server says of it, or when to ask again. Never raises a FetchError.

    Nothing that is a source's alone (headers, cookies, password) is sent.
    robots: whether robots.txt is obeyed
    """
    try:
        answer = await fetcher.fetch(Request(errand.url, head=True, robots=robots, proxy=proxy))
    except FetchError as error:
        log.debug("%s: %s: its size is not known: %s", errand.source, errand.url, error.cause)
        passing = error.status is None or error.status >= 500 or error.status in _PASSING
        if error.forbidden or not passing or errand.attempts >= len(_RETRIES):
            return Size()
        return Size(due_at=max(now + _RETRIES[errand.attempts], error.retry_after or now))
    kind = (answer.content_type or "").partition(";")[0].strip().lower()
    return Size(kind, answer.length or None) if _TYPE.fullmatch(kind) else Size()
