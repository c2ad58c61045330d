"""What a site asks of robots (RFC 9309), as far as it concerns us.

    the file → its rules, for a day
    4xx      → there are none: everything is allowed
    5xx, 429, no answer → the rules as last seen, for a month; without any: nothing is asked

The file is read by Protego. Of a file larger than 500 KiB the beginning counts; lines that nobody
understands count for nothing.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from http import HTTPStatus

import httpx
from protego import Protego

from feedbot.clock import Clock
from feedbot.fetch.failure import Failure

#: Our name in a robots.txt (RFC 9309 section 2.2.1), whatever a source's User-Agent says.
PRODUCT = "feedbot"
#: How much of a file counts (RFC 9309 section 2.5).
MOST_BYTES = 500 * 1024
#: Redirects followed to it (section 2.3.1.2).
MOST_REDIRECTS = 5
#: How long a file counts without being asked for again (section 2.4).
LIFE = timedelta(days=1)
#: How long the last file counts while none can be had (section 2.3.1.4).
MEMORY = timedelta(days=30)
#: How long until a file that could not be had is asked for again.
AGAIN = timedelta(minutes=10)
_LARGE = 10_000  # bytes, packed: parsing more takes a while
FORBIDDEN = (
    'robots.txt forbids this page; robots = "ignore" reads it all the same, on a site of your own'
)


@dataclass(frozen=True, slots=True)
class _Known:
    """Of one origin: its file, packed (None: there is none), and until when it counts.

    why: why the last try brought none
    """

    text: bytes | None
    read_at: datetime
    until: datetime
    why: Failure | None = None


class Robots:
    """The rules of every origin that was asked.

    get: the beginning of a file, MOST_BYTES of it at most; raises Failure where there is none, and
         whatever the connection raises
    """

    def __init__(
        self, clock: Clock, get: Callable[[httpx.URL, str | None], Awaitable[bytes]]
    ) -> None:
        self._clock = clock
        self._get = get
        self._known: dict[tuple[str, str | None], _Known] = {}
        self._asking: dict[tuple[str, str | None], asyncio.Lock] = {}

    async def check(self, url: httpx.URL, proxy: str | None = None) -> None:
        """Raise Failure where `url` is not for us; and what the connection raises."""
        origin = url.copy_with(raw_path=b"/robots.txt", fragment=None)
        known = await self._rules(origin, proxy)
        if known.why is not None:
            raise Failure(
                f"its robots.txt cannot be had ({known.why}), and until then nothing is asked;"
                ' robots = "ignore" asks all the same, on a site of your own',
                status=known.why.status,
                retry_after=known.why.retry_after,
            )
        if known.text is not None:
            large = len(known.text) > _LARGE
            rules = await asyncio.to_thread(_parsed, known.text) if large else _parsed(known.text)
            if not rules.can_fetch(str(url), PRODUCT):
                raise Failure(FORBIDDEN, forbidden=True)

    async def _rules(self, origin: httpx.URL, proxy: str | None) -> _Known:
        key = str(origin), proxy
        known = self._known.get(key)
        if known is not None and self._clock.now() < known.until:
            return known
        async with self._asking.setdefault(key, asyncio.Lock()):
            known = self._known.get(key)
            if known is None or self._clock.now() >= known.until:
                self._known[key] = known = await self._asked(origin, proxy, known)
        self._asking.pop(key, None)
        return known

    async def _asked(self, origin: httpx.URL, proxy: str | None, last: _Known | None) -> _Known:
        now = self._clock.now()
        remembered = last is not None and last.why is None and now - last.read_at < MEMORY
        try:
            text = zlib.compress(await self._get(origin, proxy))
        except Exception as error:
            if isinstance(error, Failure) and _is_absent(error):
                return _Known(None, now, now + LIFE)
            if last is not None and remembered:
                return replace(last, until=now + AGAIN)
            if not isinstance(error, Failure):  # the site cannot be reached: its pages neither
                raise
            return _Known(None, now, error.retry_after or now + AGAIN, error)
        return _Known(text, now, now + LIFE)


def _is_absent(error: Failure) -> bool:
    """Whether a site says that it has no such file; one that asks to wait says nothing."""
    status = error.status
    return status is not None and status < 500 and status != HTTPStatus.TOO_MANY_REQUESTS


@lru_cache(maxsize=256)
def _parsed(packed: bytes) -> Protego:
    return Protego.parse(zlib.decompress(packed).decode("utf-8", "replace"))
