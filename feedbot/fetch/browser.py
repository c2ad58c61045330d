"""A page as a local Chromium makes it: for lists that a script fills in.

    Request → Chromium (a profile of its own, thrown away) → GuardedProxy → the web
            ← the document when it has come to rest, as bytes

Chromium is driven by Playwright (the extra `feedbot[browser]`), which starts no other program and
needs none of the browsers it offers. It has no way to the web but our proxy: no QUIC, no WebRTC
past the proxy, no services of its own, loopback not excepted.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from datetime import timedelta
from typing import Any

import httpx
from aiohttp.abc import AbstractResolver

from feedbot.fetch import body, guard
from feedbot.fetch.failure import Failure
from feedbot.fetch.proxy import GuardedProxy
from feedbot.fetch.request import Fetched, Request, parse_url, without_credentials

log = logging.getLogger(__name__)

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
#: A page loads scripts, styles and fonts beside its own document; images are not asked for.
_WHOLE = 8  # times `max_bytes` for all of it together
_REST = 5.0  # seconds a page may take to come to rest once it has loaded
_AT_ONCE = 2  # each takes some 300 MB
_NEEDLESS = frozenset({"image", "media", "font"})
_SCHEMES = ("http", "https", "ws", "wss", "data", "blob", "about")

_ARGUMENTS = (
    "--proxy-bypass-list=<-loopback>",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-extensions",
    "--dns-prefetch-disable",
    "--no-pings",
    "--no-first-run",
    "--disable-features=DnsOverHttps,AsyncDns,MediaRouter,OptimizationHints,Translate,WebRtc",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class Browser:
    """Renders pages, two at a time; every rendering is a browser of its own.

    timeout:   seconds for the whole of one
    max_bytes: the most its document may have
    """

    def __init__(
        self,
        resolver: AbstractResolver,
        socket_factory: guard.SocketFactory,
        allowed: guard.Allowed,
        *,
        agent: str,
        timeout: float,
        connect: float,
        max_bytes: int,
    ) -> None:
        self._resolver = resolver
        self._socket_factory = socket_factory
        self._allowed = allowed
        self._agent = agent
        self._timeout = timeout
        self._connect = connect
        self._max_bytes = max_bytes
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def fetch(self, request: Request) -> Fetched:
        """The rendered page. Raises Failure, TimeoutError."""
        start = asyncio.get_running_loop().time()
        url, status, html = await self._rendered(request)
        content = html.encode("utf-8", "replace")
        if len(content) > self._max_bytes:
            raise body.too_large(self._max_bytes)
        return Fetched(
            url=url,
            status=status,
            body=content,
            content_type="text/html; charset=utf-8",
            etag=None,
            last_modified=None,
            moved_to=None,
            elapsed=timedelta(seconds=asyncio.get_running_loop().time() - start),
        )

    async def _rendered(self, request: Request) -> tuple[str, int, str]:
        """See `_render`, in a browser started for it and ended with it."""
        program, playwright = _program(), _playwright()
        from playwright.async_api import Error

        proxy = GuardedProxy(
            self._resolver,
            self._socket_factory,
            self._allowed,
            max_bytes=_WHOLE * self._max_bytes,
            connect=self._connect,
        )
        async with self._slots, asyncio.timeout(self._timeout), proxy, playwright() as driver:
            try:
                chromium = await driver.chromium.launch(
                    executable_path=program,
                    args=list(_ARGUMENTS),
                    proxy={"server": proxy.url, "bypass": "<-loopback>"},
                    chromium_sandbox=_has_sandbox(),
                    timeout=self._timeout * 1_000,
                )
                try:
                    return await self._render(chromium, request, proxy)
                finally:
                    await chromium.close()
            except Error as error:
                raise Failure(f"the browser failed: {_said(error)}") from error

    async def _render(
        self, chromium: Any, request: Request, proxy: GuardedProxy
    ) -> tuple[str, int, str]:
        """Address, status and HTML of the document as it stands when it has come to rest."""
        from playwright.async_api import Error

        url = parse_url(request.url)
        shown = str(without_credentials(url))
        context = await chromium.new_context(**self._context(request, url))
        await context.route("**/*", _sift)
        if request.cookies:
            await context.add_cookies(
                [{"name": n, "value": v, "url": shown} for n, v in request.cookies.items()]
            )
        page = await context.new_page()
        try:
            answer = await page.goto(shown, wait_until="load", timeout=self._timeout * 1_000)
        except Error as error:
            raise Failure(_cause(error, url.host, proxy)) from error
        if answer is None or answer.status >= httpx.codes.BAD_REQUEST:
            status = answer.status if answer else None
            refused = proxy.traffic.refused.get(url.host)
            raise Failure(refused or f"HTTP {status}", status=None if refused else status)
        await _rest(page)
        html: str = await page.content()
        if proxy.traffic.received > _WHOLE * self._max_bytes:
            raise body.too_large(_WHOLE * self._max_bytes)
        ended = httpx.URL(page.url)
        if ended.scheme not in ("http", "https"):
            raise Failure("the page's script has led away from the web")
        return str(ended.copy_with(fragment=None)), answer.status, html

    def _context(self, request: Request, url: httpx.URL) -> dict[str, Any]:
        """What the browser says of itself; credentials go to the page's own origin alone."""
        named = {name.lower(): value for name, value in request.headers.items()}
        options: dict[str, Any] = {
            "user_agent": named.get("user-agent", self._agent),
            "service_workers": "block",
            "accept_downloads": False,
        }
        auth = request.auth or ((url.username, url.password) if url.userinfo else None)
        if auth is not None:
            origin = f"{url.scheme}://{url.netloc.decode()}"
            options["http_credentials"] = {
                "username": auth[0],
                "password": auth[1],
                "origin": origin,
            }
        return options


async def _sift(route: Any) -> None:
    """Ask for what makes the page's text; nothing but the web's schemes."""
    request = route.request
    scheme = request.url.partition(":")[0].lower()
    if request.resource_type in _NEEDLESS or scheme not in _SCHEMES:
        await route.abort()
    else:
        await route.continue_()


async def _rest(page: Any) -> None:
    """Wait until nothing has been asked for half a second, or for a few seconds."""
    from playwright.async_api import Error

    try:
        await page.wait_for_load_state("networkidle", timeout=_REST * 1_000)
    except Error:
        log.debug("%s does not come to rest; taken as it stands", page.url)


def _cause(error: Exception, host: str, proxy: GuardedProxy) -> str:
    """Why a page did not load, by what the proxy knows of it."""
    why = proxy.traffic.refused.get(host)
    if why is not None:
        return why
    return f"the browser says: {_said(error)}"


def _said(error: Exception) -> str:
    """The first line of an error of Playwright's, without the name of its own method."""
    return str(error).strip().partition("\n")[0].rpartition(": ")[2][:200]


def _has_sandbox() -> bool:
    """Whether to ask for Chromium's own sandbox, which does not start as root."""
    if os.geteuid():
        return True
    log.warning("Chromium runs as root and so without its sandbox: run feedbot as somebody else")
    return False


def _program() -> str:
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise Failure(f"render = true needs a Chromium ({', '.join(PROGRAMS)}) on the PATH")
    return found


def _playwright() -> Any:
    """Loaded when first needed: few sources are rendered, and it is large."""
    try:
        from playwright.async_api import async_playwright
    except ImportError:
        raise Failure("render = true needs the extra: pip install 'feedbot[browser]'") from None
    return async_playwright
