"""The configuration as the parts of the program take it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from zoneinfo import ZoneInfo

from feedbot.config import Settings
from feedbot.model import Source
from feedbot.watching import Roads


async def ending_quietly(tick: Callable[[], Awaitable[None]]) -> None:
    """A tick that is cut off at the end is no failure; APScheduler would print a traceback."""
    with suppress(asyncio.CancelledError):
        await tick()


def by_name(settings: Settings) -> Mapping[str, Source]:
    """The configured sources."""
    return {source.name: source for source in settings.effective_sources()}


def roads(settings: Settings) -> Roads:
    """How the operator is told, beside the admin chat."""
    alerts = settings.alerts
    return Roads(
        alerts.url.get_secret_value() if alerts.url else None,
        alerts.ping.get_secret_value() if alerts.ping else None,
        alerts.daily,
        ZoneInfo(settings.timezone),
    )
