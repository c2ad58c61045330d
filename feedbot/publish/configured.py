"""From the settings to a plan."""

from __future__ import annotations

from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from feedbot.config import Settings
from feedbot.publish.plan import ALL, Plan, everything

#: Host in new ids where no `feeds.base_url` names one; `.invalid` is nobody's (RFC 2606).
_NOBODY = "feedbot.invalid"


def plan_of(settings: Settings) -> Plan:
    """What these settings want to be published."""
    sources = {source.name: source for source in settings.effective_sources()}
    combined = settings.effective_combined()
    taken = {*sources, *(one.name for one in combined)}
    if sources and ALL not in taken:
        combined = (everything(settings.language), *combined)
    return Plan(
        sources=sources,
        base_url=base_url(settings),
        limit=settings.feeds.entries,
        combined=combined,
        counters=tuple(one for one in settings.effective_counters() if one.feed != "none"),
        hub=settings.feeds.hub,
        authority=authority(settings),
        timezone=ZoneInfo(settings.timezone),
        language=settings.language,
    )


def base_url(settings: Settings) -> str:
    """Where readers reach us: as configured, else where we listen."""
    if settings.feeds.base_url:
        return settings.feeds.base_url.rstrip("/")
    host, port = settings.web.address
    host = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def authority(settings: Settings) -> str:
    """Who mints ids (RFC 4151): a host name."""
    return urlsplit(settings.feeds.base_url or "").hostname or _NOBODY
