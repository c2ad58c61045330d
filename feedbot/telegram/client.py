"""A bot that can call the Bot API: transport, time-outs, proxy.

aiohttp carries calls many times as fast as httpx; only a SOCKS proxy needs httpx. aiohttp bounds no
writing, and waits for the answer only once all is written: a server that stops reading would hold
a call for ever, so calls are bounded as well.
"""

from __future__ import annotations

import asyncio
import json
import re
from http import HTTPStatus
from typing import Any

import httpx
from telegram import Bot
from telegram.error import TelegramError, TimedOut
from telegram.request import BaseRequest, HTTPXRequest, RequestData

from feedbot.telegram.transport import AiohttpRequest

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


class _Request(BaseRequest):
    """A request that ends in time; any 4xx is a refusal, not an error on the way."""

    def __init__(self, carrier: BaseRequest) -> None:
        self._carrier = carrier

    @property
    def read_timeout(self) -> float | None:
        """Seconds."""
        return self._carrier.read_timeout

    async def initialize(self) -> None:
        """See `BaseRequest.initialize`."""
        await self._carrier.initialize()

    async def shutdown(self) -> None:
        """See `BaseRequest.shutdown`."""
        await self._carrier.shutdown()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """See `BaseRequest.do_request`."""
        timeouts = (read_timeout, write_timeout, connect_timeout, pool_timeout)
        read = READ_SECONDS if read_timeout is self.DEFAULT_NONE else read_timeout
        write = WRITE_SECONDS if write_timeout is self.DEFAULT_NONE else write_timeout
        try:
            async with asyncio.timeout(read + write):
                code, content = await self._carrier.do_request(url, method, request_data, *timeouts)
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


async def send(bot: Bot, method: str, parameters: dict[str, Any]) -> tuple[int, int]:
    """(chat id, message id) of what a method of the Bot API sent. Raises TelegramError.

    For what is called most: python-telegram-bot takes a third of its time over a call to make a
    `Message` of the answer.
    """
    try:
        message = await bot._post(method, parameters)
        return message["chat"]["id"], message["message_id"]
    except (KeyError, TypeError) as error:
        raise TelegramError("an answer that names no message") from error


async def close_bot(bot: Bot) -> None:
    """Close the bot's connections."""
    for request in bot._request:  # Bot.shutdown closes only what Bot.initialize, a getMe, opened
        await request.shutdown()


def _request(proxy: str | None, connections: int) -> _Request:
    socks = proxy is not None and proxy.startswith("socks")
    return _Request(_over_httpx(proxy, connections) if socks else _over_aiohttp(proxy, connections))


def _over_aiohttp(proxy: str | None, connections: int) -> AiohttpRequest:
    return AiohttpRequest(
        connections,
        pool=POOL_SECONDS,
        connect=CONNECT_SECONDS,
        read=READ_SECONDS,
        keepalive=_KEEPALIVE_SECONDS,
        proxy=proxy,
    )


def _over_httpx(proxy: str | None, connections: int) -> HTTPXRequest:
    limits = httpx.Limits(
        max_connections=connections,
        max_keepalive_connections=connections,
        keepalive_expiry=_KEEPALIVE_SECONDS,
    )
    return HTTPXRequest(
        connection_pool_size=connections,
        read_timeout=READ_SECONDS,
        write_timeout=WRITE_SECONDS,
        connect_timeout=CONNECT_SECONDS,
        pool_timeout=POOL_SECONDS,
        proxy=proxy,
        httpx_kwargs={"trust_env": False, "limits": limits},
    )
