"""Calls of the Bot API over aiohttp, with nothing between it and python-telegram-bot."""

from __future__ import annotations

from typing import Any

import aiohttp
import httpx
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData


class AiohttpRequest(BaseRequest):
    """What python-telegram-bot makes its calls with. It carries no uploads: feedbot has none.

    connections: at most, all to one server
    pool:        seconds to get a connection, be it by waiting for one or by opening one
    connect:     seconds to open one
    read:        seconds from one piece of the answer to the next
    keepalive:   seconds that an idle connection is kept
    proxy:       http or https URL, credentials in it
    """

    def __init__(
        self,
        connections: int,
        *,
        pool: float,
        connect: float,
        read: float,
        keepalive: float,
        proxy: str | None = None,
    ) -> None:
        self._connections = connections
        self._pool, self._connect, self._read = pool, connect, read
        self._keepalive = keepalive
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds."""
        return self._read

    async def initialize(self) -> None:
        """Nothing: the first call opens a session."""

    async def shutdown(self) -> None:
        """Close the connections. Another call would open new ones."""
        if self._session:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        """Without cookies, and without what the environment says."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._connections,
                keepalive_timeout=self._keepalive,
                ssl=httpx.create_ssl_context(trust_env=False),  # certifi's authorities
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self.USER_AGENT, "Content-Type": "application/json"},
            proxy=self._proxy,
            trust_env=False,
        )

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
        """See `BaseRequest.do_request`. An error's cause is aiohttp's; writing is not bounded."""
        timeouts = aiohttp.ClientTimeout(
            connect=self._pool if pool_timeout is self.DEFAULT_NONE else pool_timeout,
            sock_connect=self._connect if connect_timeout is self.DEFAULT_NONE else connect_timeout,
            sock_read=self._read if read_timeout is self.DEFAULT_NONE else read_timeout,
        )
        if self._session is None:
            self._session = self._open()
        body = request_data.json_payload if request_data else None
        try:
            async with self._session.request(
                method, url, data=body, timeout=timeouts, allow_redirects=False
            ) as response:
                return response.status, await response.read()
        except TimeoutError as error:
            raise TimedOut from error
        except aiohttp.ClientError as error:
            raise NetworkError(f"{type(error).__name__}: {error}") from error
