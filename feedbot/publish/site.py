"""From the settings to what the public pages show."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from feedbot.clock import Clock
from feedbot.config import Settings
from feedbot.publish.configured import base_url
from feedbot.store.engine import Store
from feedbot.web.feeds import Receive, Scope, Send
from feedbot.web.site.plan import TYPES, Asset, Contact, SiteClock, SitePlan
from feedbot.web.site.server import SiteServer

log = logging.getLogger(__name__)

_LARGEST = 500_000  # bytes of a logo or a stylesheet


class Pages:
    """The public pages, by the settings in effect: after a reload the next request has new ones."""

    def __init__(
        self, store: Store, clock: Clock, settings: Callable[[], Settings], bot: Callable[[], str]
    ) -> None:
        self._settings = settings
        self._seen: tuple[Settings, SitePlan] | None = None
        self._reading = asyncio.Lock()
        self._server = SiteServer(store, clock, bot)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._server.answer(await self._plan(), scope, send)

    async def _plan(self) -> SitePlan:
        settings = self._settings()
        if self._seen is None or self._seen[0] is not settings:
            async with self._reading:
                if self._seen is None or self._seen[0] is not settings:
                    self._seen = settings, await asyncio.to_thread(site_of, settings)
        return self._seen[1]


def site_of(settings: Settings) -> SitePlan:
    """What the pages show; a file that cannot be read is left out, and said."""
    site = settings.site
    sources = {source.name: source for source in settings.effective_sources()}
    shown = {
        name: one for name, one in sources.items() if site.sources is None or name in site.sources
    }
    logo, css = _read("logo", site.logo), _read("css", site.css)
    return SitePlan(
        sources=shown,
        base_url=base_url(settings),
        title=site.title,
        description=site.description or "",
        public=site.public,
        whole=len(shown) == len(sources),
        language=settings.language,
        timezone=ZoneInfo(settings.timezone),
        counters=tuple(
            one for one in settings.effective_counters() if one.source in (None, *shown)
        ),
        lead=site.lead,
        clocks=tuple(SiteClock(one.name, ZoneInfo(one.timezone)) for one in site.clocks),
        contacts=tuple(Contact(one.label, one.phone, one.email, one.url) for one in site.contacts),
        channels=tuple(
            str(chat.address)
            for chat in settings.effective_chats()
            if str(chat.address).startswith("@") and chat.sources is None
        ),
        hub=settings.feeds.hub,
        logo=Asset.of(f"logo{_ending(site.logo)}", logo) if site.logo and logo else None,
        own_css=(css or b"").decode("utf-8", "replace"),
    )


def _ending(path: Path) -> str:
    return path.suffix.lower()


def _read(key: str, path: Path | None) -> bytes | None:
    if path is None:
        return None
    if _ending(path)[1:] not in TYPES:
        log.warning("site.%s: %s is of no kind that is served; left out", key, path)
        return None
    try:
        body = path.read_bytes()
    except OSError as error:
        log.warning("site.%s: %s cannot be read: %s; left out", key, path, error.strerror)
        return None
    if len(body) > _LARGEST:
        log.warning("site.%s: %s is larger than %d bytes; left out", key, path, _LARGEST)
        return None
    return body
