"""The client under the fetcher: one pool of connections, each made by our own sockets."""

from __future__ import annotations

from http.cookiejar import CookieJar
from typing import Any

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from httpx_aiohttp import AiohttpTransport

from feedbot.fetch.failure import Limits
from feedbot.fetch.guard import SocketFactory, SystemResolver


class _NoCookies(CookieJar):
    """Keeps nothing: what one source sets is nobody else's, and nothing a poll needs."""

    def extract_cookies(self, *_: Any) -> None:
        """Keep none."""

    def add_cookie_header(self, *_: Any) -> None:
        """Send none."""


def open_client(
    socket_factory: SocketFactory,
    resolver: AbstractResolver | None,
    *,
    agent: str,
    limits: Limits,
    connections: int,
    proxy: str | None = None,
) -> httpx.AsyncClient:
    """A client that takes nothing from the environment and keeps no cookies; to be closed."""
    # certifi's authorities, and those of the system (or SSL_CERT_FILE): an operator's own too.
    tls = httpx.create_ssl_context(trust_env=False)
    tls.load_default_certs()
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=connections,
            ssl=tls,
            resolver=resolver or SystemResolver(),
            socket_factory=socket_factory,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )
    return httpx.AsyncClient(
        transport=AiohttpTransport(
            verify=tls, client=session, proxy=httpx.Proxy(proxy) if proxy else None
        ),
        cookies=_NoCookies(),
        headers={"User-Agent": agent, "Accept-Encoding": "gzip, deflate"},
        # `pool` is what the transport bounds a whole connection by, look-up included; there is
        # no waiting for the pool itself, as there are no more slots than connections.
        timeout=httpx.Timeout(limits.silence, connect=limits.connect, pool=limits.connect),
        trust_env=False,
    )
