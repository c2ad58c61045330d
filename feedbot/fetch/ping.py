"""Telling a WebSub hub that a topic has changed."""

from __future__ import annotations

import httpx
from httpx_aiohttp import AiohttpTransport

from feedbot import __version__
from feedbot.errors import FetchError

_SECONDS = 20
#: Statuses of a refusal that may pass by itself (RFC 9110, RFC 6585).
_LATER = frozenset({408, 425, 429})


class HubRefusedError(FetchError):
    """The hub will not hear of it: trying again is of no use."""


async def ping(hub: str, topic: str) -> None:
    """Tell the hub, as all hubs understand it (PubSubHubbub 0.4, section 7.1).

    WebSub leaves to hub and publisher how. Raises HubRefusedError where it is of no use to try
    again, FetchError where it may be.
    """
    form = {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}
    try:
        async with httpx.AsyncClient(
            transport=AiohttpTransport(),
            headers={"User-Agent": f"feedbot/{__version__}"},
            timeout=_SECONDS,
            trust_env=False,
        ) as client:
            answer = await client.post(hub, data=form)
    except (httpx.HTTPError, OSError) as error:
        raise FetchError(hub, str(error) or type(error).__name__) from None
    if answer.is_success:
        return
    cause = f"answered {answer.status_code} about {topic}"
    if answer.is_server_error or answer.status_code in _LATER:
        raise FetchError(hub, cause, status=answer.status_code)
    raise HubRefusedError(hub, cause, status=answer.status_code)
