"""A bot that can call the Bot API: transport, time-outs, proxy.

httpx over aiohttp carries ten times what its own pool does. SOCKS is the exception: only httpx's
own transport speaks it. aiohttp bounds no writing, and waits for the answer only once all is
written: a server that stops reading would hold a call for ever, so calls are bounded as well.
"""

from __future__ import annotations

import asyncio
import json
import re
from http import HTTPStatus
from typing import Any

import httpx
from httpx_aiohttp import AiohttpTransport
from telegram import Bot
from telegram.error import TimedOut
from telegram.request import HTTPXRequest, RequestData

#: Calls under way at once; beyond it a call would wait for a connection and time out there.
CONNECTIONS = 256
READ_SECONDS = 20.0
WRITE_SECONDS = 10.0
#: The longest a call takes; getting a connection is part of it, and ends sooner.
CALL_SECONDS = READ_SECONDS + WRITE_SECONDS
CONNECT_SECONDS = 10.0
#: With the aiohttp transport this bounds getting a connection at all, new ones included.
POOL_SECONDS = 15.0
_KEEPALIVE_SECONDS = 15.0  # below what servers keep: a call on a dying connection is in doubt
#: As it stands, or quoted; in a URL "bot" touches it, so it begins at no word boundary.
_TOKEN = re.compile(r"(?<!\d)\d{5,}(?::|%3A)[A-Za-z0-9_-]{20,}", re.IGNORECASE)


#: The refusals that python-telegram-bot tells apart.
_KNOWN = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)


class _Request(HTTPXRequest):
    """A request that ends in time; any 4xx is a refusal, not an error on the way."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = HTTPXRequest.DEFAULT_NONE,
        write_timeout: Any = HTTPXRequest.DEFAULT_NONE,
        connect_timeout: Any = HTTPXRequest.DEFAULT_NONE,
        pool_timeout: Any = HTTPXRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """See `BaseRequest.do_request`."""
        timeouts = (read_timeout, write_timeout, connect_timeout, pool_timeout)
        read = READ_SECONDS if read_timeout is self.DEFAULT_NONE else read_timeout
        write = WRITE_SECONDS if write_timeout is self.DEFAULT_NONE else write_timeout
        try:
            async with asyncio.timeout(read + write):
                code, content = await super().do_request(url, method, request_data, *timeouts)
        except TimeoutError as error:
            raise TimedOut("the request was not read, or not answered, in time") from error
        refused = HTTPStatus.BAD_REQUEST <= code < HTTPStatus.INTERNAL_SERVER_ERROR
        if not refused or code in _KNOWN:
            return code, content
        return HTTPStatus.BAD_REQUEST, content if content.startswith(b"{") else _described(code)


def _described(code: int) -> bytes:
    """The answer of a server in between, in the Bot API's form."""
    named = code in {status.value for status in HTTPStatus}
    text = f"{HTTPStatus(code).phrase} ({code})" if named else str(code)
    return json.dumps({"ok": False, "error_code": code, "description": text}).encode()


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


def _request(proxy: str | None, connections: int) -> _Request:
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
    return _Request(
        connection_pool_size=connections,
        read_timeout=READ_SECONDS,
        write_timeout=WRITE_SECONDS,
        connect_timeout=CONNECT_SECONDS,
        pool_timeout=POOL_SECONDS,
        proxy=proxy if socks else None,
        httpx_kwargs=httpx_kwargs,
    )
