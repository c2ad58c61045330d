"""The program's one fetcher, as the configuration wants it."""

from __future__ import annotations

from feedbot.clock import Clock, SystemClock
from feedbot.config import Settings
from feedbot.fetch import Fetcher, Manners


def fetcher_of(settings: Settings, clock: Clock | None = None) -> Fetcher:
    """The fetcher that everything goes through: polls, articles, older pages."""
    http = settings.http
    return Fetcher(
        contact=http.contact,
        timeout=http.timeout.total_seconds(),
        max_bytes=http.max_bytes,
        allow_private_networks=http.allow_private_networks,
        allow=http.allow,
        clock=clock or SystemClock(),
        manners=Manners(http.per_host.connections, http.per_host.pause),
    )
