"""Telling a WebSub hub that a topic has changed."""

from __future__ import annotations

from feedbot.errors import FetchError
from feedbot.fetch.fetcher import Fetcher

#: Statuses of a refusal that may pass by itself (RFC 9110, RFC 6585).
_LATER = frozenset({408, 425, 429})


class HubRefusedError(FetchError):
    """The hub will not hear of it: trying again is of no use."""


async def ping(fetcher: Fetcher, hub: str, topic: str) -> None:
    """Tell the hub, as all hubs understand it (PubSubHubbub 0.4, section 7.1).

    WebSub leaves to hub and publisher how. Raises HubRefusedError where it is of no use to try
    again, FetchError where it may be.
    """
    form = {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}
    status = await fetcher.post(hub, form=form)
    if 200 <= status < 300:
        return
    cause = f"answered {status} about {topic}"
    if status >= 500 or status in _LATER:
        raise FetchError(hub, cause, status=status)
    raise HubRefusedError(hub, cause, status=status)
