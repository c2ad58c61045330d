"""A bot that can call the Bot API: transport, time-outs, proxy.

httpx over aiohttp carries ten times what its own pool does. SOCKS is the exception: only httpx's
own transport speaks it.
"""

from __future__ import annotations

import re

import httpx
from httpx_aiohttp import AiohttpTransport
from telegram import Bot
from telegram.request import HTTPXRequest

#: Calls under way at once; beyond it a call would wait for a connection and time out there.
CONNECTIONS = 100
READ_SECONDS = 20.0
CONNECT_SECONDS = 10.0
#: With the aiohttp transport this bounds getting a connection at all, new ones included.
POOL_SECONDS = 15.0
_KEEPALIVE_SECONDS = 15.0  # below what servers keep: a call on a dying connection is in doubt
#: As it stands, or quoted; in a URL "bot" touches it, so it begins at no word boundary.
_TOKEN = re.compile(r"(?<!\d)\d{5,}(?::|%3A)[A-Za-z0-9_-]{20,}", re.IGNORECASE)


def mask(text: str) -> str:
    """`text` without bot tokens: libraries put URLs into their errors."""
    return _TOKEN.sub("<bot token>", text)


def bot_id(token: str) -> int:
    """The bot's user id, which its token begins with."""
    return int(token.partition(":")[0])


def create_bot(token: str, api_url: str, proxy: str | None = None) -> Bot:
    """A bot that has not spoken yet; `close_bot` ends it.

    api_url: the server's root, without `/bot`
    proxy:   http, https, socks5 or socks5h URL, credentials in it
    """
    updates = _request(proxy, connections=2)
    return Bot(
        token,
        base_url=f"{api_url.rstrip('/')}/bot",
        request=_request(proxy, CONNECTIONS),
        get_updates_request=updates,
    )


async def close_bot(bot: Bot) -> None:
    """Close the bot's connections."""
    for request in bot._request:  # Bot.shutdown closes only what Bot.initialize, a getMe, opened
        await request.shutdown()


def _request(proxy: str | None, connections: int) -> HTTPXRequest:
    limits = httpx.Limits(
        max_connections=connections,
        max_keepalive_connections=connections,
        keepalive_expiry=_KEEPALIVE_SECONDS,
    )
    httpx_kwargs: dict[str, object] = {"trust_env": False, "limits": limits}
    socks = proxy is not None and proxy.startswith("socks")
    if not socks:
        httpx_kwargs["transport"] = AiohttpTransport(
            limits=limits, trust_env=False, proxy=httpx.Proxy(proxy) if proxy else None
        )
    return HTTPXRequest(
        connection_pool_size=connections,
        read_timeout=READ_SECONDS,
        write_timeout=READ_SECONDS,
        connect_timeout=CONNECT_SECONDS,
        pool_timeout=POOL_SECONDS,
        proxy=proxy if socks else None,
        httpx_kwargs=httpx_kwargs,
    )
